//! From features and a prompt to mask candidates (sam2's `_forward_sam_heads` in
//! [`sam2_base.py`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/sam2_base.py)).

use burn::tensor::Tensor;

use super::config::Sam2Config;
use super::fpn::Features;
use super::mask_decoder::{Candidates, MaskDecoder};
use super::prompt_encoder::{MaskPrompt, PromptEncoder};
use crate::error::Error;
use crate::nn::Loader;
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

/// Prompt encoder and mask decoder.
#[derive(Debug, Clone)]
pub struct SamHeads {
    prompt_encoder: PromptEncoder,
    decoder: MaskDecoder,
    no_memory: Tensor<3>,
}

impl SamHeads {
    /// Reads `sam_prompt_encoder`, `sam_mask_decoder` and `no_mem_embed`.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, config: &Sam2Config) -> Result<Self, Error> {
        let prompts = loader.at("sam_prompt_encoder");
        Ok(Self {
            prompt_encoder: PromptEncoder::load(&prompts, config)?,
            decoder: MaskDecoder::load(&loader.at("sam_mask_decoder"))?,
            no_memory: loader.tensor("no_mem_embed")?,
        })
    }

    /// Features of a picture without a past: the no-memory embedding is added to
    /// `[1, side/16, side/16, d_model]`, where video adds what it remembers.
    #[must_use]
    pub fn without_memory(&self, features: Features) -> Features {
        Features {
            embedding: features.embedding + self.no_memory.clone().unsqueeze::<4>(),
            ..features
        }
    }

    /// All candidates of one prompt.
    ///
    /// # Shapes
    /// - `features`: see [`Features`], of one picture
    /// - result: see [`Candidates`]
    ///
    /// # Errors
    /// Those of [`Run::trace`].
    pub async fn forward(
        &self,
        features: &Features,
        prompt: &MaskPrompt,
        run: &Run<'_>,
    ) -> Result<Candidates, Error> {
        let (sparse, dense) = self.prompt_encoder.forward(prompt, run.device());
        let item = run.item;
        run.trace(TraceStage::PromptSparse, item, &sparse).await?;
        let positions = self.prompt_encoder.dense_positions();
        let candidates = self.decoder.forward(features, positions, sparse, dense);
        let Candidates {
            masks,
            iou,
            object_score,
            ..
        } = &candidates;
        run.trace(TraceStage::MaskLogits, item, masks).await?;
        run.trace(TraceStage::MaskIou, item, iou).await?;
        run.trace(TraceStage::ObjectScore, item, object_score)
            .await?;
        Ok(candidates)
    }

    #[must_use]
    pub fn prompt_encoder(&self) -> &PromptEncoder {
        &self.prompt_encoder
    }

    #[must_use]
    pub fn decoder(&self) -> &MaskDecoder {
        &self.decoder
    }
}
