//! The tensors of a Sa2VA checkpoint: each name with its part, its shape and its default bits.
//! Names are those of the public checkpoints, such as
//! [Sa2VA-1B](https://huggingface.co/ByteDance/Sa2VA-1B).
//!
//! | tensors | part | bits |
//! |---|---|---|
//! | `vision_model.*`, `mlp1.*` | vision | 4 for linear layers |
//! | `language_model.*` | language | 4 for linear layers and head |
//! | `language_model.model.embed_tokens` | embedding; language where it is also the head | 8 |
//! | `text_hidden_fcs.*` | language | floats |
//! | SAM 2's trunk and neck | image encoder | 4 for linear layers of the trunk |
//! | SAM 2's prompt encoder and mask decoder | mask decoder | floats |
//! | SAM 2's memory of earlier frames | none, may be left out | floats |
//!
//! What older tools save beside them (buffers, the head of a tied embedding) is never read.

use super::config::Config;
use super::{LANGUAGE_MODEL, SAM2};
use crate::models::sam2::{BlockSizes, MASKS, Sam2Config, block_sizes};
use crate::weights::{Bits, OtherTensors, TensorCopy, TensorSpec, TensorTable};

/// InternViT and the connector behind it.
pub const VISION: &str = "vision";
/// Qwen2 and the projection of its `[SEG]` states.
pub const LANGUAGE: &str = "language";
/// The token embedding, where it is not the head too: single rows of it are read, never all.
pub const EMBEDDING: &str = "embedding";
/// SAM 2's trunk and neck.
pub const IMAGE_ENCODER: &str = "image encoder";
/// SAM 2's prompt encoder and mask decoder.
pub const MASK_DECODER: &str = "mask decoder";

/// Tensors that only video uses, below SAM 2's prefix: the memory of earlier frames.
const VIDEO_MEMORY: [&str; 9] = [
    "mask_downsample.",
    "maskmem_tpos_enc",
    "memory_attention.",
    "memory_encoder.",
    "no_mem_pos_enc",
    // SAM 2.1 has this one and `obj_ptr_tpos_proj` more than SAM 2.
    "no_obj_embed_spatial",
    "no_obj_ptr",
    "obj_ptr_proj.",
    "obj_ptr_tpos_proj.",
];

/// Buffers that savers leave in checkpoints, by the end of their names.
const LEFTOVERS: [(&str, &str); 5] = [
    ("rotary_emb.inv_freq", "follows from rope_theta"),
    ("rotary_emb.cos_cached", "follows from rope_theta"),
    ("rotary_emb.sin_cached", "follows from rope_theta"),
    ("position_ids", "counts up from 0"),
    ("num_batches_tracked", "counts steps of training"),
];

const VISION_BITS: Bits = Bits::new("vision", 4);
const LANGUAGE_BITS: Bits = Bits::new("language", 4);
const HEAD_BITS: Bits = Bits::new("head", 4);
const EMBEDDING_BITS: Bits = Bits::new("embedding", 8);
const MASK_BITS: Bits = Bits::new("mask", 4);

/// All tensors of a model of this configuration.
#[must_use]
pub fn table(config: &Config) -> TensorTable {
    let others = OtherTensors {
        droppable: VIDEO_MEMORY.map(|name| format!("{SAM2}.{name}")).into(),
        leftovers: LEFTOVERS.into(),
        copies: tied_head(config),
    };
    TensorTable::new(specs(config), others)
}

/// The head where it is the embedding and saved all the same, dense or quantized.
fn tied_head(config: &Config) -> Vec<TensorCopy> {
    if !config.llm_config.tie_word_embeddings {
        return Vec::new();
    }
    let copies = ["weight", "scales", "biases"].map(|kind| TensorCopy {
        name: format!("{LANGUAGE_MODEL}.lm_head.{kind}"),
        original: format!("{LANGUAGE_MODEL}.model.embed_tokens.{kind}"),
        setting: "llm_config.tie_word_embeddings",
    });
    copies.into()
}

