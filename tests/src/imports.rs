//! Which source file imports which: for Rust, TypeScript and Python, read as text.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

/// Files, each with those it imports.
pub type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Source files below `folder` with this extension, tests and built or installed files left out.
pub fn sources(folder: &Path, extension: &str) -> Vec<PathBuf> {
    const SKIPPED: [&str; 6] = [
        "node_modules",
        "dist",
        "wasm-pkg",
        "target",
        "tests",
        "test",
    ];
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
        for path in entries.map(|entry| entry.expect("a readable folder").path()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !SKIPPED.contains(&&*name) && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == extension) && name != "tests.rs" {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// The code of a file: no comments that fill a line, and of Rust no unit tests.
pub fn code(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file:?}: {e}"));
    // A module of tests ends the file; single lines for tests may come earlier.
    // One that lends its fixtures to others is visible to them.
    let heads = ["mod tests {", "pub(crate) mod tests {"];
    let mut found = heads
        .iter()
        .filter_map(|head| text.find(&format!("#[cfg(test)]\n{head}")));
    let tests = found.next().unwrap_or(text.len());
    let after = text[tests..]
        .lines()
        .skip(2)
        .find(|line| line.starts_with("use "));
    assert_eq!(after, None, "{} goes on after its tests", file.display());
    let comment = |line: &&str| !line.trim_start().starts_with("//");
    let lines = text[..tests].lines().filter(comment);
    lines.fold(String::new(), |code, line| code + line + "\n")
}

/// A path of imports that ends where it began, if there is one.
pub fn circle(imports: &Imports) -> Option<Vec<&Path>> {
    let mut done = BTreeSet::new();
    imports
        .keys()
        .find_map(|file| follow(imports, file, &mut Vec::new(), &mut done))
}

fn follow<'a>(
    imports: &'a Imports,
    file: &'a Path,
    trail: &mut Vec<&'a Path>,
    done: &mut BTreeSet<&'a Path>,
) -> Option<Vec<&'a Path>> {
    if let Some(start) = trail.iter().position(|&earlier| earlier == file) {
        return Some([&trail[start..], &[file]].concat());
    }
    if done.contains(file) {
        return None;
    }
    trail.push(file);
    let next = imports.get(file).into_iter().flatten();
    let found = next
        .into_iter()
        .find_map(|file| follow(imports, file, trail, done));
    trail.pop();
    done.insert(file);
    found
}

/// Imports between the files of one crate, whose sources lie in `src`. What a module only
/// re-exports is not imported by it, and leads to where it is defined.
pub fn rust(src: &Path) -> Imports {
    let krate = Crate::read(src);
    let files = krate.modules.values();
    files.map(|m| (m.file.clone(), krate.imports(m))).collect()
}

struct Module {
    path: Vec<String>,
    file: PathBuf,
    code: String,
    children: Vec<String>,
    /// Names that are re-exported, with the path below this module that they come from.
    exports: BTreeMap<String, Vec<String>>,
}

struct Crate {
    modules: BTreeMap<Vec<String>, Module>,
}

impl Crate {
    fn read(src: &Path) -> Self {
        let modules = sources(src, "rs").into_iter().map(|file| {
            let module = Module::read(src, file);
            (module.path.clone(), module)
        });
        Self {
            modules: modules.collect(),
        }
    }

    fn imports(&self, module: &Module) -> BTreeSet<PathBuf> {
        let places = module.names().into_iter();
        let files = places.filter_map(|path| self.file(&path, 0));
        files.filter(|file| *file != module.file).collect()
    }

    /// Where the thing of this absolute path is defined.
    fn file(&self, path: &[String], depth: usize) -> Option<PathBuf> {
        let length = (0..=path.len())
            .rev()
            .find(|&length| self.modules.contains_key(&path[..length]))?;
        let module = &self.modules[&path[..length]];
        let export = path.get(length).and_then(|name| module.exports.get(name));
        match export {
            Some(rest) if depth < 8 => self.file(&[&module.path[..], rest].concat(), depth + 1),
            _ => Some(module.file.clone()),
        }
    }
}

impl Module {
    fn read(src: &Path, file: PathBuf) -> Self {
        let inside = file.strip_prefix(src).expect("below the sources");
        let mut path: Vec<String> = inside
            .with_extension("")
            .components()
            .map(|part| part.as_os_str().to_string_lossy().into_owned())
            .collect();
        if path
            .last()
            .is_some_and(|last| ["mod", "lib", "main"].contains(&&**last))
        {
            path.pop();
        }
        let code = code(&file);
        let children = declared(&code);
        let mut exports = BTreeMap::new();
        for statement in statements(&code, "pub use ") {
            for path in expand(&statement) {
                if let Some(name) = path.last().filter(|_| children.contains(&path[0])) {
                    exports.insert(name.clone(), path.clone());
                }
            }
        }
        Self {
            path,
            file,
            code,
            children,
            exports,
        }
    }

