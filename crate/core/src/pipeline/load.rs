//! A checkpoint becomes a model.

use std::rc::Rc;

use super::parts::{Parts, Source};
use super::{Inner, Model};
use crate::error::Error;
use crate::first_bytes;
use crate::language::tokenizer::Tokenizer;
use crate::models::sa2va::{self, Chat, Config};
use crate::runtime::device::{self, DeviceKind};
use crate::runtime::host::Host;
use crate::weights::{Checkpoint, Stored, TensorSource, TensorTable};

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
    /// [`Error::Integrity`] when one is missing or cannot be read, or `config.json` is no text.
    pub fn from_stored(stored: Stored) -> Result<Self, Error> {
        let config = stored.read_file("config.json")?;
        Ok(Self {
            config: first_bytes::text("config.json", &config)?.to_owned(),
            tokenizer: stored.read_file("tokenizer.json")?,
            weights: Box::new(stored),
        })
    }

    /// Asks everything that can be answered before the weights are read: what loading, converting
    /// and looking at a model begin with.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`], [`Error::Integrity`] and [`Error::WeightsMismatch`] for files
    /// that are not a Sa2VA checkpoint which can be run.
    pub fn check(self) -> Result<CheckedFiles, Error> {
        let CheckedWeights {
            config,
            table,
            weights,
        } = CheckedWeights::open(&self.config, self.weights)?;
        let (tokenizer, chat) = open_tokenizer(&config, &self.tokenizer)?;
        weights.check_copies()?;
        Ok(CheckedFiles {
            config,
            table,
            weights,
            tokenizer,
            chat,
        })
    }
}

/// Files of a checkpoint that can be run.
pub struct CheckedFiles {
    /// `config.json`.
    pub config: Config,
    /// The tensors that it needs.
    pub table: TensorTable,
    /// Where they are.
    pub weights: Checkpoint,
    tokenizer: Tokenizer,
    chat: Chat,
}

/// Configuration and weights that belong together.
pub(super) struct CheckedWeights {
    pub config: Config,
    pub table: TensorTable,
    pub weights: Checkpoint,
}

impl CheckedWeights {
    /// `json` is the text of `config.json`. Reads no weights.
    pub fn open(json: &str, weights: Box<dyn TensorSource>) -> Result<Self, Error> {
        let config = Config::parse(json)?;
        let table = sa2va::table(&config);
        let weights = Checkpoint::open(weights, &table, config.quantization.as_ref())?;
        Ok(Self {
            config,
            table,
            weights,
        })
    }
}

/// The tokenizer whose `tokenizer.json` has these bytes, if it is one of the model's.
pub(super) fn open_tokenizer(config: &Config, json: &[u8]) -> Result<(Tokenizer, Chat), Error> {
    let tokenizer = Tokenizer::from_bytes(json)?;
    let chat = Chat::new(&tokenizer)?;
    let (known, embedded) = (tokenizer.vocabulary_size(), config.llm_config.vocab_size);
    if known > embedded {
        return Err(Error::UnsupportedModel {
            reason: format!("tokenizer.json has {known} tokens, config.json only {embedded}"),
        });
    }
    Ok((tokenizer, chat))
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
        let CheckedFiles {
            config,
            table,
            weights,
            tokenizer,
            chat,
        } = files.check()?;
        let device = device::open(options.device).await?;
        host.checkpoint().await?;
        let trained = config.max_dynamic_patch;
        let max_tiles = options.max_tiles.unwrap_or(trained).clamp(1, trained);
        let source = Source {
            weights: Rc::new(weights),
            table,
            config: config.clone(),
        };
        let parts = Parts::load(source, device, options.low_memory, host).await?;
        Ok(Self(Rc::new(Inner {
            config,
            tokenizer,
            chat,
            max_tiles,
            parts,
        })))
    }
}
