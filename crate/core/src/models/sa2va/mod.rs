//! The Sa2VA family (Yuan et al. 2025): InternViT and Qwen2 write an answer, and at every `[SEG]`
//! the language model's state prompts SAM 2's mask decoder.

mod config;
mod connector;
mod memory;
mod seg_projection;
pub mod tiles;

pub use config::{Config, GroundingConfig, LanguageConfig, VisionConfig};
pub use connector::{Connector, pixel_shuffle};
pub use memory::memory;
pub use seg_projection::SegProjection;

use std::rc::Rc;

use burn::tensor::Device;

use crate::error::Error;
use crate::models::sam2::{Fpn, Hiera, MaskDecoder, PromptEncoder};
use crate::models::{InternVit, Qwen2};
use crate::nn::Loader;
use crate::quantize::is_video_memory;
use crate::weights::TensorSource;

/// Prefix of every SAM 2 tensor.
pub(crate) const GROUNDING: &str = "grounding_encoder.sam2_model";

/// The eyes of the language side.
#[derive(Debug, Clone)]
pub struct Vision {
    pub tower: InternVit,
    pub connector: Connector,
}

/// Reads the question, writes the answer and turns `[SEG]` into prompts.
#[derive(Clone)]
pub struct Language {
    pub model: Qwen2,
    pub seg_projection: SegProjection,
}

/// The eyes of the mask side.
#[derive(Debug, Clone)]
pub struct ImageEncoder {
    pub trunk: Hiera,
    pub neck: Fpn,
}

/// Draws masks from prompts.
#[derive(Debug, Clone)]
pub struct Masks {
    pub prompt_encoder: PromptEncoder,
    pub decoder: MaskDecoder,
}

/// Bytes of the weights of each part, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartBytes {
    pub vision: u64,
    pub language: u64,
    pub image_encoder: u64,
    pub masks: u64,
}

impl Vision {
    /// Reads the vision tower and `mlp1`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read; those of [`Loader::checkpoint`].
    pub async fn load(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        Ok(Self {
            tower: InternVit::load(loader, config).await?,
            connector: Connector::load(loader, config)?,
        })
    }
}

impl Language {
    /// Reads the language model and `text_hidden_fcs`.
    ///
    /// # Errors
    /// As [`Vision::load`].
    pub async fn load(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        Ok(Self {
            model: Qwen2::load(loader, config).await?,
            seg_projection: SegProjection::load(loader, config)?,
        })
    }
}

impl ImageEncoder {
    /// Reads Hiera and its neck.
    ///
    /// # Errors
    /// As [`Vision::load`].
    pub async fn load(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        let grounding = &config.grounding_encoder;
        let trunk = format!("{GROUNDING}.image_encoder.trunk");
        Ok(Self {
            trunk: Hiera::load(loader, &trunk, grounding).await?,
            neck: Fpn::load(loader, GROUNDING, grounding)?,
        })
    }
}

impl Masks {
    /// Reads the prompt encoder and the mask decoder.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read.
    pub fn load(loader: &mut Loader, config: &Config) -> Result<Self, Error> {
        let grounding = &config.grounding_encoder;
        let prompts = format!("{GROUNDING}.sam_prompt_encoder");
        let decoder = format!("{GROUNDING}.sam_mask_decoder");
        Ok(Self {
            prompt_encoder: PromptEncoder::load(loader, &prompts, grounding)?,
            decoder: MaskDecoder::load(loader, &decoder, grounding)?,
        })
    }
}

/// Whether `source` holds exactly the tensors that `config` asks for. Reads none of them.
///
/// # Errors
/// [`Error::WeightsMismatch`] naming missing, misshapen and unused tensors.
pub async fn check(source: &Rc<dyn TensorSource>, config: &Config) -> Result<PartBytes, Error> {
    let cpu = Device::flex();
    let mut loader = Loader::checking(source, config.quantization.as_ref(), &cpu);
    let loader_ref = &mut loader;
    let mut before = 0;
    let mut grown = |loader: &Loader| {
        let all = loader.bytes();
        all - std::mem::replace(&mut before, all)
    };
    Vision::load(loader_ref, config).await?;
    let vision = grown(loader_ref);
    Language::load(loader_ref, config).await?;
    let language = grown(loader_ref);
    ImageEncoder::load(loader_ref, config).await?;
    let image_encoder = grown(loader_ref);
    Masks::load(loader_ref, config)?;
    let masks = grown(loader_ref);
    // Part of public checkpoints, but not used for pictures.
    loader.finish(is_video_memory)?;
    Ok(PartBytes {
        vision,
        language,
        image_encoder,
        masks,
    })
}
