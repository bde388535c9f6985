//! Limits on what a `config.json` may say: larger than any published model, so that a foreign or
//! hostile file stops here, before allocation.

use crate::error::Error;

pub const MAX_WIDTH: usize = 1 << 16;
pub const MAX_LAYERS: usize = 256;
pub const MAX_IMAGE_SIDE: usize = 4096;
pub const MAX_VOCABULARY: usize = 1 << 20;

pub fn unsupported(reason: String) -> Error {
    Error::UnsupportedModel { reason }
}

pub fn need(condition: bool, reason: String) -> Result<(), Error> {
    if condition {
        return Ok(());
    }
    Err(unsupported(reason))
}

pub fn within(name: &str, value: usize, limit: usize) -> Result<(), Error> {
    need(
        (1..=limit).contains(&value),
        format!("{name} is {value}, not within 1 to {limit}"),
    )
}

pub fn divides(name: &str, divisor: usize, value: usize) -> Result<(), Error> {
    need(
        divisor > 0 && value.is_multiple_of(divisor),
        format!("{name}: {divisor} does not divide {value}"),
    )
}
