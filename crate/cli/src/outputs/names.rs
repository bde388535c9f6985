//! Names under which results may be written, and those that are taken.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// Files that must not be written over: the pictures, and results under another option.
#[derive(Default)]
pub struct Taken {
    pictures: HashSet<Place>,
    results: HashSet<Place>,
    /// Paths that the removal of an earlier run's masks would hit.
    numbered: Vec<PathBuf>,
}

/// What two names of one file have in common.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    Path(PathBuf),
    /// Device and number of a file on Unix, where hard links are further names of it.
    Node(u64, u64),
}

impl Taken {
    /// All pictures that are files.
    pub fn pictures<'a>(pictures: impl IntoIterator<Item = &'a Path>) -> Self {
        let mut taken = Self::default();
        for picture in pictures {
            taken.note_numbered(picture);
            taken.pictures.extend(places(picture));
        }
        taken
    }

    /// Takes a name for a result.
    pub fn add(&mut self, path: &Path) -> Result<(), Fault> {
        check_suffix(path)?;
        let places = places(path);
        if places.iter().any(|place| self.pictures.contains(place)) {
            return Err(Fault::Output(
                format!("{} is the picture itself", path.display()),
                "Give the result another name, so that the picture is not lost.",
            ));
        }
        // What is no file, such as /dev/null, may take any number of results.
        let keeps = path.is_file() || !path.exists();
        if keeps && places.iter().any(|place| self.results.contains(place)) {
            return Err(Fault::Output(
                format!("{} would be written twice", path.display()),
                "Give every result a name of its own.",
            ));
        }
        self.note_numbered(path);
        self.results.extend(places);
        Ok(())
    }

    /// Refuses a folder of numbered masks in which something else has such a name.
    pub fn check_masks(&self, folder: &Path) -> Result<(), Fault> {
        let inside = real(folder);
        let lost = |path: &&PathBuf| path.parent() == Some(inside.as_path());
        match self.numbered.iter().find(lost) {
            Some(path) => Err(Fault::Output(
                format!("--masks would replace {}", path.display()),
                "Name another folder, or give that file another name.",
            )),
            None => Ok(()),
        }
    }

    fn note_numbered(&mut self, path: &Path) {
        let path = real(path);
        if is_numbered(&path) {
            self.numbered.push(path);
        }
    }
}

fn places(path: &Path) -> Vec<Place> {
    let mut places = vec![Place::Path(real(path))];
    places.extend(node(path));
    places
}

#[cfg(unix)]
fn node(path: &Path) -> Option<Place> {
    use std::os::unix::fs::MetadataExt;
    let of = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some(Place::Node(of.dev(), of.ino()))
}

#[cfg(not(unix))]
fn node(_: &Path) -> Option<Place> {
    None
}

/// A name without suffix promises nothing, such as `/dev/null`.
fn check_suffix(path: &Path) -> Result<(), Fault> {
    match path.extension() {
        Some(suffix) if !suffix.eq_ignore_ascii_case("png") => Err(Fault::Output(
            format!("{} would hold a PNG under another suffix", path.display()),
            "Only PNG is written: give a name that ends in .png.",
        )),
        _ => Ok(()),
    }
}

/// Looks whether a file can be written, without leaving anything behind.
pub fn check_writable(path: &Path) -> Result<(), Fault> {
    if path.is_dir() {
        return Err(Fault::Output(
            format!("{} is a folder", path.display()),
            "Name a file in it.",
        ));
    }
    let folder = parent(path);
    if !folder.is_dir() {
        return Err(Fault::Output(
            format!(
                "{}: there is no folder {}",
                path.display(),
                folder.display()
            ),
            "Make the folder first, or name another one.",
        ));
    }
    let failed = |cause| Fault::file(path, cause);
    if path.is_file() {
        OpenOptions::new().write(true).open(path).map_err(failed)?;
    } else if path.symlink_metadata().is_err() {
        let new = OpenOptions::new().write(true).create_new(true).open(path);
        drop(new.map_err(failed)?);
        fs::remove_file(path).map_err(failed)?;
    }
    Ok(())
}

/// Looks whether something can be made in a folder, which need not be there yet.
pub fn check_folder(folder: &Path) -> Result<(), Fault> {
    // The next folder that is there; the others are made.
    let there = folder.ancestors().find(|path| path.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(Fault::Output(
            format!("{}: {} is no folder", folder.display(), there.display()),
            "Name a folder, or one to be made.",
        ));
    }
    check_writable(&there.join(".mask-0.png")).map_err(|_| {
        Fault::Output(
            format!("{} cannot be written to", there.display()),
            "Name a folder that is yours to write to.",
        )
    })
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The place that a path leads to, to be compared with others; what is not there yet by the folder
/// that it will be in.
fn real(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    match (parent(path).canonicalize(), path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => path.to_owned(),
    }
}

/// One of the masks in a folder.
pub fn numbered(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("mask-{number}.png"))
}

/// Whether a name is one that [`numbered`] gives.
pub fn is_numbered(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.strip_prefix("mask-")?.strip_suffix(".png"));
    number.is_some_and(|number| {
        !number.starts_with('0') && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
}
