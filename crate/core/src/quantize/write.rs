//! Drives a conversion whose source can be read at any place.

use std::io::{self, Write};

use super::conversion::Conversion;
use super::piece::End;
use crate::error::Error;
use crate::weights::TensorSource;
use crate::weights::manifest::{MANIFEST, Manifest};

/// Where the files of the new model go.
pub trait Sink {
    /// Begins file `name`, a plain file name.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>>;

    /// Hears how many bytes of the source are converted, of how many.
    ///
    /// # Errors
    /// [`Error::Cancelled`] to stop.
    fn progress(&mut self, done: u64, total: u64) -> Result<(), Error>;
}

impl Conversion {
    /// Writes `config.json`, `tokenizer.json`, `weights-00001.safetensors` and on, and last
    /// `manifest.json`, which is also returned.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a tensor cannot be read or holds values that are not finite,
    /// [`Error::Internal`] when the sink fails, [`Error::Cancelled`] when it wants no more.
    pub fn write(
        mut self,
        source: &dyn TensorSource,
        sink: &mut dyn Sink,
    ) -> Result<Manifest, Error> {
        for (file, bytes) in self.others() {
            write_file(&file.name, bytes, sink)?;
        }
        while let Some(file) = self.file() {
            let name = file.name.clone();
            let mut file = sink.create(&name).map_err(|e| unwritten(&name, &e))?;
            while let Some(need) = self.next() {
                let rows = source.read_rows(&need.tensor, need.rows.start, need.rows.len())?;
                let piece = self.take(&rows)?;
                file.write_all(&piece.bytes)
                    .map_err(|e| unwritten(&name, &e))?;
                if piece.end == Some(End::File) {
                    break;
                }
            }
            file.flush().map_err(|e| unwritten(&name, &e))?;
            drop(file);
            let (done, total) = self.source_bytes();
            sink.progress(done, total)?;
        }
        write_file(MANIFEST, self.finish()?.as_bytes(), sink)?;
        Ok(self.manifest().clone())
    }
}

fn write_file(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), Error> {
    let written = sink.create(name).and_then(|mut file| {
        file.write_all(bytes)?;
        file.flush()
    });
    written.map_err(|e| unwritten(name, &e))
}

fn unwritten(name: &str, error: &io::Error) -> Error {
    Error::Internal {
        reason: format!("{name} cannot be written: {error}"),
    }
}
