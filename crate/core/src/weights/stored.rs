//! Tensors of a browser model folder, wherever its files are kept.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::manifest::{Manifest, TensorSlice};
use super::{TensorInfo, TensorSource, damaged, missing};
use crate::error::Error;
use crate::weights::digest::Sha256;

/// Random access to the files of a model folder.
pub trait ReadAt {
    /// Fills `buffer` with the bytes of `file` from `offset` on.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the file is missing or ends too early.
    fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error>;
}

/// A model folder behind its manifest. Nothing is read before it is asked for, and a tensor that
/// is stored in slices reads as one.
pub struct Stored {
    manifest: Manifest,
    tensors: BTreeMap<String, (TensorInfo, Vec<TensorSlice>)>,
    files: Box<dyn ReadAt>,
}

impl Stored {
    /// `manifest` has passed [`Manifest::check`], and whoever opened `files` answers for their
    /// hashes.
    #[must_use]
    pub fn new(mut manifest: Manifest, files: Box<dyn ReadAt>) -> Self {
        let tensors = std::mem::take(&mut manifest.tensors)
            .into_iter()
            .map(|tensor| (tensor.name.clone(), (tensor.info(), tensor.slices)))
            .collect();
        Self {
            manifest,
            tensors,
            files,
        }
    }

    /// The manifest, without its tensors.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// All bytes of file `name`, such as `config.json`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the manifest has no such file or it cannot be read.
    pub fn read_file(&self, name: &str) -> Result<Vec<u8>, Error> {
        let entry = self
            .manifest
            .file(name)
            .ok_or_else(|| damaged(name, "it is not in the manifest"))?;
        let mut bytes = vec![0; entry.bytes as usize];
        self.files.read_at(name, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Whether every file has the bytes that the manifest promises.
    ///
    /// # Errors
    /// [`Error::Integrity`] naming the first file that is missing, too short or changed.
    pub fn check_hashes(&self) -> Result<(), Error> {
        const BLOCK: u64 = 1 << 20;
        for file in &self.manifest.files {
            let mut hash = Sha256::new();
            for start in (0..file.bytes).step_by(BLOCK as usize) {
                let mut block = vec![0; BLOCK.min(file.bytes - start) as usize];
                self.files.read_at(&file.name, start, &mut block)?;
                hash.update(&block);
            }
            if hash.hex() != file.sha256 {
                return Err(damaged(
                    &file.name,
                    "its SHA-256 is not that of the manifest",
                ));
            }
        }
        Ok(())
    }

    fn tensor(&self, name: &str) -> Result<&(TensorInfo, Vec<TensorSlice>), Error> {
        self.tensors.get(name).ok_or_else(|| missing(name))
    }
}

impl TensorSource for Stored {
    fn names(&self) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|(info, _)| info)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        let (info, _) = self.tensor(name)?;
        self.read_rows(name, 0, info.rows())
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        let (info, slices) = self.tensor(name)?;
        let range = info
            .row_range(first, count)
            .ok_or_else(|| damaged(name, format!("it has no {count} rows from {first} on")))?;
        let mut bytes = vec![0; range.len()];
        let mut start = 0;
        for slice in slices {
            let end = start + slice.bytes as usize;
            let (from, to) = (range.start.max(start), range.end.min(end));
            if from < to {
                let offset = slice.offset + (from - start) as u64;
                let buffer = &mut bytes[from - range.start..to - range.start];
                self.files.read_at(&slice.file, offset, buffer)?;
            }
            start = end;
        }
        Ok(Cow::Owned(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{FileEntry, Origin, TensorEntry};
    use super::*;
    use crate::weights::Dtype;

    /// Two files of counting bytes.
    struct Counting;

    impl ReadAt for Counting {
        fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
            let first = if file == "a" { 0 } else { 100 };
            for (i, byte) in buffer.iter_mut().enumerate() {
                *byte = first + offset as u8 + i as u8;
            }
            Ok(())
        }
    }

    fn stored() -> Stored {
        let mut manifest = Manifest::new("family", Origin::default(), None);
        let slice = |file: &str, offset, rows| TensorSlice {
            file: file.into(),
            offset,
            bytes: 2 * rows as u64,
            rows,
        };
        manifest.files.push(FileEntry {
            name: "b".into(),
            bytes: 3,
            sha256: String::new(),
        });
        manifest.tensors.push(TensorEntry {
            name: "t".into(),
            dtype: Dtype::U8,
            shape: vec![3, 2],
            slices: vec![slice("a", 8, 2), slice("b", 4, 1)],
        });
        Stored::new(manifest, Box::new(Counting))
    }

    #[test]
    fn slices_are_joined() {
        let stored = stored();
        assert_eq!(stored.names(), ["t"]);
        assert_eq!(*stored.read("t").unwrap(), [8, 9, 10, 11, 104, 105]);
        assert_eq!(stored.read_file("b").unwrap(), [100, 101, 102]);
    }

    #[test]
    fn rows_are_read_across_slices() {
        let stored = stored();
        assert_eq!(*stored.read_rows("t", 1, 2).unwrap(), [10, 11, 104, 105]);
        assert_eq!(*stored.read_rows("t", 2, 1).unwrap(), [104, 105]);
        assert!(stored.read_rows("t", 0, 0).unwrap().is_empty());
        let error = stored.read_rows("t", 2, 2).unwrap_err();
        assert!(error.to_string().starts_with("t is damaged"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_named() {
        let stored = stored();
        assert_eq!(stored.read("x").unwrap_err().code(), "weights-mismatch");
        let error = stored.read_file("a").unwrap_err();
        assert!(error.to_string().starts_with("a is damaged"), "{error}");
    }
}