fn specs(config: &Config) -> Vec<TensorSpec> {
    let mut specs = Vec::new();
    vision(config, &mut specs);
    language(config, &mut specs);
    let sam2 = &config.grounding_encoder;
    trunk(sam2, &mut specs);
    neck(sam2, &mut specs);
    prompt_encoder(sam2, &mut specs);
    mask_decoder(sam2, &mut specs);
    specs
}

fn vision(config: &Config, list: &mut Vec<TensorSpec>) {
    let vit = &config.vision_config;
    let (width, inner, patch) = (vit.hidden_size, vit.intermediate_size, vit.patch_size);
    let mut specs = Specs::new(VISION, list);
    let mut tower = specs.at("vision_model");
    for i in 0..vit.num_hidden_layers {
        let mut block = tower.at_index("encoder.layers", i);
        block.norm("norm1", width);
        block.norm("norm2", width);
        block.matrix("attn.qkv", [3 * width, width], Some(VISION_BITS));
        if vit.qkv_bias {
            block.bias("attn.qkv", 3 * width);
        }
        if vit.qk_normalization {
            block.weight("attn.q_norm", width);
            block.weight("attn.k_norm", width);
        }
        block.linear("attn.proj", [width, width], Some(VISION_BITS));
        block.linear("mlp.fc1", [inner, width], Some(VISION_BITS));
        block.linear("mlp.fc2", [width, inner], Some(VISION_BITS));
        block.tensor("ls1", &[width]);
        block.tensor("ls2", &[width]);
    }
    let positions = 1 + (vit.image_size / patch).pow(2);
    let mut embeddings = tower.at("embeddings");
    embeddings.conv("patch_embedding", [width, 3, patch, patch]);
    embeddings.tensor("class_embedding", &[1, 1, width]);
    embeddings.tensor("position_embedding", &[1, positions, width]);
    let output = config.llm_config.hidden_size;
    let mut connector = specs.at("mlp1");
    connector.norm("0", 4 * width);
    connector.linear("1", [output, 4 * width], Some(VISION_BITS));
    connector.linear("3", [output, output], Some(VISION_BITS));
}

fn language(config: &Config, list: &mut Vec<TensorSpec>) {
    let llm = &config.llm_config;
    let (width, inner) = (llm.hidden_size, llm.intermediate_size);
    let keys = llm.head_width() * llm.num_key_value_heads;
    let mut specs = Specs::new(LANGUAGE, list);
    let mut model = specs.at(LANGUAGE_MODEL);
    for i in 0..llm.num_hidden_layers {
        let mut layer = model.at_index("model.layers", i);
        layer.weight("input_layernorm", width);
        layer.weight("post_attention_layernorm", width);
        layer.linear("self_attn.q_proj", [width, width], Some(LANGUAGE_BITS));
        layer.linear("self_attn.k_proj", [keys, width], Some(LANGUAGE_BITS));
        layer.linear("self_attn.v_proj", [keys, width], Some(LANGUAGE_BITS));
        layer.matrix("self_attn.o_proj", [width, width], Some(LANGUAGE_BITS));
        layer.matrix("mlp.gate_proj", [inner, width], Some(LANGUAGE_BITS));
        layer.matrix("mlp.up_proj", [inner, width], Some(LANGUAGE_BITS));
        layer.matrix("mlp.down_proj", [width, inner], Some(LANGUAGE_BITS));
    }
    model.weight("model.norm", width);
    let vocabulary = [llm.vocab_size, width];
    if !llm.tie_word_embeddings {
        model.matrix("lm_head", vocabulary, Some(HEAD_BITS));
        model.part = EMBEDDING;
    }
    model.matrix("model.embed_tokens", vocabulary, Some(EMBEDDING_BITS));
    let prompt = config.grounding_encoder.d_model;
    let mut projection = specs.at("text_hidden_fcs");
    projection.linear("0", [width, width], None);
    projection.linear("2", [prompt, width], None);
}

