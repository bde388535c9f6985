//! How much GPU memory a model needs, stage by stage, from its configuration and tensors.
//!
//! Estimates, in bytes. Weights are counted as they lie on the GPU: quantized layers as stored,
//! everything else as 32-bit floats, and the token embedding not at all, because it stays on the
//! host unless it is also the head. Activations are the largest sum of tensors that are alive at
//! once, with the attention scores and their softmax at their chunk size, without the allocator's
//! reserves:
//!
//! | what | bytes |
//! |---|---|
//! | InternViT, one tile | tokens · max(8·width, 3·width + 2·inner) · 4 + scores |
//! | Hiera | most over its stages of side² · 11 · width · 4, + scores |
//! | Qwen2, per position | (3·width + 3·inner) · 4 while read, 8 · layers · key width kept |
//! | picture's features, kept | (side² · d/8 + side²/4 · d/4 + side²/16 · d) · 4, side = pixels/4 |
//! | mask decoder | side² · d/8 · 3 · 4, + 4 masks at the model's resolution |

use std::collections::BTreeSet;

use super::config::Config;
use crate::quantize::is_video_memory;
use crate::weights::manifest::{STAGES, StageMemory, TensorEntry};

/// Bytes of an f32.
const F32: u64 = 4;
/// Attention scores and their softmax, each at most this many values at a time.
const SCORES: u64 = 2 * (16 << 20) * F32;
/// What a weight file takes on its way to the GPU.
const STAGING: u64 = 64 << 20;
/// Positions of a question, its answer and the template.
const QUESTION: u64 = 1024;
/// Positions of a question that are read at once, at most.
const PREFILL: u64 = 256;

/// Weights on the GPU by part of the model.
#[derive(Default)]
struct Weights {
    vision: u64,
    language: u64,
    mask: u64,
}

/// Estimated memory of a model with these tensors at every stage.
#[must_use]
pub fn memory(config: &Config, tensors: &[TensorEntry]) -> Vec<StageMemory> {
    let weights = Weights::of(config, tensors);
    let all = weights.vision + weights.language + weights.mask;
    let cache = cache_bytes(config);
    let features = features(config);
    let tokens = config.tokens_per_tile() as u64;
    let kept = features + QUESTION * cache;
    let encode = vision(config).max(hiera(config));
    let think = PREFILL * position_bytes(config) + logits(config) + SCORES;
    let stage = |name: &str, low: u64, activations: u64, per_token: u64| StageMemory {
        stage: name.into(),
        weights: all,
        low_memory_weights: low,
        activations,
        activations_per_tile: tokens * per_token,
    };
    let most = weights.vision.max(weights.language).max(weights.mask);
    let [load, encode_image, answer, mask] = STAGES;
    vec![
        stage(load, most, STAGING, 0),
        stage(
            encode_image,
            most,
            encode + kept,
            cache + position_bytes(config),
        ),
        stage(answer, weights.language, kept + think, cache),
        stage(mask, weights.mask, kept + decoder(config), cache),
    ]
}

impl Weights {
    fn of(config: &Config, tensors: &[TensorEntry]) -> Self {
        let mut weights = Self::default();
        let scales = tensors
            .iter()
            .filter_map(|t| t.name.strip_suffix(".scales"));
        let quantized: BTreeSet<&str> = scales.collect();
        for tensor in tensors {
            let name = tensor.name.as_str();
            let embedding = name.starts_with("language_model.model.embed_tokens.");
            if is_video_memory(name) || embedding && !config.llm_config.tie_word_embeddings {
                continue;
            }
            let bytes = on_gpu(tensor, &quantized);
            if name.starts_with("language_model.") || name.starts_with("text_hidden_fcs.") {
                weights.language += bytes;
            } else if name.starts_with("grounding_encoder.") {
                weights.mask += bytes;
            } else {
                weights.vision += bytes;
            }
        }
        weights
    }
}

/// Packed words, scales and biases as stored; other numbers as f32.
fn on_gpu(tensor: &TensorEntry, quantized: &BTreeSet<&str>) -> u64 {
    let info = tensor.info();
    if quantized.contains(layer(&tensor.name)) {
        return info.bytes().unwrap_or_default() as u64;
    }
    info.elements().unwrap_or_default() as u64 * F32
}

/// The layer that tensor `name` belongs to.
fn layer(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(layer, _)| layer)
}

fn vision(config: &Config) -> u64 {
    let vision = &config.vision_config;
    let tokens = (config.grid() * config.grid() + 1) as u64;
    let (width, inner) = (vision.hidden_size as u64, vision.intermediate_size as u64);
    let scores = tokens * tokens * vision.num_attention_heads as u64 * F32 * 2;
    tokens * (8 * width).max(3 * width + 2 * inner) * F32 + scores.min(SCORES)
}

fn hiera(config: &Config) -> u64 {
    let sam = &config.grounding_encoder;
    // Sides halve and widths double from stage to stage: the first is the largest.
    let side = (sam.image_size / 4) as u64;
    side * side * 11 * sam.embed_dim as u64 * F32 + SCORES
}

fn features(config: &Config) -> u64 {
    let sam = &config.grounding_encoder;
    let (side, width) = (sam.mask_side() as u64, sam.d_model as u64);
    side * side * (width / 8 + width / 16 + width / 16) * F32
}

fn decoder(config: &Config) -> u64 {
    const MASKS: u64 = 4;
    let sam = &config.grounding_encoder;
    let (side, width) = (sam.mask_side() as u64, sam.d_model as u64);
    side * side * (3 * width / 8 + MASKS) * F32 + (sam.image_size as u64).pow(2) * F32
}

/// Keys and values of one position in all layers.
fn cache_bytes(config: &Config) -> u64 {
    let llm = &config.llm_config;
    let keys = llm.hidden_size / llm.num_attention_heads * llm.num_key_value_heads;
    2 * llm.num_hidden_layers as u64 * keys as u64 * F32
}

/// What one position takes while a layer reads it.
fn position_bytes(config: &Config) -> u64 {
    let llm = &config.llm_config;
    3 * (llm.hidden_size + llm.intermediate_size) as u64 * F32
}

fn logits(config: &Config) -> u64 {
    2 * config.llm_config.vocab_size as u64 * F32
}
