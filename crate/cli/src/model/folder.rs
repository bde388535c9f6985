//! Models in folders: a browser folder with a manifest, or a plain checkpoint.

use std::path::Path;

use askmask_core::language::tokenizer::Qwen2Files;
use askmask_core::pipeline::{FAMILIES, ModelFiles};
use askmask_core::weights::manifest::MANIFEST;
use askmask_core::weights::{Files, Folder, Manifest, Stored, TensorSource};
use askmask_eval::file;

use crate::fault::Fault;

/// The files of a folder.
pub fn files(folder: &Path) -> Result<ModelFiles, Fault> {
    match browser_folder(folder)? {
        Some(stored) => Ok(ModelFiles::from_stored(stored)?),
        None => Ok(ModelFiles {
            config: file::read_text(&folder.join("config.json"))?,
            tokenizer: tokenizer_json(folder)?,
            weights: Box::new(Folder::open(folder)?),
        }),
    }
}

/// The tensors of a browser folder, every file verified, or of a plain checkpoint.
pub fn weights(folder: &Path) -> Result<Box<dyn TensorSource>, Fault> {
    Ok(match browser_folder(folder)? {
        Some(stored) => Box::new(stored),
        None => Box::new(Folder::open(folder)?),
    })
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
    let manifest = Manifest::parse(&file::read_text(&folder.join(MANIFEST))?, FAMILIES)?;
    let files = Files::new(folder.to_owned());
    Ok(Stored::new(manifest, Box::new(files)))
}

/// `tokenizer.json` of the checkpoint, or one made from the files that older tokenizers have.
pub fn tokenizer_json(folder: &Path) -> Result<Vec<u8>, Fault> {
    let ready = folder.join("tokenizer.json");
    if ready.is_file() {
        return Ok(file::read(&ready)?);
    }
    let optional = |name: &str| match folder.join(name) {
        path if path.is_file() => file::read_text(&path).map(Some),
        _ => Ok(None),
    };
    let files = Qwen2Files {
        vocabulary: file::read_text(&folder.join("vocab.json"))?,
        merges: file::read_text(&folder.join("merges.txt"))?,
        added: optional("added_tokens.json")?,
        config: optional("tokenizer_config.json")?,
        special: optional("special_tokens_map.json")?,
    };
    Ok(files.to_json()?)
}

/// The last part of a path, which says nothing about whose machine it is on.
pub fn name(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().unwrap_or(whole.as_os_str());
    name.to_string_lossy().into_owned()
}