fn trunk(sam2: &Sam2Config, list: &mut Vec<TensorSpec>) {
    let mut specs = Specs::new(IMAGE_ENCODER, list);
    let mut trunk = specs.at(&format!("{SAM2}.image_encoder.trunk"));
    for (i, BlockSizes { input, output, .. }) in block_sizes(sam2).into_iter().enumerate() {
        let mut block = trunk.at_index("blocks", i);
        block.norm("norm1", input);
        block.norm("norm2", output);
        block.linear("attn.qkv", [3 * output, input], Some(MASK_BITS));
        block.linear("attn.proj", [output, output], Some(MASK_BITS));
        block.linear("mlp.layers.0", [4 * output, output], Some(MASK_BITS));
        block.linear("mlp.layers.1", [output, 4 * output], Some(MASK_BITS));
        if input != output {
            block.linear("proj", [output, input], None);
        }
    }
    let (width, window) = (sam2.embed_dim, sam2.window_spec[0]);
    let [rows, columns] = sam2.window_pos_embed_bkg_spatial_size;
    trunk.conv("patch_embed.proj", [width, 3, 7, 7]);
    trunk.tensor("pos_embed", &[1, width, rows, columns]);
    trunk.tensor("pos_embed_window", &[1, width, window, window]);
}

fn neck(sam2: &Sam2Config, list: &mut Vec<TensorSpec>) {
    let width = sam2.d_model;
    let mut specs = Specs::new(IMAGE_ENCODER, list);
    let mut sam = specs.at(SAM2);
    for stage in 0..4 {
        // The neck counts from the deepest stage.
        let mut lateral = sam.at_index("image_encoder.neck.convs", 3 - stage);
        lateral.conv("conv", [width, sam2.embed_dim << stage, 1, 1]);
    }
    sam.conv("sam_mask_decoder.conv_s0", [width / 8, width, 1, 1]);
    sam.conv("sam_mask_decoder.conv_s1", [width / 4, width, 1, 1]);
}

fn prompt_encoder(sam2: &Sam2Config, list: &mut Vec<TensorSpec>) {
    let width = sam2.d_model;
    let mut specs = Specs::new(MASK_DECODER, list);
    let mut sam = specs.at(SAM2);
    sam.tensor("no_mem_embed", &[1, 1, width]);
    let mut encoder = sam.at("sam_prompt_encoder");
    let frequencies = "pe_layer.positional_encoding_gaussian_matrix";
    encoder.tensor(frequencies, &[2, width / 2]);
    for i in 0..4 {
        let mut point = encoder.at_index("point_embeddings", i);
        point.tensor("weight", &[1, width]);
    }
    encoder.tensor("not_a_point_embed.weight", &[1, width]);
    encoder.tensor("no_mask_embed.weight", &[1, width]);
    let mut downscaling = encoder.at("mask_downscaling");
    downscaling.conv("0", [4, 1, 2, 2]);
    downscaling.norm("1", 4);
    downscaling.conv("3", [16, 4, 2, 2]);
    downscaling.norm("4", 16);
    downscaling.conv("6", [width, 16, 1, 1]);
}

