//! Raw checkpoints and browser folders on disk.

mod find;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::safetensors::{self, PREFIX};
use super::{Headers, Index, ReadAt, Shards, damaged};
use crate::error::Error;
use crate::first_bytes;
use find::{INDEX, SINGLE, check_present, single};

impl Shards {
    /// The checkpoint in `folder`: one safetensors file, or shards and their index. Reads the
    /// headers; no tensor yet. An index beside `model.safetensors` is not read, as in
    /// [transformers](https://github.com/huggingface/transformers/blob/main/src/transformers/modeling_utils.py):
    /// people leave it there when they join shards.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] when the folder holds no safetensors, with the way to convert
    /// pickled weights, which are never read; [`Error::Integrity`] naming a missing or damaged
    /// file; [`Error::WeightsMismatch`] when the index promises more than the shards hold.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let files = || Box::new(Files::new(folder.to_owned()));
        let index = folder.join(INDEX);
        if folder.join(SINGLE).is_file() || !index.is_file() {
            let headers = read_headers(folder, &[&single(folder)?])?;
            return Ok(Self::new(headers, files()));
        }
        let bytes = fs::read(&index).map_err(|e| unreadable(&index, &e))?;
        let index = Index::parse(&bytes)?;
        check_present(folder, &index.shards())?;
        let headers = read_headers(folder, &index.shards())?;
        index.check(&headers)?;
        Ok(Self::new(headers, files()))
    }
}

fn read_headers(folder: &Path, shards: &[&str]) -> Result<Headers, Error> {
    let mut headers = Headers::default();
    for shard in shards {
        let path = folder.join(shard);
        let (start, length) = read_start(shard, &path).map_err(|e| unreadable(&path, &e))??;
        headers.add(shard, &start, length)?;
    }
    Ok(headers)
}

/// The files of a folder on disk.
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
        let path = self.0.join(file);
        fill(&path, offset, buffer).map_err(|error| {
            let found = start_of(&path).ok();
            let found = found.and_then(|start| first_bytes::foreign(&start));
            damaged(
                file,
                found.map_or(error.to_string(), |what| format!("it is {what}")),
            )
        })
    }
}

fn fill(path: &Path, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    file.read_exact(buffer)
}

/// Enough first bytes to tell what a file is.
fn start_of(path: &Path) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    let file = File::open(path)?;
    file.take(first_bytes::ENOUGH as u64)
        .read_to_end(&mut start)?;
    Ok(start)
}

/// Prefix and header of a file, and the length of the whole.
fn read_start(name: &str, path: &Path) -> io::Result<Result<(Vec<u8>, u64), Error>> {
    let mut start = start_of(path)?;
    let end = match safetensors::header_length(name, &start) {
        Ok(header) => PREFIX + header,
        Err(error) => return Ok(Err(error)),
    };
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.len() as u64))?;
    let rest = end.saturating_sub(start.len());
    file.take(rest as u64).read_to_end(&mut start)?;
    Ok(Ok((start, length)))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    damaged(&path.display().to_string(), error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::TensorSource;
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
        let source = Shards::open(&folder.0).unwrap();
        assert_eq!(source.names(), ["a", "b"]);
        assert_eq!(*source.read("a").unwrap(), [1, 2]);
        assert_eq!(*source.read_rows("a", 1, 1).unwrap(), [2]);
        assert_eq!(source.read_rows("a", 1, 2).unwrap_err().code(), "integrity");
        folder.write(
            INDEX,
            br#"{"weight_map":{"a":"m-1.safetensors","c":"m-2.safetensors"}}"#,
        );
        assert!(
            Shards::open(&folder.0)
                .unwrap_err()
                .to_string()
                .contains("1 missing: c")
        );
        folder.write(INDEX, br#"{"weight_map":{"a":"m-3.safetensors"}}"#);
        assert!(
            Shards::open(&folder.0)
                .unwrap_err()
                .to_string()
                .contains("m-3.safetensors")
        );
    }

    #[test]
    fn a_single_file_counts_more_than_an_index() {
        let folder = Scratch::new("single");
        folder.write(INDEX, br#"{"weight_map":{"a":"gone.safetensors"}}"#);
        folder.write(SINGLE, &file_of("a", &[1]));
        assert_eq!(Shards::open(&folder.0).unwrap().names(), ["a"]);
    }

    #[test]
    fn the_only_safetensors_file_is_taken_whatever_its_name() {
        let folder = Scratch::new("named");
        folder.write("adapter_model.safetensors", &file_of("lora", &[1]));
        let refusal = || Shards::open(&folder.0).unwrap_err().to_string();
        assert!(refusal().contains("merge_and_unload"), "{}", refusal());
        folder.write("my-model.safetensors", &file_of("a", &[1]));
        assert_eq!(Shards::open(&folder.0).unwrap().names(), ["a"]);
        folder.write("my-model-2.safetensors", &file_of("b", &[1]));
        assert!(refusal().contains("2 files"), "{}", refusal());
    }

    #[test]
    fn downloads_that_have_not_ended_are_named() {
        let folder = Scratch::new("unfinished");
        let refusal = || Shards::open(&folder.0).unwrap_err().to_string();
        folder.write("model.safetensors.part", b"");
        assert!(
            refusal().contains("model.safetensors.part"),
            "{}",
            refusal()
        );
        folder.write(
            INDEX,
            br#"{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}"#,
        );
        assert!(
            refusal().contains("m-1.safetensors is damaged"),
            "{}",
            refusal()
        );
        assert!(refusal().contains("and 1 more"), "{}", refusal());
        let cache = folder.0.join(".cache/huggingface/download");
        fs::create_dir_all(&cache).unwrap();
        fs::write(cache.join("m-1.safetensors.c0ffee.incomplete"), b"").unwrap();
        assert!(refusal().contains("c0ffee.incomplete"), "{}", refusal());
    }

    #[test]
    fn what_stands_in_for_weights_is_named() {
        let folder = Scratch::new("stand-in");
        for (bytes, name) in [
            (
                &b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"[..],
                "LFS",
            ),
            (b"<!doctype html><html></html>", "web page"),
            (
                b"{\"error\":\"Access is restricted\"}",
                "Access is restricted",
            ),
            (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", "gzip"),
            (b"PK\x03\x04\0\0\x08\x08", "ZIP"),
            (b"no", "\"no\""),
        ] {
            folder.write(SINGLE, bytes);
            let error = Shards::open(&folder.0).unwrap_err();
            assert_eq!(error.code(), "integrity");
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn pickled_weights_are_refused_with_the_way_out() {
        let folder = Scratch::new("pickle");
        assert_eq!(
            Shards::open(&folder.0).unwrap_err().code(),
            "unsupported-model"
        );
        folder.write("pytorch_model.bin", b"\x80\x02");
        let error = Shards::open(&folder.0).unwrap_err();
        assert!(error.to_string().contains("pytorch_model.bin"), "{error}");
        assert!(error.to_string().contains("weights_only=True"), "{error}");
    }

    #[test]
    fn a_truncated_file_is_named() {
        let folder = Scratch::new("truncated");
        let bytes = file_of("a", &[1, 2, 3, 4]);
        folder.write(SINGLE, &bytes[..bytes.len() - 1]);
        assert!(
            Shards::open(&folder.0)
                .unwrap_err()
                .to_string()
                .starts_with(SINGLE)
        );
        folder.write(SINGLE, &bytes[..20]);
        assert_eq!(Shards::open(&folder.0).unwrap_err().code(), "integrity");
    }
}
