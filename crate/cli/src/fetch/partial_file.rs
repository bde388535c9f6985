//! A file that is not whole yet, and the version of it that the server named.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// Beside the target: its first bytes in `.part`, the server's tag of them in `.etag`.
pub struct PartialFile {
    pub data: PathBuf,
    etag: PathBuf,
}

impl PartialFile {
    pub fn of(target: &Path) -> Self {
        Self {
            data: target.with_added_extension("part"),
            etag: target.with_added_extension("etag"),
        }
    }

    /// How many bytes are there; 0 without a file.
    pub fn bytes(&self) -> u64 {
        fs::metadata(&self.data).map_or(0, |data| data.len())
    }

    /// The server's tag, unless it is a weak one, which says nothing about bytes.
    pub fn tag(&self) -> Option<String> {
        let tag = fs::read_to_string(&self.etag).ok()?;
        (!tag.starts_with("W/")).then_some(tag)
    }

    pub fn store_tag(&self, tag: Option<&str>) -> Result<(), Fault> {
        let done = match tag {
            Some(tag) => fs::write(&self.etag, tag),
            None => fs::remove_file(&self.etag).or(Ok(())),
        };
        done.map_err(|cause| Fault::file(&self.etag, cause))
    }

    /// For writing behind what is there.
    pub fn append(&self) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.data)
    }

    pub fn remove(&self) {
        // What is not there needs no removal.
        let _ = fs::remove_file(&self.data);
        let _ = fs::remove_file(&self.etag);
    }

    /// Makes it the target, which is whole from then on.
    pub fn rename_to(&self, target: &Path) -> Result<(), Fault> {
        fs::rename(&self.data, target).map_err(|cause| Fault::file(target, cause))?;
        self.remove();
        Ok(())
    }
}
