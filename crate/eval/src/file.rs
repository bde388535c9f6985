//! Files that somebody named, read whole.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Most bytes of a picture, tokenizer or list of questions; beyond that the path is a mistake,
/// such as a device.
const MAX_BYTES: u64 = 1 << 30;

/// A file that could not be read or written. Displayed as `path: cause`.
#[derive(Debug)]
pub struct FileError {
    path: PathBuf,
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

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.cause)
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// The bytes of a file.
///
/// # Errors
/// When it cannot be read, or has more than 2³⁰ bytes.
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MAX_BYTES + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(io::Error::other(format!("more than {MAX_BYTES} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(|cause| FileError::new(path, cause))
}

/// The text of a file.
///
/// # Errors
/// As [`read`], and when it is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, FileError> {
    let invalid = |_| FileError::new(path, io::Error::other("not UTF-8 text"));
    String::from_utf8(read(path)?).map_err(invalid)
}
