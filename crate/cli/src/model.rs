//! Model folders, and the one inside the program.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use askmask_core::pipeline::ModelFiles;
use askmask_core::tokenizer;
use askmask_core::weights::{Files, Folder, InMemory, Manifest, Stored, TensorSource};

use crate::fault::Fault;

/// The files of `folder`, or of the embedded nano.
pub fn files(folder: Option<&Path>) -> Result<ModelFiles, Fault> {
    let Some(folder) = folder else {
        return nano();
    };
    // First, because it verifies the other two files of a browser folder.
    let weights = weights(folder)?;
    Ok(ModelFiles {
        config: text(&folder.join("config.json"))?,
        tokenizer: tokenizer_json(folder)?,
        weights,
    })
}

/// The tensors of a browser folder, every file verified, or of a plain checkpoint.
pub fn weights(folder: &Path) -> Result<Box<dyn TensorSource>, Fault> {
    let manifest = folder.join("manifest.json");
    if !manifest.is_file() {
        return Ok(Box::new(Folder::open(folder)?));
    }
    let stored = Stored::new(
        Manifest::parse(&text(&manifest)?)?,
        Box::new(Files::new(folder.to_owned())),
    );
    stored.check_hashes()?;
    Ok(Box::new(stored))
}

/// `tokenizer.json` of the checkpoint, or one made from the files that older tokenizers have.
pub fn tokenizer_json(folder: &Path) -> Result<Vec<u8>, Fault> {
    let ready = folder.join("tokenizer.json");
    if ready.is_file() {
        return bytes(&ready);
    }
    let optional = |name: &str| match folder.join(name) {
        path if path.is_file() => text(&path).map(Some),
        _ => Ok(None),
    };
    let parts = tokenizer::Parts {
        vocabulary: text(&folder.join("vocab.json"))?,
        merges: text(&folder.join("merges.txt"))?,
        added: optional("added_tokens.json")?,
        config: optional("tokenizer_config.json")?,
        special: optional("special_tokens_map.json")?,
    };
    Ok(tokenizer::build(&parts)?)
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
