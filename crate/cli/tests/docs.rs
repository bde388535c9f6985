//! Every code block of the documents is run, or its words are looked up: none escapes. Blocks of
//! TypeScript and HTML are checked by `web/test/docs.test.ts`.

mod markdown;
mod reader;
mod shell;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use markdown::{Document, documents, root};
use reader::Reader;

/// Languages that a test checks. A `text` block is a tree of files, or a drawing.
const LANGUAGES: [&str; 4] = ["sh", "ts", "html", "text"];

/// Commands of others, or of the shell, that are taken at their word.
const FOREIGN: [&str; 6] = [
    "hf download ByteDance/Sa2VA-1B --local-dir Sa2VA-1B",
    "pip install -r requirements.txt",
    "mkdir -p .work/npm",
    "cp package.json .work/npm",
    "npm install --prefix .work/npm",
    "cp .work/nano/* ../nano",
];

/// What `cargo xtask help` prints.
const XTASK_HELP: &str = include_str!("../../xtask/src/help.txt");

/// Fails with one line a complaint.
fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn every_block_is_of_a_language_that_is_checked() {
    let mut complaints = Vec::new();
    let mut found = 0;
    for block in documents().iter().flat_map(|document| &document.blocks) {
        found += 1;
        if !LANGUAGES.contains(&&*block.language) {
            complaints.push(format!(
                "{}: nobody checks {:?}",
                block.place, block.language
            ));
        }
    }
    assert_none(&complaints);
    assert!(found >= 10, "only {found} blocks found");
}

#[test]
fn every_command_works() {
    let mut complaints = Vec::new();
    for document in documents() {
        let mut blocks = document.in_language("sh").peekable();
        if blocks.peek().is_none() {
            continue;
        }
        let reader = Reader::new();
        for block in blocks {
            let mut folder = root();
            for line in shell::lines(&block.text) {
                let before = folder.clone();
                for command in &line.commands {
                    let words: Vec<&str> = command.iter().map(String::as_str).collect();
                    if let Err(reason) = check(&words, &mut folder, &reader) {
                        complaints.push(format!("{}: {reason}", block.place));
                    }
                }
                if line.alone {
                    folder = before;
                }
            }
        }
    }
    assert_none(&complaints);
}

/// Runs a command, or looks up what it names. `folder` is where it is typed.
fn check(words: &[&str], folder: &mut PathBuf, reader: &Reader) -> Result<(), String> {
    let line = words.join(" ");
    let good = match words {
        ["askmask", arguments @ ..] => return reader.askmask(arguments),
        ["cd", into] => {
            folder.push(into);
            folder.is_dir()
        }
        ["cargo", "xtask", task, ..] => XTASK_HELP.contains(&format!("cargo xtask {task} ")),
        ["cargo", "install", "--path", package] => {
            text(&root().join(package).join("Cargo.toml")).contains("name = \"askmask\"")
        }
        ["cargo", "test", "--workspace", "--lib"] => true,
        ["cargo", "test", "--workspace", "--test", names @ ..] => is_test(names),
        ["npm", "--prefix", project, "run", script] | ["npm", "--prefix", project, script] => {
            let scripts = text(&root().join(project).join("package.json"));
            scripts.contains(&format!("    \"{script}\": "))
        }
        ["npx", "playwright", "test", "-c", config] => folder.join(config).is_file(),
        ["python", script, arguments @ ..] => is_python(folder, script, arguments),
        _ => FOREIGN.contains(&&*line),
    };
    if !good {
        return Err(format!("`{line}` is not possible"));
    }
    Ok(())
}

/// Whether there is a test binary of the first name, with a module of the second.
fn is_test(names: &[&str]) -> bool {
    let [binary, module @ ..] = names else {
        return false;
    };
    ["tests", "crate/cli"].iter().any(|package| {
        let package = root().join(package);
        let is_file = |name: &str| package.join("tests").join(format!("{name}.rs")).is_file();
        let manifest = text(&package.join("Cargo.toml"));
        let named = manifest.contains(&format!("[[test]]\nname = \"{binary}\""));
        let found = is_file(binary) && !manifest.contains("autotests = false");
        (named || found) && module.iter().all(|module| is_file(module))
    })
}

