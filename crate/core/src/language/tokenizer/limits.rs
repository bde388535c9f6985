//! What is refused of a `tokenizer.json`, and how.

use std::fmt::Display;

use crate::error::Error;

/// Larger than the tokenizer of any published Sa2VA (11 MB).
pub const MAX_BYTES: usize = 32 << 20;
/// More than any published Sa2VA has (151,679).
pub const MAX_VOCABULARY: usize = 400_000;
pub fn unsupported(reason: impl Display) -> Error {
    Error::UnsupportedModel {
        reason: format!("tokenizer.json: {reason}"),
    }
}
