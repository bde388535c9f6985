//! What is wrong with a part of a data set.

use std::path::Path;

use serde::Serialize;
use thiserror::Error;

use crate::file::FileError;

/// What is wrong, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[error("[{code}] {reason}")]
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
            problem: self,
            left_out: questions,
        }
    }
}

impl From<askmask_core::Error> for Problem {
    fn from(error: askmask_core::Error) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::new("invalid-json", error.to_string())
    }
}

impl From<FileError> for Problem {
    fn from(error: FileError) -> Self {
        Self::new("unreadable-file", error.to_string())
    }
}

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Error)]
#[error("{file}: {problem}")]
pub struct Fault {
    /// File, or file and line or entry.
    pub file: String,
    /// What is wrong there.
    #[serde(flatten)]
    pub problem: Problem,
    /// Questions that are not asked because of it; 0 for a mere remark.
    pub left_out: usize,
}

/// The file's name as it is shown, relative to the data's folder where it lies in it.
pub(super) fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}
