//! Runs the command as a person does, and makes model folders with one fault each.

pub mod raw;
pub mod server;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A file of the fixtures.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fixtures")
        .join(name)
}

/// What a run left behind.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// Standard output as JSON, after a run that must have ended well.
    pub fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).expect("standard output is JSON")
    }

    /// The code of the last line, with which a run ended that had said other things before.
    pub fn fault(&self) -> &str {
        assert!(matches!(self.code, Some(1 | 2)), "{self:?}");
        let line = self.stderr.lines().last().unwrap_or_default();
        let code = line
            .strip_prefix("error[")
            .and_then(|rest| rest.split_once(']'));
        code.map_or(line, |(code, _)| code)
    }

    /// The run must have ended with one line `error[code]: what happened. what to do`.
    pub fn refused(&self, code: &str) -> &str {
        // A network's fault may pass, the others are the input's.
        let expected = if code == "network" { 1 } else { 2 };
        assert_eq!(self.code, Some(expected), "{self:?}");
        let line = self.stderr.trim_end_matches('\n');
        assert!(!line.contains('\n'), "more than one line: {line}");
        assert!(line.starts_with(&format!("error[{code}]: ")), "{line}");
        assert!(line.ends_with('.'), "no hint: {line}");
        assert!(self.stdout.is_empty(), "{self:?}");
        line
    }
}

/// Runs `askmask`.
pub fn askmask<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Outcome {
    outcome(Command::new(env!("CARGO_BIN_EXE_askmask")).args(arguments))
}

/// Runs `askmask` with a cache of its own, and without proxies between it and a server here.
pub fn askmask_with_cache<'a>(
    cache: &Path,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Outcome {
    outcome(&mut command(cache, arguments))
}

/// The same, not started yet.
pub fn command<'a>(cache: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_askmask"));
    command.args(arguments).env("XDG_CACHE_HOME", cache);
    for proxy in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env_remove(proxy);
    }
    command
}

/// Runs `askmask quantize`.
pub fn quantize(input: &Path, output: &Path, more: &[&str]) -> Outcome {
    let folders = [input, output].map(|path| path.to_str().expect("UTF-8"));
    let origin = ["--source", "owner/tiny", "--licence", "MIT"];
    let words = ["quantize"].into_iter().chain(folders).chain(origin);
    askmask(words.chain(more.iter().copied()))
}

fn outcome(command: &mut Command) -> Outcome {
    command.output().expect("askmask starts").into()
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }
}

/// Asks `model` about `picture` with every kind of output, and checks that a refused run wrote
/// none of them.
pub fn ask(model: &Path, picture: &Path, question: &str) -> Outcome {
    let folder = TempDir::new().expect("a temporary folder");
    let out = |name: &str| folder.path().join(name);
    let outcome = askmask([
        OsStr::new("ask"),
        picture.as_os_str(),
        OsStr::new(question),
        OsStr::new("--json"),
        OsStr::new("--model"),
        model.as_os_str(),
        OsStr::new("--mask"),
        out("mask.png").as_os_str(),
        OsStr::new("--masks"),
        out("masks").as_os_str(),
        OsStr::new("--overlay"),
        out("overlay.png").as_os_str(),
        OsStr::new("--cutout"),
        out("cutout.png").as_os_str(),
    ]);
    if outcome.code != Some(0) {
        let left = fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(left, 0, "a refused run wrote files: {outcome:?}");
    }
    outcome
}

/// The tiny model of the fixtures.
pub fn tiny() -> PathBuf {
    fixture("sa2va_tiny")
}

/// The tiny model's picture.
pub fn picture() -> PathBuf {
    fixture("sa2va_tiny/input.png")
}

/// The question that the tiny model was fitted to answer with two targets.
pub const QUESTION: &str = "Can you please segment the dog in this image?";

/// A copy of the tiny model to be damaged.
pub struct ModelCopy(TempDir);

