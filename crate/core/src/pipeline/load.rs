//! A checkpoint becomes a model.

use std::rc::Rc;

use super::parts::Parts;
use super::{Inner, Model};
use crate::error::Error;
use crate::language::tokenizer::Tokenizer;
use crate::models::sa2va::{Chat, Config};
use crate::runtime::device::{self, DeviceKind};
use crate::runtime::host::Host;
use crate::weights::{Stored, TensorSource};

/// The files of one checkpoint.
pub struct ModelFiles {
    /// Text of `config.json`.
    pub config: String,
    /// Bytes of `tokenizer.json`.
    pub tokenizer: Vec<u8>,
    /// The weights.
    pub weights: Box<dyn TensorSource>,
}

impl ModelFiles {
    /// Those of a folder with a manifest.
    ///
    /// # Errors
    /// [`Error::Integrity`] when one is missing or cannot be read, [`Error::UnsupportedModel`]
    /// when `config.json` is no text.
    pub fn from_stored(stored: Stored) -> Result<Self, Error> {
        let config = String::from_utf8(stored.read_file("config.json")?);
        Ok(Self {
            config: config.map_err(|_| Error::UnsupportedModel {
                reason: "config.json is no UTF-8 text".into(),
            })?,
            tokenizer: stored.read_file("tokenizer.json")?,
            weights: Box::new(stored),
        })
    }
}

/// How a model is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Where it computes.
    pub device: DeviceKind,
    /// Most tiles a picture is cut into, the thumbnail not counted; by default what the model was
    /// trained with. Fewer need less memory and time, and lose small things.
    pub max_tiles: Option<usize>,
    /// Holds only the part at work and reads the others again when their turn comes. Results are
    /// the same.
    pub low_memory: bool,
}

impl From<DeviceKind> for LoadOptions {
    fn from(device: DeviceKind) -> Self {
        Self {
            device,
            max_tiles: None,
            low_memory: false,
        }
    }
}

impl Model {
    /// Checks and loads a checkpoint onto a device. The weights are read part by part, and stay
    /// in use: rows of the token embedding are read from them later.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`], [`Error::Integrity`] and [`Error::WeightsMismatch`] for files
    /// that are not a Sa2VA checkpoint; [`Error::WebGpuUnavailable`] without a GPU;
    /// [`Error::OutOfMemory`] and [`Error::DeviceLost`]; [`Error::Cancelled`] when the host asked
    /// to stop.
    pub async fn load(
        files: ModelFiles,
        options: impl Into<LoadOptions>,
        host: &dyn Host,
    ) -> Result<Self, Error> {
        let options = options.into();
        let config = Config::parse(&files.config)?;
        let tokenizer = Tokenizer::from_bytes(&files.tokenizer)?;
        let chat = Chat::new(&tokenizer)?;
        let (known, embedded) = (tokenizer.vocabulary_size(), config.llm_config.vocab_size);
        if known > embedded {
            return Err(Error::UnsupportedModel {
                reason: format!("tokenizer.json has {known} tokens, config.json only {embedded}"),
            });
        }
        let device = device::open(options.device).await?;
        host.checkpoint().await?;
        let trained = config.max_dynamic_patch;
        let max_tiles = options.max_tiles.unwrap_or(trained).clamp(1, trained);
        let source = Rc::from(files.weights);
        let parts = Parts::load(source, config.clone(), device, options.low_memory, host).await?;
        Ok(Self(Rc::new(Inner {
            config,
            tokenizer,
            chat,
            max_tiles,
            parts,
        })))
    }
}