    /// Absolute paths of everything that is named, re-exports left out.
    fn names(&self) -> Vec<Vec<String>> {
        let mut code = self.code.clone();
        for statement in statements(&self.code, "pub use ") {
            code = code.replace(&format!("pub use {statement};"), "");
        }
        let used = statements(&code, "use ").into_iter();
        let mut paths: Vec<Vec<String>> = used.flat_map(|s| expand(&s)).collect();
        // Paths in the code itself, such as `child::function(…)`.
        let words = |c: char| !(c.is_alphanumeric() || c == '_' || c == ':');
        let written = code.split(words).filter(|word| word.contains("::"));
        paths.extend(written.map(|word| word.split("::").map(str::to_owned).collect()));
        paths
            .iter()
            .filter_map(|path| self.absolute(path))
            .collect()
    }

    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let ups = path.iter().take_while(|word| *word == "super").count();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([&self.path[..], rest].concat()),
            "super" if ups <= self.path.len() => {
                Some([&self.path[..self.path.len() - ups], &path[ups..]].concat())
            }
            child if self.children.iter().any(|c| c == child) => {
                Some([&self.path[..], path].concat())
            }
            _ => None,
        }
    }
}

/// Modules that `code` declares.
fn declared(code: &str) -> Vec<String> {
    let lines = code.lines().map(|line| line.trim_start_matches("pub "));
    let names = lines.filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    names.map(str::to_owned).collect()
}

/// What stands between `keyword` at the beginning of a line and the next semicolon.
fn statements(code: &str, keyword: &str) -> Vec<String> {
    let at = |(start, _): (usize, &str)| {
        let begins = code[..start].trim_end_matches([' ', '\t']);
        let statement = code[start + keyword.len()..].split(';').next()?;
        (begins.is_empty() || begins.ends_with('\n')).then(|| statement.to_owned())
    };
    code.match_indices(keyword).filter_map(at).collect()
}

/// `a::{b, c::{d}}` as its paths, names given with `as` dropped.
fn expand(tree: &str) -> Vec<Vec<String>> {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![
            path.split("::")
                .map(|word| word.trim().to_owned())
                .collect(),
        ];
    };
    let head: Vec<String> = head
        .split("::")
        .map(|word| word.trim().to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    let (mut depth, mut start) = (0, 0);
    let mut branches = Vec::new();
    let inner = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    for (at, c) in inner.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&inner[start..]);
    let branches = branches
        .into_iter()
        .filter(|branch| !branch.trim().is_empty());
    branches
        .flat_map(expand)
        .map(|path| {
            let path: Vec<String> = path.into_iter().filter(|word| word != "self").collect();
            [&head[..], &path].concat()
        })
        .collect()
}

/// Relative imports between the TypeScript files below `folder`, types included.
pub fn typescript(folder: &Path) -> Imports {
    let imports = |file: &PathBuf| {
        let code = code(file);
        let after = ["from \"", "import \"", "import(\""].map(|word| code.split(word).skip(1));
        let quoted = after.into_iter().flatten();
        let quoted = quoted.filter_map(|rest| rest.split('"').next());
        let quoted = quoted.filter(|text| text.starts_with('.'));
        let folder = file.parent().expect("a folder");
        let candidates = quoted.flat_map(|text| {
            let path = plain(&folder.join(text));
            let with = |suffix: &str| PathBuf::from(format!("{}{suffix}", path.display()));
            [path.clone(), with(".ts"), with("/index.ts")]
        });
        candidates.filter(|path| path.is_file()).collect()
    };
    let files = sources(folder, "ts").into_iter();
    files.map(|file| (file.clone(), imports(&file))).collect()
}

/// Imports between the Python files of one folder.
pub fn python(folder: &Path) -> Imports {
    let imports = |file: &PathBuf| {
        let code = std::fs::read_to_string(file).expect("a readable file");
        let lines = code.lines().map(str::trim_start);
        let names = lines.filter_map(|line| {
            let rest = line
                .strip_prefix("from ")
                .or_else(|| line.strip_prefix("import "))?;
            let rest = rest.trim_start_matches('.');
            // `from . import a, b` names modules behind the second keyword.
            let rest = rest.strip_prefix(" import ").unwrap_or(rest);
            Some(rest.split(" import ").next()?.to_owned())
        });
        let words = names.flat_map(|names| {
            let words = names
                .split(',')
                .map(|name| name.trim().split([' ', '.']).next_back());
            words.flatten().map(str::to_owned).collect::<Vec<_>>()
        });
        let files = words.map(|word| folder.join(format!("{word}.py")));
        files
            .filter(|path| path.is_file() && path != file)
            .collect()
    };
    let files = sources(folder, "py").into_iter();
    files.map(|file| (file.clone(), imports(&file))).collect()
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}
