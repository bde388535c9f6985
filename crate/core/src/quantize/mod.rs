//! Makes a browser model folder from a checkpoint: plan, convert, compare. What becomes of a tensor
//! is asked of the table of the model's family.
//!
//! Weights are read and written in blocks of rows, so memory is bounded whatever the model.

mod compare;
mod conversion;
pub mod group;
mod layout;
mod options;
mod piece;
mod plan;
mod weight_file;
mod write;

pub use compare::{Group, Report};
pub use conversion::{Conversion, Extras};
pub use options::Options;
pub use piece::{End, Need, Piece, Progress};
pub use plan::Plan;
pub use write::Sink;

use crate::error::Error;
use crate::weights::TensorInfo;

/// Values handled at a time.
const BLOCK: usize = 1 << 20;

/// Rows of `info` that hold about [`BLOCK`] values.
fn block_rows(info: &TensorInfo) -> usize {
    let values = info.elements().unwrap_or_default() / info.rows().max(1);
    (BLOCK / values.max(1)).max(1)
}

/// The same fault with the tensor's name.
fn named(tensor: &str, error: Error) -> Error {
    match error {
        Error::Integrity { reason, .. } => Error::Integrity {
            file: tensor.to_owned(),
            reason,
        },
        other => other,
    }
}

#[cfg(test)]
mod tests;
