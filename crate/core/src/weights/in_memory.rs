//! Tensors of files that are in memory already.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Headers, TensorInfo, TensorSource, missing};
use crate::error::Error;

/// One or more safetensors files as bytes; tensors are slices of them.
#[derive(Debug, Default)]
pub struct InMemory {
    files: BTreeMap<String, Vec<u8>>,
    headers: Headers,
}

impl InMemory {
    /// Reads the headers of all `(name, bytes)` files.
    ///
    /// # Errors
    /// [`Error::Integrity`] naming the file, also when two files hold the same tensor.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, Error> {
        let mut source = Self::default();
        for (name, bytes) in files {
            source.headers.add(&name, &bytes, bytes.len() as u64)?;
            source.files.insert(name, bytes);
        }
        Ok(source)
    }
}

impl TensorSource for InMemory {
    fn names(&self) -> Vec<&str> {
        self.headers.names()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.headers.info(name)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        let info = self.info(name).ok_or_else(|| missing(name))?;
        let (file, range) = self.headers.place(name, 0, info.rows())?;
        let bytes = self.files.get(file);
        let bytes = bytes.and_then(|file| file.get(range.start as usize..range.end as usize));
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
