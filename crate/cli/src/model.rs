//! Model folders, and the one inside the program.

use std::fs::File;
use std::io::{self, Read};
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

/// Most bytes of a picture or tokenizer; beyond that the path is a mistake, such as a device.
const MAX_FILE: u64 = 1 << 30;

/// The bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    let read = || {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(MAX_FILE + 1)
            .read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(io::Error::other(format!("more than {MAX_FILE} bytes")));
        }
        Ok(bytes)
    };
    read().map_err(|cause: io::Error| Fault::file(path, &cause))
}

/// The text of a file.
pub fn text(path: &Path) -> Result<String, Fault> {
    let invalid = |_| Fault::file(path, &io::Error::other("not UTF-8 text"));
    String::from_utf8(bytes(path)?).map_err(invalid)
}
