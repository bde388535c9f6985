//! What is wrong with a part of a data set.

use std::fmt;
use std::path::Path;

use askmask_core::Error;
use serde::Serialize;

use crate::file::FileError;

/// What is wrong, with a stable code. Displayed as `[code] reason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Lower case words with hyphens, such as `missing-picture`; also those of
    /// [`askmask_core::error::CODES`].
    pub code: &'static str,
    /// What was found, for people.
    pub reason: String,
}

impl Problem {
    /// A problem of this code.
    #[must_use]
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// In `file`, on account of which `questions` questions are not asked.
    #[must_use]
    pub fn at(self, file: impl Into<String>, questions: usize) -> Fault {
        Fault {
            file: file.into(),
            code: self.code,
            reason: self.reason,
            left_out: questions,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        Self::new("unreadable-file", error.to_string())
    }
}

impl std::error::Error for Problem {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.code, self.reason)
    }
}

/// A problem and where it is. Displayed as `file: [code] reason`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// File, or file and line or entry.
    pub file: String,
    /// As in [`Problem::code`].
    pub code: &'static str,
    /// As in [`Problem::reason`].
    pub reason: String,
    /// Questions that are not asked because of it; 0 for a mere remark.
    pub left_out: usize,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: [{}] {}", self.file, self.code, self.reason)
    }
}

/// The file's name as it is shown, relative to the data's folder where it lies in it.
pub(super) fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}
