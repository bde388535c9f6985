//! Model folders, and the one inside the program.

use std::path::Path;

use askmask_core::pipeline::ModelFiles;
use askmask_core::weights::{Folder, InMemory};

use crate::fault::Fault;

/// The files of `folder`, or of the embedded nano.
pub fn files(folder: Option<&Path>) -> Result<ModelFiles, Fault> {
    match folder {
        Some(folder) => Ok(ModelFiles {
            config: text(&folder.join("config.json"))?,
            tokenizer: bytes(&folder.join("tokenizer.json"))?,
            weights: Box::new(Folder::open(folder)?),
        }),
        None => nano(),
    }
}

fn nano() -> Result<ModelFiles, Fault> {
    let weights = include_bytes!("../../../models/nano/model.safetensors").to_vec();
    Ok(ModelFiles {
        config: include_str!("../../../models/nano/config.json").to_owned(),
        tokenizer: include_bytes!("../../../models/nano/tokenizer.json").to_vec(),
        weights: Box::new(InMemory::new([("model.safetensors".to_owned(), weights)])?),
    })
}

/// The bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|cause| Fault::file(path, &cause))
}

/// The text of a file.
pub fn text(path: &Path) -> Result<String, Fault> {
    std::fs::read_to_string(path).map_err(|cause| Fault::file(path, &cause))
}
