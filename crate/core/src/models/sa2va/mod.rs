//! The Sa2VA family ([Yuan et al. 2025](https://arxiv.org/abs/2501.04001)): InternViT and Qwen2
//! write an answer, and at every `[SEG]` the language model's state prompts SAM 2's mask decoder.

mod chat;
mod config;
mod connector;
mod mask_upsampling;
mod memory;
mod question_form;
mod seg_projection;
mod settings;
mod tensors;
pub mod tiles;

use burn::tensor::Tensor;

pub use chat::{Chat, QUESTION_TOKENS};
pub use config::Config;
pub use connector::{Connector, pixel_shuffle};
pub use mask_upsampling::MaskUpsampling;
pub use memory::memory;
pub use question_form::QuestionForm;
pub use seg_projection::SegProjection;
pub use tensors::{EMBEDDING, IMAGE_ENCODER, LANGUAGE, MASK_DECODER, VISION, table};

use super::sam2::{ImageEncoder, SamHeads};
use super::{InternVit, Qwen2};
use crate::error::Error;
use crate::nn::Loader;
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

/// The family's name in manifests.
pub const FAMILY: &str = "sa2va";
/// Prefix of every tensor of the language model.
pub const LANGUAGE_MODEL: &str = "language_model";
/// Prefix of every SAM 2 tensor.
pub const SAM2: &str = "grounding_encoder.sam2_model";

/// From tiles to vision tokens.
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

impl Vision {
    /// Reads the vision tower and `mlp1`.
    ///
    /// # Errors
    /// As [`Loader::tensor`]; those of [`Loader::checkpoint`].
    pub async fn load(loader: &Loader<'_>, config: &Config) -> Result<Self, Error> {
        let vit = &config.vision_config;
        Ok(Self {
            tower: InternVit::load(&loader.at("vision_model"), vit, config.grid()).await?,
            connector: Connector::load(loader)?,
        })
    }

    /// Vision tokens of one tile.
    ///
    /// # Shapes
    /// - `pixels`: `[1, 3, side, side]`, normalized; side is `force_image_size`
    /// - result: `[1, grid²/4, llm width]`
    ///
    /// # Errors
    /// Those of [`Run::block`] and [`Run::trace`].
    pub async fn forward(&self, pixels: Tensor<4>, run: &mut Run<'_>) -> Result<Tensor<3>, Error> {
        run.trace(TraceStage::PixelValues, run.item, &pixels)
            .await?;
        let shuffled = pixel_shuffle(self.tower.forward(pixels, run).await?);
        run.trace(TraceStage::PixelShuffled, run.item, &shuffled)
            .await?;
        let tokens = self.connector.forward(shuffled);
        run.trace(TraceStage::ImageTokens, run.item, &tokens)
            .await?;
        Ok(tokens)
    }
}

impl Language {
    /// Reads the language model and `text_hidden_fcs`.
    ///
    /// # Errors
    /// As [`Vision::load`].
    pub async fn load(loader: &Loader<'_>, config: &Config) -> Result<Self, Error> {
        Ok(Self {
            model: Qwen2::load(&loader.at(LANGUAGE_MODEL), &config.llm_config).await?,
            seg_projection: SegProjection::load(loader)?,
        })
    }
}

/// Reads SAM 2's image encoder.
///
/// # Errors
/// As [`Vision::load`].
pub async fn image_encoder(loader: &Loader<'_>, config: &Config) -> Result<ImageEncoder, Error> {
    ImageEncoder::load(&loader.at(SAM2), &config.grounding_encoder).await
}

/// Reads SAM 2's prompt encoder and mask decoder.
///
/// # Errors
/// As [`Loader::tensor`].
pub fn sam_heads(loader: &Loader<'_>, config: &Config) -> Result<SamHeads, Error> {
    SamHeads::load(&loader.at(SAM2), &config.grounding_encoder)
}
