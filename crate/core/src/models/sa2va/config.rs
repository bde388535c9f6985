//! `config.json` of a Sa2VA checkpoint, such as that of
//! [Sa2VA-1B](https://huggingface.co/ByteDance/Sa2VA-1B/blob/main/config.json): every size of the
//! model comes from here.

use serde::Deserialize;

use super::QuestionForm;
use crate::error::Error;
use crate::models::limits::{MAX_IMAGE_SIDE, divides, need, unsupported, within};
use crate::models::sam2::Sam2Config;
use crate::models::{InternVitConfig, Qwen2Config};
use crate::weights::QuantizationConfig;

/// More than any published Sa2VA takes.
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
    /// In which form questions reach the tokenizer; the public checkpoints have no such field.
    #[serde(default)]
    pub question_form: QuestionForm,
    /// Most tiles a picture is cut into, the thumbnail not counted.
    #[serde(default = "twelve")]
    pub max_dynamic_patch: usize,
    /// Whether a picture of several tiles is followed by a tile of the whole.
    #[serde(default = "yes")]
    pub use_thumbnail: bool,
    /// InternViT.
    pub vision_config: InternVitConfig,
    /// Qwen2.
    pub llm_config: Qwen2Config,
    /// SAM 2; the public checkpoints have no such block and mean Hiera-L.
    #[serde(default)]
    pub grounding_encoder: Sam2Config,
    /// Group quantization of the weights, absent in dense checkpoints.
    #[serde(default)]
    pub quantization: Option<QuantizationConfig>,
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
        self.check_tiles()?;
        self.vision_config.check()?;
        self.llm_config.check()?;
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

    fn check_tiles(&self) -> Result<(), Error> {
        let patch = self.vision_config.patch_size;
        within("force_image_size", self.force_image_size, MAX_IMAGE_SIDE)?;
        within("vision patch_size", patch, self.force_image_size)?;
        divides("vision patch_size", patch, self.force_image_size)?;
        divides("pixel shuffle", 2, self.force_image_size / patch)
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
