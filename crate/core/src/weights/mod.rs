//! Weights: named tensors in safetensors files, read with checks and without copies.

pub mod card;
mod checkpoint;
pub mod digest;
pub mod dtype;
#[cfg(not(target_family = "wasm"))]
mod folder;
mod foreign;
mod headers;
mod in_memory;
mod index;
pub mod manifest;
pub mod quantization;
pub mod safetensors;
mod shards;
mod stored;
mod table;
mod wrappers;

use std::borrow::Cow;
use std::ops::Range;

use crate::error::Error;
pub use checkpoint::{Checkpoint, StoredCopy};
pub use dtype::Dtype;
#[cfg(not(target_family = "wasm"))]
pub use folder::Files;
pub use headers::Headers;
pub use in_memory::InMemory;
pub use index::Index;
pub use manifest::Manifest;
pub use quantization::QuantizationConfig;
pub use shards::Shards;
pub use stored::{ReadAt, Stored};
pub use table::{Bits, OtherTensors, TensorCopy, TensorSpec, TensorTable};

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

    /// Bytes it takes, or `None` beyond what can be counted.
    #[must_use]
    pub fn bytes(&self) -> Option<usize> {
        self.elements()?.checked_mul(self.dtype.bytes())
    }

    /// Where `count` rows from row `first` on lie among its bytes, or `None` when it has no such
    /// rows. A single number is one row.
    #[must_use]
    pub fn row_range(&self, first: usize, count: usize) -> Option<Range<usize>> {
        let end = first.checked_add(count).filter(|&end| end <= self.rows())?;
        let row = self.row_bytes()?;
        Some(first * row..end * row)
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

    /// The bytes of `count` rows of tensor `name` from row `first` on, where a row is one step along
    /// the first dimension.
    ///
    /// # Errors
    /// As [`TensorSource::read`], also for rows that the tensor does not have.
    fn read_rows(&self, name: &str, first: usize, count: usize) -> Result<Cow<'_, [u8]>, Error> {
        let range = self
            .info(name)
            .ok_or_else(|| missing(name))?
            .row_range(first, count)
            .ok_or_else(|| damaged(name, format!("it has no {count} rows from {first} on")))?;
        let beyond = || damaged(name, "it is shorter than its shape");
        Ok(match self.read(name)? {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(range).ok_or_else(beyond)?),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(range).ok_or_else(beyond)?.to_vec()),
        })
    }
}

pub(crate) fn missing(name: &str) -> Error {
    Error::WeightsMismatch {
        missing: vec![name.to_owned()],
        unused: Vec::new(),
        misshapen: Vec::new(),
    }
}

pub(crate) fn damaged(file: &str, reason: impl Into<String>) -> Error {
    Error::Integrity {
        file: file.to_owned(),
        reason: reason.into(),
    }
}
