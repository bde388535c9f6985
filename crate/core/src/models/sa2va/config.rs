//! `config.json` of a Sa2VA checkpoint: every size of the model comes from here.

use serde::Deserialize;

use crate::error::Error;
use crate::quantize::group::QuantizationConfig;

/// Larger than any published Sa2VA; a foreign or hostile file stops here, before allocation.
const MAX_WIDTH: usize = 1 << 16;
const MAX_LAYERS: usize = 256;
const MAX_IMAGE_SIDE: usize = 4096;
const MAX_VOCABULARY: usize = 1 << 20;
const MAX_TILES: usize = 64;

/// The whole configuration. Field names are those of the public checkpoints.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// Side of one square tile of the language side, in pixels.
    pub force_image_size: usize,
    /// Pixel shuffle factor: 0.5 merges 2×2 patches into one token.
    #[serde(default = "half")]
    pub downsample_ratio: f64,
    /// Which ViT layer feeds the language model; −1, the last, is the only one in use.
    #[serde(default = "last_layer")]
    pub select_layer: i64,
    /// Pixel shuffle version; `v2` is the only one published.
    #[serde(default = "ps_v2")]
    pub ps_version: String,
    /// Prompt template; `qwen_chat` is the one of the 1B and 2B checkpoints.
    #[serde(default = "qwen_chat")]
    pub template: String,
    /// Most tiles a picture is cut into, the thumbnail not counted.
    #[serde(default = "twelve")]
    pub max_dynamic_patch: usize,
    /// Whether a picture of several tiles is followed by a tile of the whole.
    #[serde(default = "yes")]
    pub use_thumbnail: bool,
    /// InternViT.
    pub vision_config: VisionConfig,
    /// Qwen2.
    pub llm_config: LanguageConfig,
    /// SAM 2; the public checkpoints have no such block and mean Hiera-L.
    #[serde(default)]
    pub grounding_encoder: GroundingConfig,
    /// Group quantization of the weights, absent in dense checkpoints.
    #[serde(default)]
    pub quantization: Option<QuantizationConfig>,
}

/// InternViT's sizes.
#[derive(Debug, Clone, Deserialize)]
pub struct VisionConfig {
    pub hidden_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub intermediate_size: usize,
    /// Side in pixels that the position table was made for.
    pub image_size: usize,
    pub patch_size: usize,
    #[serde(default = "vit_eps")]
    pub layer_norm_eps: f64,
    #[serde(default = "yes")]
    pub qkv_bias: bool,
    #[serde(default)]
    pub qk_normalization: bool,
}

/// Qwen2's sizes.
#[derive(Debug, Clone, Deserialize)]
pub struct LanguageConfig {
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    pub num_key_value_heads: usize,
    pub vocab_size: usize,
    #[serde(default = "qwen_theta")]
    pub rope_theta: f64,
    #[serde(default = "qwen_eps")]
    pub rms_norm_eps: f64,
    #[serde(default = "qwen_positions")]
    pub max_position_embeddings: usize,
    /// Tied: the embedding table is also the output head.
    #[serde(default)]
    pub tie_word_embeddings: bool,
}

/// SAM 2's sizes. The default is Hiera-L at 1024 pixels, as in every public Sa2VA.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct GroundingConfig {
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

impl Default for GroundingConfig {
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

fn half() -> f64 {
    0.5
}
fn last_layer() -> i64 {
    -1
}
fn ps_v2() -> String {
    "v2".into()
}
fn qwen_chat() -> String {
    "qwen_chat".into()
}
fn twelve() -> usize {
    12
}
fn yes() -> bool {
    true
}
fn vit_eps() -> f64 {
    1e-6
}
fn qwen_eps() -> f64 {
    1e-6
}
fn qwen_theta() -> f64 {
    1e6
}
fn qwen_positions() -> usize {
    32_768
}

impl Config {
    /// Reads and checks `config.json`.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] when it is no Sa2VA configuration, or one with sizes that
    /// cannot be run.
    pub fn parse(json: &str) -> Result<Self, Error> {
        const MAX_BYTES: usize = 1 << 20;
        if json.len() > MAX_BYTES {
            return Err(unsupported(format!(
                "config.json has {} bytes, more than {MAX_BYTES}",
                json.len()
            )));
        }
        let config: Self = serde_json::from_str(json)
            .map_err(|e| unsupported(format!("config.json is not a Sa2VA configuration: {e}")))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), Error> {
        self.check_family()?;
        self.check_vision()?;
        self.check_language()?;
        self.grounding_encoder.check()?;
        if let Some(quantization) = &self.quantization {
            quantization.check()?;
        }
        Ok(())
    }

