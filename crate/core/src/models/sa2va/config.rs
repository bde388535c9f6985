//! `config.json` of a Sa2VA checkpoint, such as that of
//! [Sa2VA-1B](https://huggingface.co/ByteDance/Sa2VA-1B/blob/main/config.json): every size of the
//! model comes from here.

use serde::Deserialize;
use serde_json::Value;

use super::settings::FIELDS;
use super::{MaskUpsampling, QuestionForm};
use crate::error::Error;
use crate::first_bytes;
use crate::models::limits::{MAX_IMAGE_SIDE, divides, unsupported, within};
use crate::models::sam2::Sam2Config;
use crate::models::settings::{self, Block};
use crate::models::{InternVitConfig, Qwen2Config};
use crate::weights::QuantizationConfig;

/// More than any published Sa2VA takes.
const MAX_TILES: usize = 64;

/// The whole configuration. Field names are those of the public checkpoints.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// Side of one square tile of the language side, in pixels.
    pub force_image_size: usize,
    /// In which form questions reach the tokenizer; the public checkpoints have no such field.
    #[serde(default)]
    pub question_form: QuestionForm,
    /// How masks come to the picture's size; the public checkpoints have no such field.
    #[serde(default)]
    pub mask_upsampling: MaskUpsampling,
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
    /// Fields that this version does not know, and so does not heed.
    #[serde(skip)]
    pub unknown: Vec<String>,
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
    /// [`Error::Integrity`] when it is no text, [`Error::UnsupportedModel`] when it is no Sa2VA
    /// configuration, one whose settings need arithmetic that we do not have, or one with sizes
    /// that cannot be run.
    pub fn parse(json: &str) -> Result<Self, Error> {
        const MAX_BYTES: usize = 1 << 20;
        if json.len() > MAX_BYTES {
            return Err(unsupported(format!(
                "config.json has {} bytes, more than {MAX_BYTES}",
                json.len()
            )));
        }
        let foreign = |e| unsupported(format!("config.json is not a Sa2VA configuration: {e}"));
        let text = first_bytes::text("config.json", json.as_bytes())?;
        let mut fields: Block = serde_json::from_str(text).map_err(foreign)?;
        let unknown = settings::check("", &fields, FIELDS)?;
        as_classes_read(&mut fields);
        let config: Self = serde_json::from_value(fields.into()).map_err(foreign)?;
        config.check()?;
        Ok(Self { unknown, ..config })
    }

    fn check(&self) -> Result<(), Error> {
        within("max_dynamic_patch", self.max_dynamic_patch, MAX_TILES)?;
        self.check_tiles()?;
        self.vision_config.check()?;
        self.llm_config.check()?;
        self.grounding_encoder.check()?;
        if let Some(quantization) = &self.quantization {
            quantization.check()?;
        }
        Ok(())
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

/// Takes nulls for absent, and the base of the rotary embedding from where transformers 5 has it.
fn as_classes_read(fields: &mut Block) {
    fields.retain(|_, value| !value.is_null());
    for name in ["vision_config", "llm_config", "grounding_encoder"] {
        if let Some(Value::Object(block)) = fields.get_mut(name) {
            block.retain(|_, value| !value.is_null());
        }
    }
    let Some(Value::Object(language)) = fields.get_mut("llm_config") else {
        return;
    };
    let ropes = ["rope_parameters", "rope_scaling"];
    let theta = ropes
        .iter()
        .find_map(|rope| language.get(*rope)?.get("rope_theta"));
    if let Some(theta) = theta.cloned() {
        language.entry("rope_theta").or_insert(theta);
    }
}
