//! Which tensor of a Sa2VA checkpoint is stored how.

use crate::error::Error;
use crate::quantize::group::QuantParams;
use crate::weights::{Dtype, TensorInfo};

/// Bits of a value that stays a 16-bit float.
const HALF: u32 = 16;
/// The smallest group, which more shapes divide into than larger ones.
const SMALLEST_GROUP: usize = 32;
const SAM: &str = "grounding_encoder.sam2_model.";

/// Bits per weight, by part of the model: 4, 8, or 16 for floats.
///
/// Only matrices whose rows divide into groups are quantized; everything else becomes f16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Linear layers of the language model.
    pub language_bits: u32,
    /// The language model's output head, where it is a matrix of its own.
    pub head_bits: u32,
    /// Token embedding; in tied models it is also the head.
    pub embedding_bits: u32,
    /// Linear layers of InternViT and of the projector behind it.
    pub vision_bits: u32,
    /// Linear layers of SAM 2's image encoder.
    pub mask_bits: u32,
    /// Weights that share a scale: 32, 64 or 128.
    pub group_size: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            language_bits: 4,
            head_bits: 4,
            embedding_bits: 8,
            vision_bits: 4,
            mask_bits: 4,
            group_size: 32,
        }
    }
}

/// How one tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// Bit by bit as it is.
    Copied,
    /// As 16-bit floats.
    Half,
    /// As packed quants, scales and biases.
    Quantized(QuantParams),
}

impl Recipe {
    /// # Errors
    /// [`Error::UnsupportedModel`] for bits or groups that are not known.
    pub(super) fn check(&self) -> Result<(), Error> {
        [
            self.language_bits,
            self.head_bits,
            self.embedding_bits,
            self.vision_bits,
            self.mask_bits,
        ]
        .into_iter()
        .filter(|&bits| bits != HALF)
        .chain([8])
        .try_for_each(|bits| {
            QuantParams {
                group_size: self.group_size,
                bits,
            }
            .check()
        })
    }

    pub(super) fn store(&self, name: &str, info: &TensorInfo) -> Store {
        if !matches!(info.dtype, Dtype::F32 | Dtype::F16 | Dtype::Bf16) {
            return Store::Copied;
        }
        let (Some(bits), &[_, columns]) = (self.bits(name), info.shape.as_slice()) else {
            return Store::Half;
        };
        [self.group_size, SMALLEST_GROUP]
            .map(|group_size| QuantParams { group_size, bits })
            .into_iter()
            .find(|params| bits != HALF && params.fits(columns))
            .map_or(Store::Half, Store::Quantized)
    }

    /// Bits of matrix `name`, or `None` for tensors that always stay floats.
    fn bits(&self, name: &str) -> Option<u32> {
        let layer = name.strip_suffix(".weight")?;
        let language = layer.strip_prefix("language_model.");
        let trunk = layer
            .strip_prefix(SAM)
            .and_then(|name| name.strip_prefix("image_encoder.trunk.blocks."));
        match (language, trunk) {
            (Some("lm_head"), _) => Some(self.head_bits),
            (Some("model.embed_tokens"), _) => Some(self.embedding_bits),
            (Some(_), _) if layer.ends_with("_proj") => Some(self.language_bits),
            (_, Some(block)) if is_block_linear(block) => Some(self.mask_bits),
            _ if layer.starts_with("vision_model.encoder.layers.") && is_block_linear(layer) => {
                Some(self.vision_bits)
            }
            _ if layer.starts_with("mlp1.") => Some(self.vision_bits),
            _ => None,
        }
    }
}

/// A linear layer of attention or MLP inside a transformer block.
fn is_block_linear(layer: &str) -> bool {
    layer.contains(".attn.") || layer.contains(".mlp.")
}

