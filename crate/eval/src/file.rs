//! Reading files that somebody named.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Most bytes of a picture, tokenizer or list of questions; beyond that the path is a mistake,
/// such as a device.
const MAX_FILE: u64 = 1 << 30;

/// The bytes of a file.
///
/// # Errors
/// The path and what is wrong with it, in one line.
pub fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MAX_FILE + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(io::Error::other(format!("more than {MAX_FILE} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(|cause: io::Error| format!("{}: {cause}", path.display()))
}