fn mask_decoder(sam2: &Sam2Config, list: &mut Vec<TensorSpec>) {
    let (width, inner) = (sam2.d_model, sam2.decoder_mlp_dim);
    let mut specs = Specs::new(MASK_DECODER, list);
    let mut decoder = specs.at(&format!("{SAM2}.sam_mask_decoder"));
    decoder.tensor("obj_score_token.weight", &[1, width]);
    decoder.tensor("iou_token.weight", &[1, width]);
    decoder.tensor("mask_tokens.weight", &[MASKS, width]);
    let mut upscaling = decoder.at("output_upscaling");
    upscaling.tensor("0.weight", &[width, width / 4, 2, 2]);
    upscaling.bias("0", width / 4);
    upscaling.norm("1", width / 4);
    upscaling.tensor("3.weight", &[width / 4, width / 8, 2, 2]);
    upscaling.bias("3", width / 8);
    let mut transformer = decoder.at("transformer");
    for i in 0..2 {
        let mut layer = transformer.at_index("layers", i);
        layer.attention("self_attn", width, width);
        layer.attention("cross_attn_token_to_image", width, width / 2);
        layer.attention("cross_attn_image_to_token", width, width / 2);
        layer.mlp("mlp", &[width, inner, width]);
        for name in ["norm1", "norm2", "norm3", "norm4"] {
            layer.norm(name, width);
        }
    }
    transformer.attention("final_attn_token_to_image", width, width / 2);
    transformer.norm("norm_final_attn", width);
    for i in 0..MASKS {
        let mut hypernetworks = decoder.at("output_hypernetworks_mlps");
        hypernetworks.mlp(&i.to_string(), &[width, width, width, width / 8]);
    }
    let hidden = sam2.iou_head_hidden_dim;
    decoder.mlp("iou_prediction_head", &[width, hidden, hidden, MASKS]);
    decoder.mlp("pred_obj_score_head", &[width, width, width, 1]);
}

/// Writes down the tensors of one part, by names below a prefix.
struct Specs<'a> {
    part: &'static str,
    prefix: String,
    list: &'a mut Vec<TensorSpec>,
}

impl<'a> Specs<'a> {
    fn new(part: &'static str, list: &'a mut Vec<TensorSpec>) -> Self {
        Self {
            part,
            prefix: String::new(),
            list,
        }
    }

    fn at(&mut self, name: &str) -> Specs<'_> {
        Specs {
            part: self.part,
            prefix: [&self.prefix, name, "."].concat(),
            list: self.list,
        }
    }

    fn at_index(&mut self, name: &str, index: usize) -> Specs<'_> {
        self.at(&format!("{name}.{index}"))
    }

    fn push(&mut self, name: &[&str], shape: &[usize], matrix: bool, bits: Option<Bits>) {
        self.list.push(TensorSpec {
            name: [&self.prefix, &*name.concat()].concat(),
            shape: shape.to_vec(),
            part: self.part,
            matrix,
            bits,
        });
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) {
        self.push(&[name], shape, false, None);
    }

    /// The weight `[output, input]` of a linear layer.
    fn matrix(&mut self, layer: &str, shape: [usize; 2], bits: Option<Bits>) {
        self.push(&[layer, ".weight"], &shape, true, bits);
    }

    fn weight(&mut self, layer: &str, width: usize) {
        self.push(&[layer, ".weight"], &[width], false, None);
    }

    fn bias(&mut self, layer: &str, width: usize) {
        self.push(&[layer, ".bias"], &[width], false, None);
    }

    /// A linear layer `[output, input]` with bias.
    fn linear(&mut self, layer: &str, shape: [usize; 2], bits: Option<Bits>) {
        self.matrix(layer, shape, bits);
        self.bias(layer, shape[0]);
    }

    /// A convolution `[output, input, height, width]` with bias.
    fn conv(&mut self, layer: &str, shape: [usize; 4]) {
        self.push(&[layer, ".weight"], &shape, false, None);
        self.bias(layer, shape[0]);
    }

    /// A layer norm.
    fn norm(&mut self, layer: &str, width: usize) {
        self.weight(layer, width);
        self.bias(layer, width);
    }

    /// SAM's attention: three projections to `inner` and one back to `width`.
    fn attention(&mut self, name: &str, width: usize, inner: usize) {
        let mut attention = self.at(name);
        attention.linear("q_proj", [inner, width], None);
        attention.linear("k_proj", [inner, width], None);
        attention.linear("v_proj", [inner, width], None);
        attention.linear("out_proj", [width, inner], None);
    }

    /// SAM's small perceptron of these widths.
    fn mlp(&mut self, name: &str, widths: &[usize]) {
        let mut layers = self.at(name);
        for (i, pair) in widths.windows(2).enumerate() {
            layers.linear(&format!("layers.{i}"), [pair[1], pair[0]], None);
        }
    }
}

#[cfg(test)]
mod tests;
