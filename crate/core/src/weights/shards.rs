//! A raw checkpoint whose files can be read at any place.

use std::borrow::Cow;
use std::fmt;

use super::{Headers, ReadAt, TensorInfo, TensorSource, missing};
use crate::error::Error;

/// The tensors of safetensors files, read one at a time.
pub struct Shards {
    headers: Headers,
    files: Box<dyn ReadAt>,
}

impl Shards {
    /// `headers` are those of `files`.
    #[must_use]
    pub fn new(headers: Headers, files: Box<dyn ReadAt>) -> Self {
        Self { headers, files }
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Shards").field(&self.headers).finish()
    }
}

impl TensorSource for Shards {
    fn names(&self) -> Vec<&str> {
        self.headers.names()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.headers.info(name)
    }

    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        let info = self.info(name).ok_or_else(|| missing(name))?;
        self.read_rows(name, 0, info.rows())
    }

    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        let (file, range) = self.headers.place(name, first, count)?;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        self.files.read_at(file, range.start, &mut bytes)?;
        Ok(Cow::Owned(bytes))
    }
}
