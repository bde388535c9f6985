//! What matters in a Markdown document: fenced blocks, code in the text, links, headings.

use std::fs;
use std::path::{Path, PathBuf};

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// Document and line, for messages.
    pub place: String,
    pub language: String,
    pub text: String,
}

/// A document, by its path from the root of the workspace.
pub struct Document {
    pub path: String,
    pub blocks: Vec<Block>,
    /// Everything outside of fenced blocks.
    pub prose: String,
}

impl Document {
    pub fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).expect("a readable document");
        let mut blocks: Vec<Block> = Vec::new();
        let mut prose = String::new();
        let mut inside = false;
        for (index, line) in text.lines().enumerate() {
            let place = format!("{path}:{}", index + 1);
            assert!(!line.starts_with("~~~"), "{place}: fences are ```");
            match (line.trim_start().strip_prefix("```"), inside) {
                (Some(language), false) => blocks.push(Block {
                    place,
                    language: language.to_owned(),
                    text: String::new(),
                }),
                (Some(rest), true) => assert!(rest.is_empty(), "{place}: a fence in a block"),
                (None, true) => {
                    let block = blocks.last_mut().expect("one was begun");
                    block.text += line;
                    block.text += "\n";
                    continue;
                }
                (None, false) => {
                    prose += line;
                    prose += "\n";
                    continue;
                }
            }
            inside = !inside;
        }
        assert!(!inside, "{path}: a block has no end");
        Self {
            path: path.to_owned(),
            blocks,
            prose,
        }
    }

    /// Blocks in `language`.
    pub fn in_language(&self, language: &str) -> impl Iterator<Item = &Block> {
        let wanted = language.to_owned();
        self.blocks
            .iter()
            .filter(move |block| block.language == wanted)
    }

    /// What stands between backticks in the text.
    pub fn code(&self) -> Vec<&str> {
        let parts: Vec<&str> = self.prose.split('`').collect();
        assert!(parts.len() % 2 == 1, "{}: an odd backtick", self.path);
        parts.into_iter().skip(1).step_by(2).collect()
    }

    /// Targets of links and pictures.
    pub fn links(&self) -> Vec<&str> {
        let targets = self.prose.split("](").skip(1);
        targets.filter_map(|rest| rest.split(')').next()).collect()
    }

    /// What a link to a heading has behind its `#`, as GitHub makes it.
    pub fn anchors(&self) -> Vec<String> {
        let headings = self.prose.lines().filter(|line| line.starts_with('#'));
        headings
            .map(|line| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                let kept = title.chars().filter_map(|letter| match letter {
                    ' ' => Some('-'),
                    '-' | '_' => Some(letter),
                    _ => letter.is_alphanumeric().then_some(letter),
                });
                kept.collect()
            })
            .collect()
    }
}

/// The documents whose blocks are checked.
pub fn documents() -> Vec<Document> {
    let mut paths = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(str::to_owned)
        .to_vec();
    for folder in ["docs", "tests", "models", "models/nano", "models/recipe"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name();
            let name = name.to_string_lossy();
            if Path::new(&*name).extension().is_some_and(|e| e == "md") {
                paths.push(format!("{folder}/{name}"));
            }
        }
    }
    paths.sort();
    paths.iter().map(|path| Document::read(path)).collect()
}
