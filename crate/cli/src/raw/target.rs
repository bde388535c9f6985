//! The folder that a raw repository is converted into, and how far that is.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use askmask_core::quantize::{Conversion, End, Need, Progress};
use askmask_core::weights::manifest::MANIFEST;
use serde::{Deserialize, Serialize};

use super::kept;
use super::repository::Versions;
use crate::fault::Fault;
use crate::hash::sha256;

/// Where the state is; hidden, because it is no part of the model.
const STATE: &str = ".conversion.json";
/// How the names of files with weights begin.
const WEIGHTS: &str = "weights-";
const BUFFER_BYTES: usize = 1 << 20;

/// What has to be known to go on later. It stays when everything is converted: a file that is
/// damaged since is then made again.
#[derive(Serialize, Deserialize)]
struct State {
    /// Of the source's files.
    versions: Versions,
    progress: Progress,
}

/// Whether what is in `folder` was converted here, or is to be.
pub fn is_in(folder: &Path) -> bool {
    folder.join(STATE).is_file()
}

/// A folder in the cache, and the source of what it holds.
pub struct Target<'a> {
    pub folder: &'a Path,
    pub versions: &'a Versions,
}

impl Target<'_> {
    /// Goes to the last finished block of an earlier run, if there was one and its source is the
    /// same. What it left of another is removed.
    pub fn resume(&self, conversion: &mut Conversion) -> Result<(), Fault> {
        let Some(progress) = self.progress() else {
            return self.clear();
        };
        let sound = self.sound_files(conversion, &progress);
        let progress = progress.up_to(sound);
        if !conversion.resume(&progress) {
            return self.clear();
        }
        let Some(name) = conversion.file().map(|file| file.name.clone()) else {
            return Ok(());
        };
        if progress.bytes > 0 {
            rehash(&self.part(&name), progress.bytes, conversion)?;
        }
        conversion.confirm(&progress);
        Ok(())
    }

    /// What the last run noted of the same source. Without tags another source can look the same.
    fn progress(&self) -> Option<Progress> {
        let json = fs::read(self.folder.join(STATE)).ok()?;
        let state: State = serde_json::from_slice(&json).ok()?;
        let tagged = self.versions.values().all(|version| version.tag.is_some());
        (tagged && state.versions == *self.versions).then_some(state.progress)
    }

    /// How many of the finished files are there with the bytes that were written.
    fn sound_files(&self, conversion: &Conversion, progress: &Progress) -> usize {
        let files = conversion.manifest().files.iter();
        let weights = files.skip(conversion.others().count());
        let sound = weights.zip(&progress.finished).take_while(|(file, hash)| {
            sha256(&self.folder.join(&file.name)).is_ok_and(|found| found == **hash)
        });
        sound.count()
    }

    /// Notes how far the conversion is, at the end of a block.
    pub fn note(&self, conversion: &Conversion) -> Result<(), Fault> {
        let state = State {
            versions: self.versions.clone(),
            progress: conversion.progress(),
        };
        let json = serde_json::json!(state).to_string();
        self.replace(STATE, json.as_bytes())
    }

    /// Writes every file that is not there yet, and the manifest last, so that a folder with a
    /// manifest can be used. `read` gives the bytes of what is needed, and `show` hears of every
    /// step.
    pub fn write(
        &self,
        mut conversion: Conversion,
        read: &mut dyn FnMut(&Need) -> Result<Vec<u8>, Fault>,
        show: &dyn Fn(&Conversion),
    ) -> Result<(), Fault> {
        self.remove(MANIFEST)?;
        for (file, bytes) in conversion.others() {
            self.replace(&file.name, bytes)?;
        }
        while let Some(name) = conversion.file().map(|file| file.name.clone()) {
            self.write_file(&name, &mut conversion, read, show)?;
        }
        self.replace(MANIFEST, conversion.finish()?.as_bytes())
    }

    fn write_file(
        &self,
        name: &str,
        conversion: &mut Conversion,
        read: &mut dyn FnMut(&Need) -> Result<Vec<u8>, Fault>,
        show: &dyn Fn(&Conversion),
    ) -> Result<(), Fault> {
        let part = self.part(name);
        let unwritten = |cause| Fault::file(&part, cause);
        let file = if conversion.progress().bytes == 0 {
            File::create(&part)
        } else {
            OpenOptions::new().append(true).open(&part)
        };
        let mut file = file.map_err(unwritten)?;
        while let Some(need) = conversion.next() {
            show(conversion);
            let piece = conversion.take(&read(&need)?)?;
            file.write_all(&piece.bytes).map_err(unwritten)?;
            match piece.end {
                None => {}
                Some(End::Block) => self.note(conversion)?,
                Some(End::File) => break,
            }
        }
        drop(file);
        fs::rename(&part, self.folder.join(name)).map_err(unwritten)?;
        self.note(conversion)
    }

    fn part(&self, name: &str) -> PathBuf {
        self.folder.join(name).with_added_extension("part")
    }

    /// Writes a small file so that it is there whole or not at all.
    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let (part, target) = (self.part(name), self.folder.join(name));
        fs::write(&part, bytes)
            .and_then(|()| fs::rename(&part, &target))
            .map_err(|cause| Fault::file(&target, cause))
    }

    /// Removes what was converted, the manifest first, and what was kept of its source.
    fn clear(&self) -> Result<(), Fault> {
        self.remove(MANIFEST)?;
        kept::remove(self.folder)?;
        let failed = |cause| Fault::file(self.folder, cause);
        for entry in fs::read_dir(self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            if let Some(name) = name.to_str().filter(|name| name.starts_with(WEIGHTS)) {
                self.remove(name)?;
            }
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<(), Fault> {
        let path = self.folder.join(name);
        match fs::remove_file(&path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => Err(Fault::file(&path, cause)),
            _ => Ok(()),
        }
    }
}

/// Hashes the file at work up to `bytes`, and drops what a block that was not finished left
/// behind them.
fn rehash(part: &Path, bytes: u64, conversion: &mut Conversion) -> Result<(), Fault> {
    let failed = |cause| Fault::file(part, cause);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(part)
        .map_err(failed)?;
    file.set_len(bytes).map_err(failed)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(()),
            count => conversion.rehash(&buffer[..count]),
        }
    }
}