/// Whether the script is there and reads each of the options, itself or by `training.py`.
fn is_python(folder: &Path, script: &str, arguments: &[&str]) -> bool {
    let script = folder.join(script);
    let shared = script.with_file_name("training.py");
    let mut options = arguments.iter().filter(|word| word.starts_with("--"));
    script.is_file()
        && options.all(|option| {
            let quoted = format!("\"{option}\"");
            [&script, &shared]
                .iter()
                .any(|file| file.is_file() && text(file).contains(&quoted))
        })
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn trees_of_files_are_true() {
    let mut complaints = Vec::new();
    let mut found = 0;
    for document in documents() {
        for block in document.in_language("text") {
            let is_tree = |line: &str| line.trim_end().ends_with('/');
            if !block.text.lines().next().is_some_and(is_tree) {
                continue;
            }
            let mut parents: Vec<String> = Vec::new();
            for line in block.text.lines() {
                let name = line.trim_start();
                parents.truncate((line.len() - name.len()) / 2);
                // The description is set off by two spaces or more.
                let names = name.split("  ").next().unwrap_or(name);
                for name in names.split_whitespace() {
                    found += 1;
                    let path = root().join(parents.concat()).join(name);
                    if !path.exists() {
                        complaints.push(format!("{}: no {name}", block.place));
                    }
                }
                parents.push(names.to_owned());
            }
        }
    }
    assert_none(&complaints);
    assert!(found > 10, "only {found} names found");
}

#[test]
fn paths_in_the_text_exist() {
    let mut complaints = Vec::new();
    for path in ["README.md", "CONTRIBUTING.md"] {
        let document = Document::read(path);
        for code in document.code() {
            let ours = ["crate/", "web/", "tests/", "models/", "docs/"];
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "_./-".contains(letter);
            // Built, not committed.
            let built = code.starts_with("web/wasm-pkg");
            let is_path = ours.iter().any(|start| code.starts_with(start));
            if is_path && !built && code.chars().all(plain) && !root().join(code).exists() {
                complaints.push(format!("{path}: no {code}"));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn options_in_the_text_exist() {
    const COMMANDS: [&str; 4] = ["ask", "eval", "inspect", "quantize"];
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut known = BTreeSet::new();
    for command in COMMANDS {
        let help = Command::new(env!("CARGO_BIN_EXE_askmask"))
            .args([command, "--help"])
            .output();
        let help = help.expect("askmask starts").stdout;
        let help = String::from_utf8(help).expect("UTF-8");
        let words = help.split(|letter| !is_letter(letter));
        known.extend(
            words
                .filter(|word| word.starts_with("--"))
                .map(str::to_owned),
        );
    }
    assert!(known.len() > 20, "only {known:?}");
    let mut complaints = Vec::new();
    for document in documents() {
        if document.path != "README.md" && !document.path.starts_with("docs/") {
            continue;
        }
        for code in document.code() {
            let mut words = code.split_whitespace();
            let first = words.next().unwrap_or_default();
            if !first.starts_with("--") && first != "askmask" && !COMMANDS.contains(&first) {
                continue;
            }
            let mut options = code.split(|letter| !is_letter(letter));
            if let Some(option) =
                options.find(|word| word.starts_with("--") && !known.contains(*word))
            {
                complaints.push(format!("{}: askmask has no {option}", document.path));
            }
        }
    }
    assert_none(&complaints);
}

#[test]
fn links_lead_somewhere() {
    let mut complaints = Vec::new();
    for document in documents() {
        let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
        for link in document.links() {
            if link.starts_with("http") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => PathBuf::from(&document.path),
                file => folder.join(file),
            };
            let there = root().join(&target).exists()
                && (anchor.is_empty()
                    || Document::read(&target.to_string_lossy())
                        .anchors()
                        .iter()
                        .any(|known| known == anchor));
            if !there {
                complaints.push(format!("{}: {link} leads nowhere", document.path));
            }
        }
    }
    assert_none(&complaints);
}
