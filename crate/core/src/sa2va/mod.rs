//! The Sa2VA family (Yuan et al. 2025): InternViT and Qwen2 write an answer, and at every `[SEG]`
//! the language model's state prompts SAM 2's mask decoder.

mod config;
mod connector;
mod fpn;
mod hiera;
mod intern_vit;
mod mask_decoder;
mod memory;
mod positions;
mod prompt_encoder;
mod qwen2;
mod seg_projection;
mod two_way;

pub use config::{Config, GroundingConfig, LanguageConfig, VisionConfig};
pub use connector::{Connector, pixel_shuffle};
pub use fpn::{Features, Fpn};
pub use hiera::Hiera;
pub use intern_vit::InternVit;
pub use mask_decoder::{Candidates, MASKS, MaskDecoder};
pub use memory::memory;
pub use prompt_encoder::{Coordinate, Label, PromptEncoder};
pub use qwen2::{Qwen2, State};
pub use seg_projection::SegProjection;

use crate::error::Error;
use crate::nn::Loader;
use crate::weights::is_video_memory;

/// Prefix of every SAM 2 tensor.
const GROUNDING: &str = "grounding_encoder.sam2_model";

/// All parts of one model.
#[derive(Debug, Clone)]
pub struct Sa2va {
    pub vision: InternVit,
    pub connector: Connector,
    pub language: Qwen2,
    pub seg_projection: SegProjection,
    pub hiera: Hiera,
    pub fpn: Fpn,
    pub prompt_encoder: PromptEncoder,
    pub mask_decoder: MaskDecoder,
}

impl Sa2va {
    /// Reads every part by its name in Sa2VA checkpoints.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] naming missing, misshapen and unused tensors;
    /// [`Error::Integrity`] when a file cannot be read.
    pub fn load(mut loader: Loader, config: &Config) -> Result<Self, Error> {
        let grounding = &config.grounding_encoder;
        let loader_ref = &mut loader;
        let model = Self {
            vision: InternVit::load(loader_ref, config)?,
            connector: Connector::load(loader_ref, config)?,
            language: Qwen2::load(loader_ref, config)?,
            seg_projection: SegProjection::load(loader_ref, config)?,
            hiera: Hiera::load(
                loader_ref,
                &format!("{GROUNDING}.image_encoder.trunk"),
                grounding,
            )?,
            fpn: Fpn::load(loader_ref, GROUNDING, grounding)?,
            prompt_encoder: PromptEncoder::load(
                loader_ref,
                &format!("{GROUNDING}.sam_prompt_encoder"),
                grounding,
            )?,
            mask_decoder: MaskDecoder::load(
                loader_ref,
                &format!("{GROUNDING}.sam_mask_decoder"),
                grounding,
            )?,
        };
        // Part of public checkpoints, but not used for pictures.
        loader.finish(is_video_memory)?;
        Ok(model)
    }
}
