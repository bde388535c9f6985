//! Tensors of files that are in memory already.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry as MapEntry;
use std::ops::Range;

use super::safetensors::{self, Entry};
use super::{TensorInfo, TensorSource, damaged, missing};
use crate::error::Error;

/// One or more safetensors files as bytes; tensors are slices of them.
#[derive(Debug, Default)]
pub struct InMemory {
    files: Vec<Vec<u8>>,
    tensors: BTreeMap<String, Place>,
}

#[derive(Debug)]
struct Place {
    file: usize,
    info: TensorInfo,
    range: Range<usize>,
}

impl InMemory {
    /// Reads the headers of all `(name, bytes)` files.
    ///
    /// # Errors
    /// [`Error::Integrity`] naming the file, also when two files hold the same tensor.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, Error> {
        let mut source = Self::default();
        for (name, bytes) in files {
            source.add(&name, bytes)?;
        }
        Ok(source)
    }

    /// Adds one file.
    ///
    /// # Errors
    /// As [`InMemory::new`].
    pub fn add(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let file = self.files.len();
        for (tensor, Entry { info, range }) in safetensors::parse(name, &bytes, bytes.len())? {
            match self.tensors.entry(tensor) {
                MapEntry::Vacant(slot) => slot.insert(Place { file, info, range }),
                MapEntry::Occupied(slot) => {
                    return Err(damaged(
                        name,
                        format!("tensor {} is in another file too", slot.key()),
                    ));
                }
            };
        }
        self.files.push(bytes);
        Ok(())
    }
}

impl TensorSource for InMemory {
    fn names(&self) -> Vec<&str> {
        self.tensors.keys().map(String::as_str).collect()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|place| &place.info)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        let place = self.tensors.get(name).ok_or_else(|| missing(name))?;
        let bytes = self
            .files
            .get(place.file)
            .and_then(|file| file.get(place.range.clone()));
        bytes.map(Cow::Borrowed).ok_or_else(|| missing(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::safetensors::tests::file_of;

    #[test]
    fn tensors_of_all_files_are_found() {
        let source = InMemory::new([
            ("1".into(), file_of("a", &[1, 2])),
            ("2".into(), file_of("b", &[3])),
        ])
        .unwrap();
        assert_eq!(source.names(), ["a", "b"]);
        assert_eq!(*source.read("b").unwrap(), [3]);
        assert_eq!(*source.read_rows("a", 1, 1).unwrap(), [2]);
        assert_eq!(source.read_rows("a", 2, 1).unwrap_err().code(), "integrity");
        assert_eq!(source.read("c").unwrap_err().code(), "weights-mismatch");
    }

    #[test]
    fn a_tensor_in_two_files_is_refused() {
        let error = InMemory::new([
            ("1".into(), file_of("a", &[1])),
            ("2".into(), file_of("a", &[2])),
        ])
        .unwrap_err();
        assert!(error.to_string().starts_with("2 is damaged"), "{error}");
    }
}