/// Whether only video uses tensor `name`: the memory of earlier frames.
pub fn is_video_memory(name: &str) -> bool {
    const PARTS: [&str; 8] = [
        "memory_attention.",
        "memory_encoder.",
        "maskmem_tpos_enc",
        "no_mem_pos_enc",
        "no_obj_ptr",
        "obj_ptr_proj.",
        "obj_ptr_tpos_proj.",
        "mask_downsample.",
    ];
    name.strip_prefix(SAM)
        .is_some_and(|name| PARTS.iter().any(|part| name.starts_with(part)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(name: &str, shape: &[usize]) -> Store {
        Recipe::default().store(
            name,
            &TensorInfo {
                dtype: Dtype::Bf16,
                shape: shape.to_vec(),
            },
        )
    }

    fn quantized(bits: u32) -> Store {
        Store::Quantized(QuantParams {
            group_size: 32,
            bits,
        })
    }

    #[test]
    fn every_part_has_its_bits() {
        let cases: [(&str, &[usize], Store); 12] = [
            ("language_model.lm_head.weight", &[100, 64], quantized(4)),
            (
                "language_model.model.embed_tokens.weight",
                &[100, 64],
                quantized(8),
            ),
            (
                "language_model.model.layers.3.self_attn.q_proj.weight",
                &[64, 64],
                quantized(4),
            ),
            (
                "language_model.model.layers.3.self_attn.q_proj.bias",
                &[64],
                Store::Half,
            ),
            (
                "language_model.model.layers.3.input_layernorm.weight",
                &[64],
                Store::Half,
            ),
            (
                "vision_model.encoder.layers.0.attn.qkv.weight",
                &[96, 32],
                quantized(4),
            ),
            (
                "vision_model.embeddings.patch_embedding.weight",
                &[32, 3, 14, 14],
                Store::Half,
            ),
            ("mlp1.1.weight", &[64, 128], quantized(4)),
            ("text_hidden_fcs.0.weight", &[64, 64], Store::Half),
            (
                "grounding_encoder.sam2_model.image_encoder.trunk.blocks.9.mlp.layers.0.weight",
                &[64, 288],
                quantized(4),
            ),
            // SAM 2's first stage is 144 wide, no multiple of 32.
            (
                "grounding_encoder.sam2_model.image_encoder.trunk.blocks.0.attn.qkv.weight",
                &[432, 144],
                Store::Half,
            ),
            (
                "grounding_encoder.sam2_model.sam_mask_decoder.transformer.layers.0.mlp.layers.0.weight",
                &[64, 64],
                Store::Half,
            ),
        ];
        for (name, shape, expected) in cases {
            assert_eq!(store(name, shape), expected, "{name}");
        }
    }

    #[test]
    fn wide_groups_fall_back_to_narrow_ones() {
        let recipe = Recipe {
            group_size: 128,
            ..Recipe::default()
        };
        let info = TensorInfo {
            dtype: Dtype::F32,
            shape: vec![4, 96],
        };
        assert_eq!(
            recipe.store("language_model.lm_head.weight", &info),
            quantized(4)
        );
        let floats = Recipe {
            head_bits: 16,
            ..recipe
        };
        assert_eq!(
            floats.store("language_model.lm_head.weight", &info),
            Store::Half
        );
    }

    #[test]
    fn unknown_bits_are_refused() {
        assert!(Recipe::default().check().is_ok());
        assert!(
            Recipe {
                mask_bits: 3,
                ..Recipe::default()
            }
            .check()
            .is_err()
        );
        assert!(
            Recipe {
                group_size: 48,
                ..Recipe::default()
            }
            .check()
            .is_err()
        );
    }

    #[test]
    fn video_memory_is_dropped_and_nothing_else() {
        for name in [
            "memory_attention.norm.weight",
            "maskmem_tpos_enc",
            "mask_downsample.weight",
            "obj_ptr_proj.layers.0.bias",
        ] {
            assert!(is_video_memory(&format!("{SAM}{name}")), "{name}");
        }
        for name in [
            "no_mem_embed",
            "sam_prompt_encoder.mask_downscaling.0.weight",
            "sam_mask_decoder.mask_tokens.weight",
        ] {
            assert!(!is_video_memory(&format!("{SAM}{name}")), "{name}");
        }
    }
}
