//! The pictures that `askmask ask` writes: named and checked before the model is loaded, written
//! at its end.

mod names;

use std::collections::HashMap;
use std::fs;
use std::io::{ErrorKind, IsTerminal, Write, stdout};
use std::path::{Path, PathBuf};

use askmask_core::pipeline::Object;
use askmask_core::{Error, Mask, SourceImage};
use askmask_eval::file;
use clap::Args;

use crate::fault::Fault;
use names::{Taken, check_folder, check_writable, is_numbered, numbered};

/// Stands for standard input or output instead of a file.
pub const DASH: &str = "-";

#[derive(Args)]
pub struct Outputs {
    /// Write the union of all targets as a black and white PNG; - is standard output. With several
    /// pictures, a folder for one file of each picture's name
    #[arg(long, value_name = "FILE|DIR")]
    mask: Option<PathBuf>,
    /// Write one mask a target: mask-1.png, mask-2.png, …; those of an earlier run are removed.
    /// With several pictures, into a folder of each picture's name
    #[arg(long, value_name = "DIR")]
    masks: Option<PathBuf>,
    /// Write the picture with the targets in color as a PNG; - and several pictures as for --mask
    #[arg(long, value_name = "FILE|DIR")]
    overlay: Option<PathBuf>,
    /// Write the targets on a transparent ground as a PNG; - and several pictures as for --mask
    #[arg(long, value_name = "FILE|DIR")]
    cutout: Option<PathBuf>,
}

/// What is written about one picture, under which names.
#[derive(Default)]
pub struct Files {
    mask: Option<PathBuf>,
    masks: Option<PathBuf>,
    overlay: Option<PathBuf>,
    cutout: Option<PathBuf>,
}

impl Outputs {
    /// Whether standard output is taken by a picture, so that words must not go there.
    pub fn take_standard_output(&self) -> bool {
        self.names().any(|path| path == Path::new(DASH))
    }

    /// The names for every picture. Refuses those under which nothing could be written after all
    /// the work, or something would be lost. `several`: whether options name folders.
    pub fn files(
        &self,
        pictures: &[PathBuf],
        several: bool,
        json: bool,
    ) -> Result<Vec<Files>, Fault> {
        self.check_standard_output(several, json)?;
        let on_disk = pictures.iter().map(PathBuf::as_path);
        let mut taken = Taken::pictures(on_disk.filter(|path| *path != Path::new(DASH)));
        let all = if several {
            self.check_folders()?;
            if self.masks.is_some() || self.names().next().is_some() {
                check_stems(pictures)?;
            }
            pictures.iter().map(|path| self.of(path)).collect()
        } else {
            vec![Files {
                mask: self.mask.clone(),
                masks: self.masks.clone(),
                overlay: self.overlay.clone(),
                cutout: self.cutout.clone(),
            }]
        };
        for files in &all {
            files.check(&mut taken, several)?;
        }
        for folder in all.iter().filter_map(|files| files.masks.as_deref()) {
            taken.check_masks(folder)?;
        }
        Ok(all)
    }

    /// The names for one picture among several: its own in the folders that the options name.
    fn of(&self, picture: &Path) -> Files {
        let stem = picture.file_stem().unwrap_or_default();
        let mut name = stem.to_owned();
        name.push(".png");
        let file = |folder: &Option<PathBuf>| folder.as_ref().map(|folder| folder.join(&name));
        Files {
            mask: file(&self.mask),
            masks: self.masks.as_ref().map(|folder| folder.join(stem)),
            overlay: file(&self.overlay),
            cutout: file(&self.cutout),
        }
    }

    fn check_standard_output(&self, several: bool, json: bool) -> Result<(), Fault> {
        if self.masks.as_deref() == Some(Path::new(DASH)) {
            return Err(Fault::Output(
                "--masks needs a folder, standard output is none".into(),
                "Name a folder, or take --mask - for one picture.",
            ));
        }
        let dashes = self.names().filter(|path| *path == Path::new(DASH)).count();
        if dashes > 0 && several {
            return Err(Fault::Output(
                "standard output cannot take the results of several pictures".into(),
                "Name a folder for them.",
            ));
        }
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
        Ok(())
    }

    fn check_folders(&self) -> Result<(), Fault> {
        for folder in self.names() {
            if folder
                .extension()
                .is_some_and(|s| s.eq_ignore_ascii_case("png"))
                && !folder.is_dir()
            {
                return Err(Fault::Output(
                    format!("{} is the name of one file", folder.display()),
                    "With several pictures, name a folder for their results.",
                ));
            }
        }
        self.names()
            .chain(self.masks.as_deref())
            .try_for_each(check_folder)
    }

    fn names(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.mask, &self.cutout, &self.overlay];
        files.into_iter().filter_map(Option::as_deref)
    }
}

/// Refuses two pictures whose results would have one name, on disks that do not tell capitals
/// apart as well.
fn check_stems(pictures: &[PathBuf]) -> Result<(), Fault> {
    let mut seen = HashMap::new();
    for picture in pictures {
        let stem = picture.file_stem().unwrap_or_default();
        if let Some(other) = seen.insert(stem.to_ascii_lowercase(), picture) {
            return Err(Fault::Output(
                format!(
                    "{} and {} would give their results the same name",
                    other.display(),
                    picture.display()
                ),
                "Rename one of them, or ask about them in two runs.",
            ));
        }
    }
    Ok(())
}

impl Files {
    /// `several`: whether the folders are made if they are not there, and known to be sound.
    fn check(&self, taken: &mut Taken, several: bool) -> Result<(), Fault> {
        for path in self.names() {
            taken.add(path)?;
            if !several || path.exists() {
                check_writable(path)?;
            }
        }
        self.masks.as_deref().map_or(Ok(()), check_folder)
    }

    /// Writes what was found. Where nothing was, files of an earlier run do not stay: they would
    /// be taken for the answer.
    pub fn write(&self, objects: &[Object], image: &SourceImage) -> Result<(), Fault> {
        if let Some(folder) = &self.masks {
            remove_numbered(folder)?;
        }
        let Some(union) = union(objects)? else {
            return self.names().try_for_each(remove);
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
            for (i, object) in objects.iter().enumerate() {
                write(&numbered(folder, i + 1), &object.mask.to_png()?)?;
            }
        }
        Ok(())
    }

    /// Those that are no standard output.
    fn names(&self) -> impl Iterator<Item = &Path> {
        let files = [&self.mask, &self.cutout, &self.overlay];
        let names = files.into_iter().filter_map(Option::as_deref);
        names.filter(|path| *path != Path::new(DASH))
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

fn write(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
    if path != Path::new(DASH) {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|cause| Fault::file(folder, cause))?;
        }
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