    fn check_family(&self) -> Result<(), Error> {
        need(
            self.ps_version == "v2",
            format!("ps_version {:?}, only \"v2\" is known", self.ps_version),
        )?;
        need(
            self.select_layer == -1,
            format!("select_layer {}, only -1 is known", self.select_layer),
        )?;
        need(
            self.template == "qwen_chat",
            format!("template {:?}, only \"qwen_chat\" is known", self.template),
        )?;
        need(
            self.downsample_ratio == 0.5,
            format!(
                "downsample_ratio {}, only 0.5 is known",
                self.downsample_ratio
            ),
        )?;
        within("max_dynamic_patch", self.max_dynamic_patch, MAX_TILES)
    }

    fn check_vision(&self) -> Result<(), Error> {
        let v = &self.vision_config;
        within("force_image_size", self.force_image_size, MAX_IMAGE_SIDE)?;
        within("vision image_size", v.image_size, MAX_IMAGE_SIDE)?;
        within("vision patch_size", v.patch_size, self.force_image_size)?;
        within("vision hidden_size", v.hidden_size, MAX_WIDTH)?;
        within("vision intermediate_size", v.intermediate_size, MAX_WIDTH)?;
        within("vision num_hidden_layers", v.num_hidden_layers, MAX_LAYERS)?;
        divides("vision heads", v.num_attention_heads, v.hidden_size)?;
        divides("vision patch_size", v.patch_size, v.image_size)?;
        divides("vision patch_size", v.patch_size, self.force_image_size)?;
        divides("pixel shuffle", 2, self.force_image_size / v.patch_size)
    }

    fn check_language(&self) -> Result<(), Error> {
        let l = &self.llm_config;
        within("llm hidden_size", l.hidden_size, MAX_WIDTH)?;
        within("llm intermediate_size", l.intermediate_size, MAX_WIDTH)?;
        within("llm num_hidden_layers", l.num_hidden_layers, MAX_LAYERS)?;
        within("llm vocab_size", l.vocab_size, MAX_VOCABULARY)?;
        within(
            "llm max_position_embeddings",
            l.max_position_embeddings,
            1 << 22,
        )?;
        divides("llm heads", l.num_attention_heads, l.hidden_size)?;
        divides(
            "llm key-value heads",
            l.num_key_value_heads,
            l.num_attention_heads,
        )?;
        divides("rotary halves", 2, l.hidden_size / l.num_attention_heads)
    }

    /// Patches along one side of a tile.
    #[must_use]
    pub fn grid(&self) -> usize {
        self.force_image_size / self.vision_config.patch_size
    }

    /// Vision tokens one tile becomes, after pixel shuffle.
    #[must_use]
    pub fn tokens_per_tile(&self) -> usize {
        let side = self.grid() / 2;
        side * side
    }
}

impl GroundingConfig {
    fn check(&self) -> Result<(), Error> {
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

fn unsupported(reason: String) -> Error {
    Error::UnsupportedModel { reason }
}

fn need(condition: bool, reason: String) -> Result<(), Error> {
    if condition {
        Ok(())
    } else {
        Err(unsupported(reason))
    }
}

fn within(name: &str, value: usize, limit: usize) -> Result<(), Error> {
    need(
        (1..=limit).contains(&value),
        format!("{name} is {value}, not within 1 to {limit}"),
    )
}

fn divides(name: &str, divisor: usize, value: usize) -> Result<(), Error> {
    need(
        divisor > 0 && value.is_multiple_of(divisor),
        format!("{name}: {divisor} does not divide {value}"),
    )
}
