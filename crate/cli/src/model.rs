//! Which model a command uses, and its files.

mod embedded;
mod folder;

use std::path::{Path, PathBuf};
use std::time::Duration;

use askmask_core::pipeline::{LoadOptions, ModelFiles};
use clap::{Args, value_parser};

use crate::address::ModelAddress;
use crate::cache::Cache;
use crate::device::Device;
use crate::fault::Fault;
use crate::fetch::Client;

pub use folder::{checkpoint, files, folder_of, name as folder_name};

/// Which model, and how it is run.
#[derive(Args)]
pub struct ModelArguments {
    /// A folder, the address of a folder or its manifest.json, or a repository of a hub, instead
    /// of the embedded nano. What is not converted yet is converted while it is downloaded
    #[arg(long, value_name = "FOLDER|URL|hub:OWNER/NAME@REVISION")]
    model: Option<PathBuf>,
    /// The hub of hub: models
    #[arg(long, value_name = "URL", default_value = "https://huggingface.co")]
    host: String,
    /// Also keep the files that a raw repository has, in the folder source beside what they become
    #[arg(long, requires = "model")]
    keep_source: bool,
    /// Seconds without a byte after which a server is given up
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    #[arg(value_parser = value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// What to compute on
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    device: Device,
    /// Most tiles that a picture is cut into: fewer need less memory and time, and lose small
    /// things [default: what the model was trained with]
    #[arg(long, value_parser = ["1", "4", "12"])]
    tiles: Option<String>,
    /// Hold only the part of the model at work, and read the others again when their turn comes
    #[arg(long)]
    low_memory: bool,
}

/// What `--model` names.
enum Source<'a> {
    Embedded,
    Folder(&'a Path),
    Address(ModelAddress),
}

impl ModelArguments {
    /// The model's files, downloaded if they are elsewhere.
    pub fn files(&self) -> Result<ModelFiles, Fault> {
        match self.source()? {
            Source::Embedded => Ok(ModelFiles::from_stored(embedded::stored()?)?),
            Source::Folder(folder) => folder::files(folder),
            Source::Address(address) => {
                let client = Client::new(Duration::from_secs(self.timeout));
                let folder = Cache::open()?.fetch(&address, &client, self.keep_source)?;
                // Just verified.
                Ok(ModelFiles::from_stored(folder::stored(&folder)?)?)
            }
        }
    }

    /// What the model is called, without saying whose machine it is on.
    pub fn name(&self) -> Result<String, Fault> {
        Ok(match self.source()? {
            Source::Embedded => "nano (embedded)".to_owned(),
            Source::Folder(folder) => folder::name(folder),
            Source::Address(address) => address.name,
        })
    }

    /// How it is loaded.
    pub fn options(&self) -> LoadOptions {
        LoadOptions {
            device: self.device.kind(),
            max_tiles: self.tiles.as_ref().and_then(|tiles| tiles.parse().ok()),
            low_memory: self.low_memory,
        }
    }

    fn source(&self) -> Result<Source<'_>, Fault> {
        let Some(model) = &self.model else {
            return Ok(Source::Embedded);
        };
        let text = model.to_str().unwrap_or_default();
        let address = if let Some(id) = text.strip_prefix("hub:") {
            ModelAddress::from_hub(id, &self.host)
        } else if text.starts_with("http://") || text.starts_with("https://") {
            ModelAddress::from_url(text)
        } else {
            return Ok(Source::Folder(folder::folder_of(model)?));
        };
        address.map(Source::Address).map_err(Fault::File)
    }
}
