//! Where the tensors of a raw checkpoint lie, from the headers of its safetensors files alone.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use super::safetensors::{self, Entry};
use super::{TensorInfo, TensorSource, damaged, missing};
use crate::error::Error;

/// File and bytes of every tensor.
#[derive(Debug, Clone, Default)]
pub struct Headers {
    tensors: BTreeMap<String, (String, Entry)>,
    /// Names in the order of files and bytes: whoever reads them so reads every file from start to
    /// end.
    order: Vec<String>,
}

impl Headers {
    /// Adds `file`, whose `start` holds at least prefix and header, and which is `length` bytes
    /// long.
    ///
    /// # Errors
    /// [`Error::Integrity`] naming the file: as [`safetensors::parse`], and when one of its tensors
    /// is in another file too.
    pub fn add(&mut self, file: &str, start: &[u8], length: u64) -> Result<(), Error> {
        let mut entries: Vec<(String, Entry)> = safetensors::parse(file, start, length)?
            .into_iter()
            .collect();
        entries.sort_by_key(|(_, entry)| entry.range.start);
        for (name, entry) in entries {
            if self.tensors.contains_key(&name) {
                let reason = format!("tensor {name} is in another file too");
                return Err(damaged(file, reason));
            }
            self.order.push(name.clone());
            self.tensors.insert(name, (file.to_owned(), entry));
        }
        Ok(())
    }

    /// File of tensor `name`, and where in it `count` rows from row `first` on lie.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] when there is no such tensor, [`Error::Integrity`] when it has no
    /// such rows.
    pub fn place(
        &self,
        name: &str,
        first: usize,
        count: usize,
    ) -> Result<(&str, Range<u64>), Error> {
        let (file, entry) = self.tensors.get(name).ok_or_else(|| missing(name))?;
        let rows = entry
            .info
            .row_range(first, count)
            .ok_or_else(|| damaged(name, format!("it has no {count} rows from {first} on")))?;
        let start = entry.range.start;
        Ok((file, start + rows.start as u64..start + rows.end as u64))
    }
}

/// What can be asked of a checkpoint whose weights are elsewhere.
impl TensorSource for Headers {
    fn names(&self) -> Vec<&str> {
        self.order.iter().map(String::as_str).collect()
    }

    fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.tensors.get(name).map(|(_, entry)| &entry.info)
    }

    /// Always an [`Error::Internal`]: [`Headers::place`] says where to read.
    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error> {
        Err(Error::Internal {
            reason: format!("{name} is read before its bytes are here"),
        })
    }
}
