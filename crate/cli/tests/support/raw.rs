//! A raw repository on a server, and what becomes of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::server::{Request, Server};
use super::{ModelCopy, Outcome, QUESTION, askmask, askmask_with_cache, command, picture};

pub const SINGLE: &str = "model.safetensors";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A raw model, a server of it, and an empty cache.
pub struct Case {
    pub model: ModelCopy,
    pub server: Server,
    folder: TempDir,
}

impl Case {
    /// The tiny model with a card, on a hub.
    pub fn new() -> Self {
        let model = ModelCopy::new();
        model.write("README.md", "---\nlicense: mit\n---\n# Tiny\n");
        Self::of(model)
    }

    pub fn of(model: ModelCopy) -> Self {
        let server = Server::new(model.path());
        server.set_commit(COMMIT);
        let folder = TempDir::new().expect("a temporary folder");
        Self {
            model,
            server,
            folder,
        }
    }

    /// The cache's folder.
    pub fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn words<'a>(&'a self, picture: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let hub = ["--model", "hub:owner/tiny", "--host", &self.server.address];
        let asked = ["ask", picture, QUESTION, "--json"];
        [&asked[..], &hub, more].concat()
    }

    /// Asks the model; nothing but its own cache is kept between two calls.
    pub fn ask(&self, more: &[&str]) -> Outcome {
        let picture = picture();
        let words = self.words(picture.to_str().expect("UTF-8"), more);
        askmask_with_cache(&self.cache(), words)
    }

    /// The same, not started yet.
    pub fn command(&self) -> Command {
        let picture = picture();
        let words = self.words(picture.to_str().expect("UTF-8"), &["--timeout", "60"]);
        command(&self.cache(), words)
    }

    /// Asks the model at an address.
    pub fn ask_at(&self, model: &str) -> Outcome {
        let picture = picture();
        let asked = ["ask", picture.to_str().expect("UTF-8"), QUESTION, "--json"];
        askmask_with_cache(&self.cache(), [&asked[..], &["--model", model]].concat())
    }

    /// Asks, which must give an answer and the files of [`Self::by_hand`]; what was requested
    /// meanwhile.
    pub fn converted(&self, more: &[&str]) -> Vec<Request> {
        let outcome = self.ask(more);
        let found = outcome.json();
        assert!(!found["objects"].as_array().expect("objects").is_empty());
        let source = format!("owner/tiny@{COMMIT}");
        self.assert_as_by_hand("tiny", &source, "mit");
        self.server.log()
    }

    /// What is in the cache is what `askmask quantize` makes of the model.
    pub fn assert_as_by_hand(&self, name: &str, source: &str, licence: &str) {
        let by_hand = self.by_hand(name, source, licence);
        let (found, expected) = (files(&self.cached("")), files(&by_hand));
        let names = |files: &BTreeMap<String, _>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&found), names(&expected));
        for (name, bytes) in expected {
            assert!(found[&name] == bytes, "{name} differs");
        }
    }

    /// The folder that `askmask quantize` makes of the model.
    pub fn by_hand(&self, name: &str, source: &str, licence: &str) -> PathBuf {
        let by_hand = self.folder.path().join("by-hand");
        let _ = fs::remove_dir_all(&by_hand);
        let folders = [self.model.path(), &by_hand].map(|path| path.to_str().expect("UTF-8"));
        let origin = ["--name", name, "--source", source, "--licence", licence];
        let outcome = askmask([&["quantize"][..], &folders, &origin].concat());
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        by_hand
    }

    /// The one model folder of the cache, or a file in it.
    pub fn cached(&self, name: &str) -> PathBuf {
        let models = fs::read_dir(self.cache().join("askmask/models")).expect("a cache");
        let entries: Vec<PathBuf> = models
            .map(|entry| entry.expect("readable").path())
            .collect();
        assert_eq!(entries.len(), 1);
        entries[0].join(name)
    }

    /// Bytes of the one file behind its header.
    pub fn tensor_bytes(&self) -> usize {
        let bytes = fs::read(self.model.path().join(SINGLE)).expect("a file");
        let (header, rest) = bytes.split_first_chunk().expect("a header");
        rest.len() - u64::from_le_bytes(*header) as usize
    }
}

/// Names of the files that were asked for.
pub fn names(log: &[Request]) -> Vec<&str> {
    log.iter().map(Request::file).collect()
}

/// First bytes of the requests of a file, but for those of its header.
pub fn starts(log: &[Request], file: &str) -> Vec<usize> {
    log.iter()
        .filter(|request| request.file() == file && request.last.is_none())
        .map(|request| request.start.unwrap_or(0))
        .collect()
}

/// Names and bytes of the files in a folder that are not hidden.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy();
            (name.into_owned(), fs::read(&path).expect("readable"))
        })
        .filter(|(name, _)| !name.starts_with('.'))
        .collect()
}
