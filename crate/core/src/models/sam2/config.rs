//! SAM 2's sizes, the `grounding_encoder` block of our `config.json`; the defaults are those of
//! [`sam2_hiera_l.yaml`](https://github.com/facebookresearch/sam2/blob/main/sam2/configs/sam2/sam2_hiera_l.yaml).

use serde::Deserialize;

use crate::error::Error;
use crate::models::limits::{MAX_IMAGE_SIDE, MAX_LAYERS, MAX_WIDTH, divides, need, within};

/// The default is Hiera-L at 1024 pixels, as in every public Sa2VA.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Sam2Config {
    pub image_size: usize,
    pub d_model: usize,
    pub embed_dim: usize,
    pub num_heads: usize,
    pub stages: Vec<usize>,
    pub global_att_blocks: Vec<usize>,
    pub window_spec: Vec<usize>,
    pub window_pos_embed_bkg_spatial_size: [usize; 2],
    pub decoder_mlp_dim: usize,
    pub iou_head_hidden_dim: usize,
}

impl Default for Sam2Config {
    fn default() -> Self {
        Self {
            image_size: 1024,
            d_model: 256,
            embed_dim: 144,
            num_heads: 2,
            stages: vec![2, 6, 36, 4],
            global_att_blocks: vec![23, 33, 43],
            window_spec: vec![8, 4, 16, 8],
            window_pos_embed_bkg_spatial_size: [7, 7],
            decoder_mlp_dim: 2048,
            iou_head_hidden_dim: 256,
        }
    }
}

impl Sam2Config {
    /// # Errors
    /// [`Error::UnsupportedModel`] for sizes that cannot be run.
    pub fn check(&self) -> Result<(), Error> {
        within("grounding image_size", self.image_size, MAX_IMAGE_SIDE)?;
        // Stride 32 at the deepest level of the pyramid.
        divides("grounding stride", 32, self.image_size)?;
        within("grounding d_model", self.d_model, MAX_WIDTH)?;
        within("grounding embed_dim", self.embed_dim, MAX_WIDTH >> 3)?;
        within("grounding decoder_mlp_dim", self.decoder_mlp_dim, MAX_WIDTH)?;
        within(
            "grounding iou_head_hidden_dim",
            self.iou_head_hidden_dim,
            MAX_WIDTH,
        )?;
        divides("grounding heads", self.num_heads, self.embed_dim)?;
        // Eight heads of half the width, and an upscaling path to an eighth of it.
        divides("grounding decoder heads", 16, self.d_model)?;
        need(
            self.stages.len() == 4 && self.window_spec.len() == 4,
            "grounding stages and window_spec need four entries each".into(),
        )?;
        for &blocks in &self.stages {
            within("grounding stage", blocks, MAX_LAYERS)?;
        }
        for &window in &self.window_spec {
            within("grounding window", window, self.image_size)?;
        }
        for &side in &self.window_pos_embed_bkg_spatial_size {
            within("grounding position table", side, self.image_size)?;
        }
        Ok(())
    }

    /// Side of the stride-16 image embedding.
    #[must_use]
    pub fn embedding_side(&self) -> usize {
        self.image_size / 16
    }

    /// Side of the low-resolution mask logits, stride 4.
    #[must_use]
    pub fn mask_side(&self) -> usize {
        self.image_size / 4
    }
}
