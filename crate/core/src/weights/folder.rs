//! Tensors of a model folder on disk, read one at a time.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::safetensors::{self, Entries, Entry, PREFIX};
use super::{Index, ReadAt, TensorInfo, TensorSource, damaged, missing};
use crate::error::Error;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// A folder with `model.safetensors`, or with shards and their index.
#[derive(Debug)]
pub struct Folder {
    tensors: BTreeMap<String, (PathBuf, Entry)>,
}

impl Folder {
    /// Reads the headers of all shards; no tensor yet.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] when the folder holds no safetensors, with the way to convert
    /// pickled weights, which are never read; [`Error::Integrity`] naming a missing or damaged
    /// file; [`Error::WeightsMismatch`] when the index promises more than the shards hold.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let index = folder.join(INDEX);
        if !index.is_file() {
            return Self::read_headers(folder, &[single(folder)?]);
        }
        let bytes = fs::read(&index).map_err(|e| unreadable(&index, &e))?;
        let index = Index::parse(&bytes)?;
        let source = Self::read_headers(folder, &index.shards())?;
        index.check(&source)?;
        Ok(source)
    }

    fn read_headers(folder: &Path, shards: &[&str]) -> Result<Self, Error> {
        let mut tensors = BTreeMap::new();
        for shard in shards {
            let path = folder.join(shard);
            for (name, entry) in read_header(shard, &path).map_err(|e| unreadable(&path, &e))?? {
                if tensors.contains_key(&name) {
                    return Err(damaged(
                        shard,
                        format!("tensor {name} is in another file too"),
                    ));
                }
                tensors.insert(name, (path.clone(), entry));
            }
        }
        Ok(Self { tensors })
    }
}

impl TensorSource for Folder {
    fn names(&self) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|(_, entry)| &entry.info)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        let (path, entry) = self.tensors.get(name).ok_or_else(|| missing(name))?;
        read_range(path, &entry.range).map(Cow::Owned)
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        let (path, entry) = self.tensors.get(name).ok_or_else(|| missing(name))?;
        let rows = entry
            .info
            .row_range(first, count)
            .ok_or_else(|| damaged(name, format!("it has no {count} rows from {first} on")))?;
        let start = entry.range.start;
        read_range(path, &(start + rows.start..start + rows.end)).map(Cow::Owned)
    }
}

/// The files of a browser model folder on disk.
#[derive(Debug)]
pub struct Files(PathBuf);

impl Files {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }
}

impl ReadAt for Files {
    fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        fill(&self.0.join(file), offset, buffer).map_err(|e| damaged(file, e.to_string()))
    }
}

fn read_range(path: &Path, range: &Range<usize>) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; range.len()];
    fill(path, range.start as u64, &mut bytes).map_err(|e| unreadable(path, &e))?;
    Ok(bytes)
}

fn fill(path: &Path, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

fn read_header(name: &str, path: &Path) -> io::Result<Result<Entries, Error>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len() as usize;
    let mut start = Vec::new();
    file.by_ref().take(PREFIX as u64).read_to_end(&mut start)?;
    let header = match safetensors::header_length(name, &start) {
        Ok(header) => header,
        Err(error) => return Ok(Err(error)),
    };
    file.take(header as u64).read_to_end(&mut start)?;
    Ok(safetensors::parse(name, &start, length))
}

/// The name of the one weights file, or why there is none.
fn single(folder: &Path) -> Result<&'static str, Error> {
    if folder.join(SINGLE).is_file() {
        return Ok(SINGLE);
    }
    let names = fs::read_dir(folder).map_err(|e| unreadable(folder, &e))?;
    let pickle = names
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| is_pickle(name));
    let reason = match pickle {
        Some(name) => format!(
            "{name} holds pickled weights, which run code when they are read; convert them with \
             `python -c \"import torch, safetensors.torch as s; s.save_file(torch.load('FILE', \
             weights_only=True), '{SINGLE}')\"`"
        ),
        None => format!("{} has neither {SINGLE} nor {INDEX}", folder.display()),
    };
    Err(Error::UnsupportedModel { reason })
}

fn is_pickle(name: &str) -> bool {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    matches!(extension, Some("bin" | "pt" | "pth" | "ckpt" | "pkl"))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    damaged(&path.display().to_string(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::safetensors::tests::file_of;

    /// A folder that is removed in the end.
    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("askmask-folder-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, bytes: &[u8]) {
            fs::write(self.0.join(name), bytes).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn shards_are_read_through_the_index() {
        let folder = Scratch::new("shards");
        folder.write("m-1.safetensors", &file_of("a", &[1, 2]));
        folder.write("m-2.safetensors", &file_of("b", &[3]));
        folder.write(
            INDEX,
            br#"{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#,
        );
        let source = Folder::open(&folder.0).unwrap();
        assert_eq!(source.names(), ["a", "b"]);
        assert_eq!(*source.read("a").unwrap(), [1, 2]);
        assert_eq!(*source.read_rows("a", 1, 1).unwrap(), [2]);
        assert_eq!(source.read_rows("a", 1, 2).unwrap_err().code(), "integrity");
        folder.write(
            INDEX,
            br#"{"weight_map":{"a":"m-1.safetensors","c":"m-2.safetensors"}}"#,
        );
        assert!(
            Folder::open(&folder.0)
                .unwrap_err()
                .to_string()
                .contains("1 missing: c")
        );
        folder.write(INDEX, br#"{"weight_map":{"a":"m-3.safetensors"}}"#);
        assert!(
            Folder::open(&folder.0)
                .unwrap_err()
                .to_string()
                .contains("m-3.safetensors")
        );
    }

    #[test]
    fn pickled_weights_are_refused_with_the_way_out() {
        let folder = Scratch::new("pickle");
        assert_eq!(
            Folder::open(&folder.0).unwrap_err().code(),
            "unsupported-model"
        );
        folder.write("pytorch_model.bin", b"\x80\x02");
        let error = Folder::open(&folder.0).unwrap_err();
        assert!(error.to_string().contains("pytorch_model.bin"), "{error}");
        assert!(error.to_string().contains("weights_only=True"), "{error}");
    }

    #[test]
    fn a_truncated_file_is_named() {
        let folder = Scratch::new("truncated");
        let bytes = file_of("a", &[1, 2, 3, 4]);
        folder.write(SINGLE, &bytes[..bytes.len() - 1]);
        assert!(
            Folder::open(&folder.0)
                .unwrap_err()
                .to_string()
                .starts_with(SINGLE)
        );
        folder.write(SINGLE, &bytes[..20]);
        assert_eq!(Folder::open(&folder.0).unwrap_err().code(), "integrity");
    }
}
