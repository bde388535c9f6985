//! Model folders, and the one inside the program.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use askmask_core::language::tokenizer::Qwen2Files;
use askmask_core::pipeline::{FAMILIES, LoadOptions, ModelFiles};
use askmask_core::weights::manifest::MANIFEST;
use askmask_core::weights::{Files, Folder, Manifest, ReadAt, Stored, TensorSource};
use askmask_core::{DeviceKind, Error};
use askmask_eval::file;
use clap::Args;

use crate::fault::Fault;
use crate::host::Terminal;
use crate::remote::Remote;

/// Which model, and how it is run.
#[derive(Args)]
pub struct Choice {
    /// A folder, the address of a manifest.json, or a repository of a hub, instead of the embedded
    /// nano
    #[arg(long, value_name = "FOLDER|URL|hub:OWNER/NAME@REVISION")]
    model: Option<PathBuf>,
    /// The hub of hub: models
    #[arg(long, value_name = "URL", default_value = "https://huggingface.co")]
    host: String,
    /// Seconds of silence after which a server is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
    /// Most tiles that a picture is cut into: fewer need less memory and time, and lose small
    /// things [default: what the model was trained with]
    #[arg(long, value_parser = ["1", "4", "12"])]
    tiles: Option<String>,
    /// Hold only the part of the model at work, and read the others again when their turn comes
    #[arg(long)]
    low_memory: bool,
}

impl Choice {
    /// The model's files, fetched if they are elsewhere.
    pub fn files(&self, host: &Terminal) -> Result<ModelFiles, Fault> {
        let Some(model) = &self.model else {
            return files(None);
        };
        let text = model.to_str().unwrap_or_default();
        let remote = if let Some(id) = text.strip_prefix("hub:") {
            Remote::hub(id, &self.host)
        } else if text.starts_with("http://") || text.starts_with("https://") {
            Remote::at(text)
        } else {
            return files(Some(model));
        };
        let remote = remote.map_err(Fault::File)?;
        let folder = remote.folder(Duration::from_secs(self.patience), host)?;
        // Just verified.
        Ok(ModelFiles::from_stored(stored(&folder)?)?)
    }

    /// How it is loaded.
    pub fn options(&self, device: DeviceKind) -> LoadOptions {
        LoadOptions {
            device,
            max_tiles: self.tiles.as_ref().and_then(|tiles| tiles.parse().ok()),
            low_memory: self.low_memory,
        }
    }
}

/// The files of `folder`, or of the embedded nano.
pub fn files(folder: Option<&Path>) -> Result<ModelFiles, Fault> {
    let Some(folder) = folder else {
        return nano();
    };
    match browser_folder(folder)? {
        Some(stored) => Ok(ModelFiles::from_stored(stored)?),
        None => Ok(ModelFiles {
            config: text(&folder.join("config.json"))?,
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
fn stored(folder: &Path) -> Result<Stored, Fault> {
    let manifest = Manifest::parse(&text(&folder.join(MANIFEST))?, FAMILIES)?;
    Ok(Stored::new(
        manifest,
        Box::new(Files::new(folder.to_owned())),
    ))
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
    let files = Qwen2Files {
        vocabulary: text(&folder.join("vocab.json"))?,
        merges: text(&folder.join("merges.txt"))?,
        added: optional("added_tokens.json")?,
        config: optional("tokenizer_config.json")?,
        special: optional("special_tokens_map.json")?,
    };
    Ok(files.to_json()?)
}

fn nano() -> Result<ModelFiles, Fault> {
    let manifest = Manifest::parse(include_str!("../../../models/nano/manifest.json"), FAMILIES)?;
    let stored = Stored::new(manifest, Box::new(Embedded));
    Ok(ModelFiles::from_stored(stored)?)
}

/// nano's files, inside the program.
struct Embedded;

impl ReadAt for Embedded {
    fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let bytes: &[u8] = match file {
            "config.json" => include_bytes!("../../../models/nano/config.json"),
            "tokenizer.json" => include_bytes!("../../../models/nano/tokenizer.json"),
            "weights-00001.safetensors" => {
                include_bytes!("../../../models/nano/weights-00001.safetensors")
            }
            _ => &[],
        };
        let rest = bytes.get(offset as usize..).unwrap_or_default();
        match rest.get(..buffer.len()) {
            Some(found) => buffer.copy_from_slice(found),
            None => {
                return Err(Error::Integrity {
                    file: file.to_owned(),
                    reason: "it ends too early".into(),
                });
            }
        }
        Ok(())
    }
}

/// The bytes of a file.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    file::bytes(path).map_err(Fault::File)
}

/// The text of a file.
pub fn text(path: &Path) -> Result<String, Fault> {
    let invalid = |_| Fault::file(path, &io::Error::other("not UTF-8 text"));
    String::from_utf8(bytes(path)?).map_err(invalid)
}
