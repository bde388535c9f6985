//! How much memory a model needs, stage by stage, from its configuration and tensors.
//!
//! Estimates, in bytes. Weights are counted as they lie on the GPU: quantized matrices as stored,
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
//! | mask decoder | side² · d/8 · 3 · 4, + all candidates at the model's resolution |
//! | guided filter, where the model asks for it | pixels² · 11 · 4 |

use std::collections::{BTreeMap, BTreeSet};

use super::chat::QUESTION_TOKENS;
use super::config::Config;
use super::mask_upsampling::MaskUpsampling;
use super::tensors::{EMBEDDING, IMAGE_ENCODER, LANGUAGE, MASK_DECODER, VISION, table};
use crate::models::sam2::MASKS;
use crate::nn::{CHUNK, MAX_SCORES};
use crate::runtime::host::Stage;
use crate::runtime::preflight::StageMemory;
use crate::weights::manifest::TensorEntry;

/// Bytes of an f32.
const F32: u64 = 4;
/// Attention scores and their softmax, as many at a time as the layer computes.
const SCORES: u64 = 2 * MAX_SCORES as u64 * F32;
/// A chunk of a matrix on its way to the GPU, and its copy there.
const STAGING: u64 = 2 * CHUNK as u64;
/// Positions of a question that may be read at once: all but one that is left for the answer.
const PREFILL: u64 = QUESTION_TOKENS as u64 - 1;

/// Estimated memory of a model with these tensors at every stage, in the order of the stages.
#[must_use]
pub fn memory(config: &Config, tensors: &[TensorEntry]) -> Vec<StageMemory> {
    let weights = weights(config, tensors);
    let of = |part: &str| weights.get(part).copied().unwrap_or_default();
    let (heads, language) = (of(MASK_DECODER), of(LANGUAGE));
    let encoders = of(VISION).max(of(IMAGE_ENCODER));
    let all = weights.values().sum();
    let cache = cache_bytes(config);
    let tokens = config.tokens_per_tile() as u64;
    let kept = features(config) + QUESTION_TOKENS as u64 * cache;
    let encode = vision(config).max(hiera(config));
    let think = PREFILL * position_bytes(config) + logits(config) + SCORES;
    let stage = |stage, low: u64, activations: u64, per_token: u64| StageMemory {
        stage,
        weights: all,
        low_memory_weights: heads + low,
        activations,
        activations_per_tile: tokens * per_token,
    };
    let largest = encoders.max(language);
    let reading = cache + position_bytes(config);
    vec![
        stage(Stage::Load, largest, STAGING, 0),
        stage(Stage::EncodeImage, largest, encode + kept, reading),
        stage(Stage::Think, language, kept + think, cache),
        // The language model has just been at work and is still held.
        stage(Stage::Mask, language, kept + decoder(config), cache),
    ]
}

/// Bytes on the GPU by part of the model.
fn weights(config: &Config, tensors: &[TensorEntry]) -> BTreeMap<&'static str, u64> {
    let table = table(config);
    let scales = tensors
        .iter()
        .filter_map(|t| t.name.strip_suffix(".scales"));
    let quantized: BTreeSet<&str> = scales.collect();
    let mut weights = BTreeMap::new();
    for tensor in tensors {
        if let Some(part) = table.part(&tensor.name).filter(|&part| part != EMBEDDING) {
            *weights.entry(part).or_default() += on_gpu(tensor, &quantized);
        }
    }
    weights
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
    let scores = (tokens * tokens).saturating_mul(vision.num_attention_heads as u64 * F32 * 2);
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
    let sam = &config.grounding_encoder;
    let (side, width) = (sam.mask_side() as u64, sam.d_model as u64);
    // Of the model's square input: the logits, and what a guided filter needs beside them.
    let planes = match config.mask_upsampling {
        MaskUpsampling::Bilinear => 1,
        MaskUpsampling::Guided => 1 + 11,
    };
    let pixels = (sam.image_size as u64).pow(2);
    side * side * (3 * width / 8 + MASKS as u64) * F32 + pixels * planes * F32
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
