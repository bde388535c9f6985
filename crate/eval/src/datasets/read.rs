//! Reading a data set of any format.

use std::path::Path;

use super::{Dataset, Format, Problem, Selection, reason_seg, refer, scenes};

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
