//! What goes into a conversion, what comes out, and what is kept to go on later.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Rows of a tensor that have to be read next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// The model's name of the tensor.
    pub tensor: String,
    /// Its rows.
    pub rows: Range<usize>,
}

/// What rows became: bytes to append to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub bytes: Vec<u8>,
    /// What ends with them.
    pub end: Option<End>,
}

/// A place where a conversion can go on later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum End {
    Block,
    /// A block and with it the file.
    File,
}

/// How far a conversion is: kept beside the files that it wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct Progress {
    /// SHA-256 of where every tensor comes to lie, and as what.
    pub plan: String,
    /// SHA-256 of every finished weight file.
    pub finished: Vec<String>,
    /// Bytes of the file after them, up to the end of a block.
    pub bytes: u64,
    /// SHA-256 of these bytes.
    pub sha256: String,
}

impl Progress {
    /// The same when only the first `files` files are there.
    #[must_use]
    pub fn up_to(mut self, files: usize) -> Self {
        if files < self.finished.len() {
            self.finished.truncate(files);
            self.bytes = 0;
        }
        self
    }
}
