//! Weights: named tensors in safetensors files, read with checks and without copies.

pub mod dtype;
#[cfg(not(target_family = "wasm"))]
mod folder;
mod index;
pub mod manifest;
mod memory;
pub mod quantize;
pub mod safetensors;
mod stored;

use std::borrow::Cow;
use std::ops::Range;

use crate::error::Error;
pub use dtype::Dtype;
#[cfg(not(target_family = "wasm"))]
pub use folder::{Files, Folder};
pub use index::Index;
pub use manifest::Manifest;
pub use memory::InMemory;
pub use quantize::{Recipe, is_video_memory};
pub use stored::{ReadAt, Stored};

/// Type and shape of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorInfo {
    /// Type of its numbers.
    pub dtype: Dtype,
    /// Its dimensions; none for a single number.
    pub shape: Vec<usize>,
}

impl TensorInfo {
    /// Count of its numbers, or `None` beyond what can be counted.
    #[must_use]
    pub fn elements(&self) -> Option<usize> {
        self.shape
            .iter()
            .try_fold(1_usize, |product, &side| product.checked_mul(side))
    }

    /// Steps along the first dimension; 1 for a single number.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.shape.first().copied().unwrap_or(1)
    }

    /// Bytes of one row, or `None` when there is none or they cannot be counted.
    #[must_use]
    pub fn row_bytes(&self) -> Option<usize> {
        self.bytes()?.checked_div(self.rows())
    }

    /// Where `rows` lie in its bytes, or `None` when it has no such rows.
    #[must_use]
    pub fn range(&self, rows: &Range<usize>) -> Option<Range<usize>> {
        let row = self.row_bytes()?;
        (rows.start <= rows.end && rows.end <= self.rows())
            .then(|| rows.start * row..rows.end * row)
    }

    /// Bytes it takes, or `None` beyond what can be counted.
    #[must_use]
    pub fn bytes(&self) -> Option<usize> {
        self.elements()?.checked_mul(self.dtype.bytes())
    }
}

/// Where a model's tensors come from.
pub trait TensorSource {
    /// Every tensor's name, in a fixed order.
    fn names(&self) -> Vec<&str>;

    /// Type and shape of tensor `name`, or `None` when there is none.
    fn info(&self, name: &str) -> Option<&TensorInfo>;

    /// The bytes of tensor `name`, little end first, row-major.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] when there is none, [`Error::Integrity`] when it cannot be read.
    fn read(&self, name: &str) -> Result<Cow<'_, [u8]>, Error>;

    /// Rows of each part in which tensor `name` is stored: one part unless it is split, none when
    /// there is no such tensor. A single number is one row.
    fn part_rows(&self, name: &str) -> Vec<usize> {
        self.info(name).map(TensorInfo::rows).into_iter().collect()
    }

    /// The bytes of one part of tensor `name`.
    ///
    /// # Errors
    /// As [`TensorSource::read`].
    fn read_part(&self, name: &str, part: usize) -> Result<Cow<'_, [u8]>, Error> {
        match part {
            0 => self.read(name),
            _ => Err(missing(name)),
        }
    }

    /// The bytes of some consecutive rows of tensor `name`.
    ///
    /// # Errors
    /// As [`TensorSource::read`], also when there are no such rows.
    fn read_rows(&self, name: &str, rows: Range<usize>) -> Result<Cow<'_, [u8]>, Error> {
        let range = self.info(name).and_then(|info| info.range(&rows));
        let range = range.ok_or_else(|| missing(name))?;
        match self.read(name)? {
            Cow::Borrowed(bytes) => bytes.get(range).map(Cow::Borrowed),
            Cow::Owned(bytes) => bytes.get(range).map(|rows| Cow::Owned(rows.to_vec())),
        }
        .ok_or_else(|| missing(name))
    }

    /// Bytes of all tensors together.
    fn total_bytes(&self) -> u64 {
        let bytes = |name: &str| self.info(name).and_then(TensorInfo::bytes).unwrap_or(0);
        self.names()
            .into_iter()
            .map(|name| bytes(name) as u64)
            .sum()
    }
}

fn missing(name: &str) -> Error {
    Error::WeightsMismatch {
        missing: vec![name.to_owned()],
        unused: Vec::new(),
        misshapen: Vec::new(),
    }
}

fn damaged(file: &str, reason: impl Into<String>) -> Error {
    Error::Integrity {
        file: file.to_owned(),
        reason: reason.into(),
    }
}