impl ModelCopy {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for name in ["config.json", "tokenizer.json", "model.safetensors"] {
            fs::copy(tiny().join(name), folder.path().join(name)).expect("copied");
        }
        Self(folder)
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path().join(name), bytes).expect("written");
        self
    }

    pub fn remove(&self, name: &str) -> &Self {
        fs::remove_file(self.path().join(name)).expect("removed");
        self
    }

    /// Rewrites the weights' header and data.
    pub fn edit(&self, change: impl FnOnce(&mut Map<String, Value>, &mut Vec<u8>)) -> &Self {
        let bytes = fs::read(self.path().join("model.safetensors")).expect("readable");
        let (length, rest) = bytes.split_first_chunk::<8>().expect("a header");
        let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
        let mut header = serde_json::from_slice(header).expect("a JSON header");
        let mut data = data.to_vec();
        change(&mut header, &mut data);
        let header = Value::from(header).to_string();
        self.write("model.safetensors", weights(&header, &data))
    }

    /// Rewrites `config.json`.
    pub fn configure(&self, change: impl FnOnce(&mut Value)) -> &Self {
        let text = fs::read_to_string(self.path().join("config.json")).expect("readable");
        let mut config = serde_json::from_str(&text).expect("JSON");
        change(&mut config);
        self.write("config.json", config.to_string())
    }

    /// Rewrites the tensors, by name.
    pub fn rewrite(&self, change: impl FnOnce(&mut BTreeMap<String, StoredTensor>)) -> &Self {
        self.edit(|header, data| {
            header.remove("__metadata__");
            let mut tensors = std::mem::take(header)
                .into_iter()
                .map(|(name, entry)| (name, StoredTensor::new(&entry, data)))
                .collect();
            change(&mut tensors);
            data.clear();
            for (name, tensor) in tensors {
                header.insert(name, tensor.append_to(data));
            }
        })
    }

    /// Splits the weights into `count` shards of neighboring tensors, with their index.
    pub fn shard(&self, count: usize) -> &Self {
        let mut tensors = Vec::new();
        self.edit(|header, data| {
            header.remove("__metadata__");
            tensors.extend(header.iter().map(|(name, entry)| {
                let place = entry["data_offsets"][0].as_u64();
                (place, name.clone(), StoredTensor::new(entry, data))
            }));
        });
        tensors.sort_by_key(|(place, ..)| *place);
        let mut map = Map::new();
        for (number, shard) in tensors.chunks(tensors.len().div_ceil(count)).enumerate() {
            let file = format!("model-{:05}-of-{count:05}.safetensors", number + 1);
            let (mut header, mut data) = (Map::new(), Vec::new());
            for (_, name, tensor) in shard {
                map.insert(name.clone(), Value::from(file.clone()));
                header.insert(name.clone(), tensor.append_to(&mut data));
            }
            self.write(&file, weights(&Value::from(header).to_string(), &data));
        }
        let index = json!({"metadata": {}, "weight_map": map});
        self.write("model.safetensors.index.json", index.to_string())
            .remove("model.safetensors")
    }

    /// Replaces `tokenizer.json` by the files that older tokenizers have.
    pub fn age_tokenizer(&self) -> &Self {
        let text = fs::read(self.path().join("tokenizer.json")).expect("readable");
        let tokenizer: Value = serde_json::from_slice(&text).expect("JSON");
        let merges = tokenizer["model"]["merges"].as_array().expect("merges");
        let pair = |pair: &Value| -> String {
            let tokens = pair.as_array().expect("a pair").iter();
            let tokens: Vec<&str> = tokens.filter_map(Value::as_str).collect();
            tokens.join(" ")
        };
        let merges: Vec<String> = merges.iter().map(pair).collect();
        let added = tokenizer["added_tokens"].as_array().expect("tokens").iter();
        let named =
            |token: &Value| Some((token["content"].as_str()?.to_owned(), token["id"].clone()));
        let added: Map<String, Value> = added.filter_map(named).collect();
        self.write("vocab.json", tokenizer["model"]["vocab"].to_string())
            .write("merges.txt", merges.join("\n"))
            .write("added_tokens.json", Value::from(added).to_string())
            .remove("tokenizer.json")
    }

    /// Asks it the question that the sound model answers.
    pub fn ask(&self) -> Outcome {
        ask(self.path(), &picture(), QUESTION)
    }
}

/// A tensor as a file has it.
#[derive(Clone)]
pub struct StoredTensor {
    pub dtype: String,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl StoredTensor {
    fn new(entry: &Value, data: &[u8]) -> Self {
        let offset = |i: usize| entry["data_offsets"][i].as_u64().expect("an offset") as usize;
        Self {
            dtype: entry["dtype"].as_str().expect("a type").to_owned(),
            shape: serde_json::from_value(entry["shape"].clone()).expect("a shape"),
            bytes: data[offset(0)..offset(1)].to_vec(),
        }
    }

    /// Appends its bytes to those of a file; its entry in the header.
    fn append_to(&self, data: &mut Vec<u8>) -> Value {
        let offsets = [data.len(), data.len() + self.bytes.len()];
        data.extend(&self.bytes);
        json!({"dtype": self.dtype, "shape": self.shape, "data_offsets": offsets})
    }
}

/// A safetensors file.
pub fn weights(header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}
