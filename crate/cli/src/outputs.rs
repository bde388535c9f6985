//! The pictures that `askmask ask` writes: checked before the model is loaded, written at its end.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use askmask_core::pipeline::Object;
use askmask_core::{Error, Mask, SourceImage};
use askmask_eval::file;
use clap::Args;

use crate::fault::Fault;

/// Stands for standard input or output instead of a file.
pub const DASH: &str = "-";

#[derive(Args)]
pub struct Outputs {
    /// Write the union of all targets as a black and white PNG; - is standard output
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
    /// Write one mask a target: mask-1.png, mask-2.png, …; those of an earlier run are removed
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    /// Write the picture with the targets in color as a PNG; - is standard output
    #[arg(long, value_name = "FILE")]
    overlay: Option<PathBuf>,
    /// Write the targets on a transparent ground as a PNG; - is standard output
    #[arg(long, value_name = "FILE")]
    cutout: Option<PathBuf>,
}

impl Outputs {
    /// Whether standard output is taken by a picture, so that words must not go there.
    pub fn take_standard_output(&self) -> bool {
        self.files().any(|path| path == Path::new(DASH))
    }

    /// Refuses names under which nothing could be written after all the work, or something that
    /// would be lost.
    pub fn check(&self, picture: &Path, json: bool) -> Result<(), Fault> {
        let dashes = self.files().filter(|path| *path == Path::new(DASH)).count();
        if dashes + usize::from(json) > 1 {
            return Err(Fault::Output(
                "standard output cannot take more than one result".into(),
                "Give all but one of them a file, and leave --json out with -.",
            ));
        }
        if dashes > 0 && stdout().is_terminal() {
            return Err(Fault::Output(
                "a picture would go to the terminal".into(),
                "Redirect standard output to a file or a program.",
            ));
        }
        // First the picture, if it is a file.
        let picture = Some(picture).filter(|path| *path != Path::new(DASH));
        let mut taken = vec![picture.map(real).unwrap_or_default()];
        for path in self.files().filter(|path| *path != Path::new(DASH)) {
            check_suffix(path)?;
            check_free(path, &taken)?;
            check_writable(path)?;
            taken.push(real(path));
        }
        if let Some(folder) = &self.masks {
            check_masks(folder, &taken)?;
        }
        Ok(())
    }

    /// Writes what was found. Where nothing was, files of an earlier run do not stay: they would
    /// be taken for the answer.
    pub fn write(&self, objects: &[Object], image: &SourceImage) -> Result<(), Fault> {
        if let Some(folder) = &self.masks {
            remove_numbered(folder)?;
        }
        let Some(union) = union(objects)? else {
            for path in self.files().filter(|path| *path != Path::new(DASH)) {
                remove(path)?;
            }
            return Ok(());
        };
        if let Some(path) = &self.mask {
            write(path, &union.to_png()?)?;
        }
        if let Some(path) = &self.cutout {
            write(path, &union.cutout_png(image)?)?;
        }
        if let Some(path) = &self.overlay {
            const COLOR: [u8; 3] = [255, 61, 127];
            const OPACITY: f32 = 0.55;
            write(path, &union.overlay_png(image, COLOR, OPACITY)?)?;
        }
        if let Some(folder) = &self.masks {
            fs::create_dir_all(folder).map_err(|cause| Fault::file(folder, cause))?;
            for (i, object) in objects.iter().enumerate() {
                file::write(&numbered(folder, i + 1), &object.mask.to_png()?)?;
            }
        }
        Ok(())
    }

    fn files(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.mask, &self.cutout, &self.overlay];
        files.into_iter().filter_map(Option::as_deref)
    }
}

/// Everything that was found, or `None` when that is nothing.
fn union(objects: &[Object]) -> Result<Option<Mask>, Error> {
    let mut masks = objects.iter().map(|object| &object.mask);
    let Some(first) = masks.next().cloned() else {
        return Ok(None);
    };
    let all = masks.try_fold(first, |all, mask| all.union(mask))?;
    Ok((all.area() > 0).then_some(all))
}

fn numbered(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("mask-{number}.png"))
}

/// Whether a name is one that [`numbered`] gives.
fn is_numbered(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let number = name.and_then(|name| name.strip_prefix("mask-")?.strip_suffix(".png"));
    number.is_some_and(|number| {
        !number.starts_with('0') && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
    })
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

fn check_free(path: &Path, taken: &[PathBuf]) -> Result<(), Fault> {
    let at = taken.iter().position(|other| *other == real(path));
    match at {
        Some(0) => Err(Fault::Output(
            format!("{} is the picture itself", path.display()),
            "Give the result another name, so that the picture is not lost.",
        )),
        // What is no file, such as /dev/null, may take any number of results.
        Some(_) if path.is_file() || !path.exists() => Err(Fault::Output(
            format!("{} would be written twice", path.display()),
            "Give every result a name of its own.",
        )),
        _ => Ok(()),
    }
}

/// Looks without leaving anything behind.
fn check_writable(path: &Path) -> Result<(), Fault> {
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

fn check_masks(folder: &Path, taken: &[PathBuf]) -> Result<(), Fault> {
    if folder == Path::new(DASH) {
        return Err(Fault::Output(
            "--masks needs a folder, standard output is none".into(),
            "Name a folder, or take --mask - for one picture.",
        ));
    }
    // The next folder that is there; the others are made.
    let there = folder.ancestors().find(|path| path.exists());
    let there = there.unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(Fault::Output(
            format!("{}: {} is no folder", folder.display(), there.display()),
            "Name a folder, or one to be made.",
        ));
    }
    let inside = real(folder);
    let lost = |path: &&PathBuf| path.parent() == Some(inside.as_path()) && is_numbered(path);
    if let Some(path) = taken.iter().find(lost) {
        return Err(Fault::Output(
            format!("--masks would replace {}", path.display()),
            "Name another folder, or give that file another name.",
        ));
    }
    // Whether something can be made there.
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

fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    if path != Path::new(DASH) {
        return Ok(file::write(path, bytes)?);
    }
    let mut out = stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        // Whoever closed it does not want the rest.
        Err(cause) if cause.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.map_err(|cause| Fault::file(Path::new("standard output"), cause)),
    }
}

/// Removes the masks of an earlier run, and nothing else.
fn remove_numbered(folder: &Path) -> Result<(), Fault> {
    let failed = |cause| Fault::file(folder, cause);
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_numbered(&path) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a file; a folder or a device stays.
fn remove(path: &Path) -> Result<(), Fault> {
    if path.is_file() {
        fs::remove_file(path).map_err(|cause| Fault::file(path, cause))?;
    }
    Ok(())
}
