//! Answers on disk, one line each, so that an interrupted run goes on where it stopped.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use askmask_core::mask::rle::Rle;
use askmask_eval::file;
use askmask_eval::measures::Measured;
use serde::{Deserialize, Serialize};

use super::provenance::Provenance;
use crate::fault::Fault;

/// One answered question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub id: String,
    pub picture: String,
    pub split: String,
    pub family: String,
    pub question: String,
    /// With `[SEG]` in it.
    pub answer: String,
    /// Union of all masks.
    pub mask: Rle,
    /// Reading the question, answering and drawing; the picture was encoded before.
    pub seconds: f64,
    #[serde(flatten)]
    pub measured: Measured,
}

impl Row {
    /// How right the answer is, 0 to 1: IoU where there is a target, else whether it had no `[SEG]`.
    pub fn score(&self) -> f64 {
        if self.measured.targeted {
            self.measured.overlap().iou()
        } else {
            f64::from(u8::from(self.measured.segs == 0))
        }
    }
}

/// The file of answers; its first line says what they depend on.
pub struct Log {
    path: PathBuf,
    file: File,
}

impl Log {
    /// Begins a log, or continues one of the same provenance; the answers that it holds.
    pub fn open(path: &Path, provenance: &Provenance) -> Result<(Self, Vec<Row>), Fault> {
        let failed = |cause: io::Error| Fault::file(path, cause);
        let existing = if path.exists() {
            file::read(path)?
        } else {
            Vec::new()
        };
        // A line that was cut off while it was written is written again.
        let whole = existing.iter().rposition(|&byte| byte == b'\n');
        let whole = whole.map_or(0, |last| last + 1);
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .append(true)
            .open(path)
            .map_err(failed)?;
        file.set_len(whole as u64).map_err(failed)?;
        let mut log = Self {
            path: path.to_owned(),
            file,
        };
        if whole == 0 {
            log.append(provenance)?;
            return Ok((log, Vec::new()));
        }
        let mut lines = existing[..whole].split(|&byte| byte == b'\n');
        let first = lines.next().unwrap_or_default();
        let earlier: Provenance = log.parse(first)?;
        if let Some(difference) = provenance.difference(&earlier) {
            let reason = format!("{difference}; choose another --out or remove this file");
            return Err(failed(io::Error::other(reason)));
        }
        let rows = lines.filter(|line| !line.is_empty());
        let rows = rows.map(|line| log.parse(line)).collect::<Result<_, _>>()?;
        Ok((log, rows))
    }

    /// Adds a line; it is on the disk when this returns.
    pub fn append(&mut self, value: &impl Serialize) -> Result<(), Fault> {
        let mut write = || {
            let mut line = serde_json::to_vec(value)?;
            line.push(b'\n');
            self.file.write_all(&line)?;
            self.file.sync_data()
        };
        write().map_err(|cause: io::Error| Fault::file(&self.path, cause))
    }

    fn parse<T: for<'a> Deserialize<'a>>(&self, line: &[u8]) -> Result<T, Fault> {
        serde_json::from_slice(line).map_err(|cause| Fault::file(&self.path, cause.into()))
    }
}
