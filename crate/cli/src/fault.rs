//! Errors on one line, with what to do.

use std::fmt;
use std::io;
use std::path::Path;

use askmask_core::Error;
use askmask_eval::file::FileError;

/// Why a command stopped.
#[derive(Debug)]
pub enum Fault {
    /// The core refused or failed.
    Core(Error),
    /// A host has no such file, or does not give it.
    Absent(Error),
    /// A file on a host is no longer the one that was begun.
    Changed(Error),
    /// A file could not be read or written, or an argument names none.
    File(String),
    /// A name under which a result cannot be written, and what to do.
    Output(String, &'static str),
    /// What was typed is no command.
    Usage(String),
    /// So many pictures of all could not be read, each of which was named.
    Unread(usize, usize),
}

impl Fault {
    /// A file that could not be read or written.
    pub fn file(path: &Path, cause: io::Error) -> Self {
        FileError::new(path, cause).into()
    }

    /// What is wrong with the words of a command.
    pub fn usage(error: &clap::Error) -> Self {
        let text = error.to_string();
        // Behind it stands how commands look.
        let wrong = text.split("\n\nUsage:").next().unwrap_or(&text);
        let wrong = wrong.split("\n\nFor more information").next();
        let wrong = wrong.unwrap_or(&text).trim_start_matches("error: ");
        Self::Usage(wrong.trim_end().trim_end_matches('.').to_owned())
    }

    /// 2 for input that has to change, 130 when cancelled, 1 for everything else.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::File(_) | Self::Output(..) | Self::Usage(_) | Self::Unread(..) => 2,
            Self::Core(error) | Self::Absent(error) | Self::Changed(error) => match error {
                Error::Cancelled => 130,
                Error::InvalidImage { .. }
                | Error::UnsupportedImage { .. }
                | Error::ImageTooLarge { .. }
                | Error::InvalidQuery { .. }
                | Error::PromptTooLong { .. }
                | Error::Integrity { .. }
                | Error::WeightsMismatch { .. }
                | Error::UnsupportedModel { .. } => 2,
                _ => 1,
            },
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<FileError> for Fault {
    fn from(error: FileError) -> Self {
        Self::File(error.to_string())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, message, hint) = match self {
            Self::Core(error) | Self::Absent(error) | Self::Changed(error) => {
                (error.code(), error.to_string(), error.hint())
            }
            Self::File(message) => (
                "file",
                message.clone(),
                "Check the path and its permissions.",
            ),
            Self::Output(message, hint) => ("file", message.clone(), *hint),
            Self::Usage(message) => (
                "usage",
                message.clone(),
                "`askmask help` and `askmask ask --help` show what can be given.",
            ),
            Self::Unread(unread, all) => (
                "file",
                format!("{unread} of {all} pictures could not be read"),
                "The lines above say which and why; the others were answered.",
            ),
        };
        // One line whatever a file or a driver put into the message.
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        write!(f, "error[{code}]: {message}. {hint}")
    }
}
