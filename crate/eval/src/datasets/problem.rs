//! What is wrong with a part of a data set.

use std::fmt;
use std::path::Path;

use askmask_core::Error;
use serde::Serialize;

/// A stable code and what was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: &'static str,
    pub reason: String,
}

impl Problem {
    pub fn new(code: &'static str, reason: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.into(),
        }
    }

    /// In `file`, on account of which `questions` questions are not asked.
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

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// File, or file and line or entry.
    pub file: String,
    pub code: &'static str,
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
pub fn shown(path: &Path, folder: &Path) -> String {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .display()
        .to_string()
}
