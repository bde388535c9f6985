//! Models in folders: a browser folder with a manifest, or a plain checkpoint.

use std::ffi::OsStr;
use std::path::Path;

use askmask_core::first_bytes;
use askmask_core::pipeline::{FAMILIES, ModelFiles};
use askmask_core::weights::manifest::MANIFEST;
use askmask_core::weights::{Files, Manifest, Shards, Stored};
use askmask_eval::file;

use crate::checkpoint::{ADAPTER, CONFIG, INDEX, SINGLE, adapter_refusal, tokenizer_json};
use crate::fault::Fault;

/// The files of a folder.
pub fn files(folder: &Path) -> Result<ModelFiles, Fault> {
    match browser_folder(folder)? {
        Some(stored) => Ok(ModelFiles::from_stored(stored)?),
        None => checkpoint(folder),
    }
}

/// The files of a plain checkpoint.
pub fn checkpoint(folder: &Path) -> Result<ModelFiles, Fault> {
    Ok(ModelFiles {
        config: config_json(folder)?,
        tokenizer: tokenizer_json(|name| find(folder, name))?,
        weights: Box::new(Shards::open(folder)?),
    })
}

/// The folder that `path` names, itself or by one of the files that a model folder has.
pub fn folder_of(path: &Path) -> Result<&Path, Fault> {
    const FILES: [&str; 4] = [CONFIG, MANIFEST, SINGLE, INDEX];
    if !path.is_file() {
        return Ok(path);
    }
    let name = path.file_name().and_then(OsStr::to_str);
    match path.parent() {
        Some(parent) if name.is_some_and(|name| FILES.contains(&name)) => {
            let here = parent.as_os_str().is_empty();
            Ok(if here { Path::new(".") } else { parent })
        }
        _ => Err(Fault::File(format!(
            "{} is a file, a model is a folder",
            path.display()
        ))),
    }
}

/// A folder with a manifest, every file verified; `None` for a plain checkpoint.
fn browser_folder(folder: &Path) -> Result<Option<Stored>, Fault> {
    if !folder.join(MANIFEST).is_file() {
        return Ok(None);
    }
    let stored = stored(folder)?;
    stored.check_hashes()?;
    Ok(Some(stored))
}

/// A folder with a manifest.
pub fn stored(folder: &Path) -> Result<Stored, Fault> {
    let manifest = Manifest::parse(&read_text(folder, MANIFEST)?, FAMILIES)?;
    let files = Files::new(folder.to_owned());
    Ok(Stored::new(manifest, Box::new(files)))
}

/// `config.json` of a checkpoint that no adapter belongs to.
fn config_json(folder: &Path) -> Result<String, Fault> {
    if folder.join(ADAPTER).is_file() {
        return Err(adapter_refusal().into());
    }
    read_text(folder, CONFIG)
}

/// The bytes of a file of the folder, if there is one of that name.
fn find(folder: &Path, name: &str) -> Result<Option<Vec<u8>>, Fault> {
    let path = folder.join(name);
    let found = path.is_file().then(|| file::read(&path));
    Ok(found.transpose()?)
}

/// The text of a file of the folder.
fn read_text(folder: &Path, name: &str) -> Result<String, Fault> {
    let bytes = file::read(&folder.join(name))?;
    Ok(first_bytes::text(name, &bytes)?.to_owned())
}

/// The last part of a path, which says nothing about whose machine it is on.
pub fn name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().unwrap_or(whole.as_os_str());
    name.to_string_lossy().into_owned()
}
