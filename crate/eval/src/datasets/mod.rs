//! Data sets: pictures, questions and what is true of them.
//!
//! A reader never stops at what is wrong with one file or entry: it leaves it out and says so in
//! [`Dataset::faults`]. What a whole data set cannot be read without is an error, a [`Problem`].

mod coco;
mod dataset;
mod format;
mod pickle;
mod problem;
mod reason_seg;
mod refer;
mod scenes;
mod selection;
mod target;

use std::path::{Component, Path, PathBuf};

pub use dataset::{Dataset, Picture, Question};
pub use format::Format;
pub use problem::{Fault, Problem};
pub use selection::Selection;
pub use target::Target;

/// Most questions of one data set.
const MAX_QUESTIONS: usize = 2_000_000;

/// Reads the data set at `path`, which is a folder or, for RefCOCO and gRefCOCO, the file of
/// references. `pictures` is where its pictures are, if elsewhere.
///
/// Only the questions of `selection` are kept, and only they are checked where that takes long.
/// Pictures are not opened.
///
/// # Errors
/// `unreadable-file`, `invalid-json`, `invalid-pickle`, `forbidden-opcode` or `too-many` where
/// that is true of the data set's own files; `unknown-name` for a split or family that does not
/// occur, or where it is unclear which file is meant.
pub fn read(
    format: Format,
    path: &Path,
    pictures: Option<&Path>,
    selection: &Selection,
) -> Result<Dataset, Problem> {
    let mut data = match format {
        Format::Scenes => scenes::read(path, pictures.unwrap_or(path))?,
        Format::ReasonSeg => reason_seg::read(path, pictures, selection)?,
        Format::RefCoco => refer::read(path, pictures, refer::Kind::Single, selection)?,
        Format::GRefCoco => refer::read(path, pictures, refer::Kind::General, selection)?,
    };
    data.drop_repeated();
    data.select(selection)?;
    data.remark();
    Ok(data)
}

/// `name` below `folder`, if it does not lead out of it.
fn inside(folder: &Path, name: &str) -> Result<PathBuf, Problem> {
    let plain = |part: Component| matches!(part, Component::Normal(_));
    if name.is_empty() || name.contains('\0') || !Path::new(name).components().all(plain) {
        return Err(Problem::new(
            "outside-folder",
            format!("the picture {name:?} is not a file below the data's folder"),
        ));
    }
    Ok(folder.join(name))
}
