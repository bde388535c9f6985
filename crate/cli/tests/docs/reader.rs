//! Someone who types what the documents say, in a folder with all that they speak of.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::markdown::root;
use crate::support::server::Server;

/// Files of a model folder that are no weights of another size.
const CHECKPOINT: [&str; 3] = ["config.json", "tokenizer.json", "model.safetensors"];
/// Questions of a data set that are enough to see it measured.
const QUESTIONS: usize = 4;

/// A folder of its own for every document, because commands build upon each other.
pub struct Reader {
    folder: TempDir,
    /// Stands for every host: gives the files that were quantized in this folder.
    server: Server,
}

impl Reader {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let fixtures = root().join("tests/fixtures");
        let sample = root().join("web/public/samples/zoo.webp");
        for name in ["picture.jpg", "photo.jpg"] {
            fs::copy(&sample, path(name)).expect("copied");
        }
        // The tiny model stands for every checkpoint.
        for name in ["DIR", "Sa2VA-1B", ".work/export"] {
            fs::create_dir_all(path(name)).expect("created");
            for file in CHECKPOINT {
                let from = fixtures.join("sa2va_tiny").join(file);
                fs::copy(from, path(name).join(file)).expect("copied");
            }
        }
        copy(&root().join("models/nano"), &path("models/nano"));
        copy(&fixtures.join("scenes"), &path("askmask-scenes"));
        let questions = path("askmask-scenes/questions.jsonl");
        let text = fs::read_to_string(&questions).expect("readable");
        let few: Vec<&str> = text.lines().take(QUESTIONS).collect();
        fs::write(questions, few.join("\n")).expect("written");
        let datasets = fixtures.join("datasets");
        copy(&datasets.join("reasonseg"), &path("ReasonSeg"));
        copy(&datasets.join("refcocog"), &path("refcocog"));
        copy(&datasets.join("refcocog/images"), &path("train2014"));
        copy(&datasets.join("grefcoco"), &path("grefcoco"));
        let server = Server::new(&path("Sa2VA-1B-q4"));
        Self { folder, server }
    }

    /// Runs `askmask` with `arguments`, which have to work.
    pub fn askmask(&self, arguments: &[&str]) -> Result<(), String> {
        let mut here: Vec<String> = Vec::new();
        for argument in arguments {
            match argument.strip_prefix("https://example.org") {
                Some(path) => here.push(format!("{}{path}", self.server.address)),
                None => here.push((*argument).to_owned()),
            }
        }
        if arguments.iter().any(|word| word.starts_with("hub:")) {
            here.extend(["--host".to_owned(), self.server.address.clone()]);
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_askmask"));
        command
            .args(&here)
            .current_dir(self.folder.path())
            .env("XDG_CACHE_HOME", self.folder.path().join("cache"));
        for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        let Output { status, stderr, .. } = command.output().expect("askmask starts");
        if !status.success() {
            return Err(format!(
                "`askmask {}` ended with {status}: {}",
                here.join(" "),
                String::from_utf8_lossy(&stderr)
            ));
        }
        Ok(())
    }
}

/// Copies a folder with all that is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copied");
        }
    }
}
