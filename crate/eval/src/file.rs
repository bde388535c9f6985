//! Files that somebody named, read and written whole.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Most bytes of a picture, tokenizer or list of questions; beyond that the path is a mistake,
/// such as a device.
const MAX_BYTES: u64 = 1 << 30;

/// A file that could not be read or written.
#[derive(Debug, Error)]
#[error("{}: {cause}", path.display())]
pub struct FileError {
    path: PathBuf,
    #[source]
    cause: io::Error,
}

impl FileError {
    /// For the file at `path`.
    #[must_use]
    pub fn new(path: &Path, cause: io::Error) -> Self {
        Self {
            path: path.to_owned(),
            cause,
        }
    }
}

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read, or has more than 2³⁰ bytes.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let bytes = File::open(path).and_then(whole);
    bytes.map_err(|cause| FileError::new(path, cause))
}

/// The bytes that somebody hands to this program.
///
/// # Errors
/// As [`read`].
pub fn read_standard_input() -> Result<Vec<u8>, FileError> {
    whole(io::stdin().lock()).map_err(|cause| FileError::new(Path::new("standard input"), cause))
}

fn whole(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// The text of a file.
///
/// # Errors
/// As [`read`], and when it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let invalid = |_| FileError::new(path, io::Error::other("not UTF-8 text"));
    String::from_utf8(read(path)?).map_err(invalid)
}

/// Writes a file, over what was there.
///
/// # Errors
/// When it cannot be written.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    fs::write(path, bytes).map_err(|cause| FileError::new(path, cause))
}
