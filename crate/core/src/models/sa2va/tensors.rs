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

use super::SAM2;
use super::config::Config;
use crate::models::sam2::{MASKS, Sam2Config, block_sizes};
use crate::weights::{Bits, Row, TensorTable};

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
const VIDEO_MEMORY: [&str; 8] = [
    "mask_downsample.",
    "maskmem_tpos_enc",
    "memory_attention.",
    "memory_encoder.",
    "no_mem_pos_enc",
    "no_obj_ptr",
    "obj_ptr_proj.",
    "obj_ptr_tpos_proj.",
];

const VISION_BITS: Bits = Bits::new("vision", 4);
const LANGUAGE_BITS: Bits = Bits::new("language", 4);
const HEAD_BITS: Bits = Bits::new("head", 4);
const EMBEDDING_BITS: Bits = Bits::new("embedding", 8);
const MASK_BITS: Bits = Bits::new("mask", 4);

/// All tensors of a model of this configuration.
#[must_use]
pub fn table(config: &Config) -> TensorTable {
    let sam2 = &config.grounding_encoder;
    let rows = [
        vision(config),
        language(config),
        trunk(sam2),
        neck(sam2),
        prompt_encoder(sam2),
        mask_decoder(sam2),
    ];
    let droppable = VIDEO_MEMORY.map(|name| format!("{SAM2}.{name}"));
    TensorTable::new(rows.into_iter().flatten().collect(), droppable.into())
}

fn vision(config: &Config) -> Vec<Row> {
    let vit = &config.vision_config;
    let (width, inner, patch) = (vit.hidden_size, vit.intermediate_size, vit.patch_size);
    let positions = 1 + (vit.image_size / patch).pow(2);
    let mut rows = Rows::of(VISION);
    for i in 0..vit.num_hidden_layers {
        let at = format!("vision_model.encoder.layers.{i}");
        rows.norm(&format!("{at}.norm1"), width);
        rows.norm(&format!("{at}.norm2"), width);
        let qkv = format!("{at}.attn.qkv");
        rows.matrix(&qkv, [3 * width, width], Some(VISION_BITS));
        if vit.qkv_bias {
            rows.bias(&qkv, 3 * width);
        }
        if vit.qk_normalization {
            rows.weight(&format!("{at}.attn.q_norm"), width);
            rows.weight(&format!("{at}.attn.k_norm"), width);
        }
        rows.linear(
            &format!("{at}.attn.proj"),
            [width, width],
            Some(VISION_BITS),
        );
        rows.linear(&format!("{at}.mlp.fc1"), [inner, width], Some(VISION_BITS));
        rows.linear(&format!("{at}.mlp.fc2"), [width, inner], Some(VISION_BITS));
        rows.tensor(format!("{at}.ls1"), [width]);
        rows.tensor(format!("{at}.ls2"), [width]);
    }
    let at = "vision_model.embeddings";
    rows.tensor(
        format!("{at}.patch_embedding.weight"),
        [width, 3, patch, patch],
    );
    rows.bias(&format!("{at}.patch_embedding"), width);
    rows.tensor(format!("{at}.class_embedding"), [1, 1, width]);
    rows.tensor(format!("{at}.position_embedding"), [1, positions, width]);
    let output = config.llm_config.hidden_size;
    rows.norm("mlp1.0", 4 * width);
    rows.linear("mlp1.1", [output, 4 * width], Some(VISION_BITS));
    rows.linear("mlp1.3", [output, output], Some(VISION_BITS));
    rows.rows
}

fn language(config: &Config) -> Vec<Row> {
    let llm = &config.llm_config;
    let (width, inner) = (llm.hidden_size, llm.intermediate_size);
    let keys = width / llm.num_attention_heads * llm.num_key_value_heads;
    let mut rows = Rows::of(LANGUAGE);
    for i in 0..llm.num_hidden_layers {
        let at = format!("language_model.model.layers.{i}");
        rows.weight(&format!("{at}.input_layernorm"), width);
        rows.weight(&format!("{at}.post_attention_layernorm"), width);
        for (name, output) in [("q_proj", width), ("k_proj", keys), ("v_proj", keys)] {
            let layer = format!("{at}.self_attn.{name}");
            rows.linear(&layer, [output, width], Some(LANGUAGE_BITS));
        }
        for (name, shape) in [
            ("self_attn.o_proj", [width, width]),
            ("mlp.gate_proj", [inner, width]),
            ("mlp.up_proj", [inner, width]),
            ("mlp.down_proj", [width, inner]),
        ] {
            rows.matrix(&format!("{at}.{name}"), shape, Some(LANGUAGE_BITS));
        }
    }
    rows.weight("language_model.model.norm", width);
    let vocabulary = [llm.vocab_size, width];
    if !llm.tie_word_embeddings {
        rows.matrix("language_model.lm_head", vocabulary, Some(HEAD_BITS));
        rows.part = EMBEDDING;
    }
    rows.matrix(
        "language_model.model.embed_tokens",
        vocabulary,
        Some(EMBEDDING_BITS),
    );
    rows.part = LANGUAGE;
    rows.linear("text_hidden_fcs.0", [width, width], None);
    let prompt = config.grounding_encoder.d_model;
    rows.linear("text_hidden_fcs.2", [prompt, width], None);
    rows.rows
}

fn trunk(sam2: &Sam2Config) -> Vec<Row> {
    let at = format!("{SAM2}.image_encoder.trunk");
    let mut rows = Rows::of(IMAGE_ENCODER);
    for (i, block) in block_sizes(sam2).iter().enumerate() {
        let at = format!("{at}.blocks.{i}");
        let (input, output) = (block.input, block.output);
        rows.norm(&format!("{at}.norm1"), input);
        rows.norm(&format!("{at}.norm2"), output);
        for (name, shape) in [
            ("attn.qkv", [3 * output, input]),
            ("attn.proj", [output, output]),
            ("mlp.layers.0", [4 * output, output]),
            ("mlp.layers.1", [output, 4 * output]),
        ] {
            rows.linear(&format!("{at}.{name}"), shape, Some(MASK_BITS));
        }
        if input != output {
            rows.linear(&format!("{at}.proj"), [output, input], None);
        }
    }
    let (width, window) = (sam2.embed_dim, sam2.window_spec[0]);
    let [height, columns] = sam2.window_pos_embed_bkg_spatial_size;
    rows.tensor(format!("{at}.patch_embed.proj.weight"), [width, 3, 7, 7]);
    rows.bias(&format!("{at}.patch_embed.proj"), width);
    rows.tensor(format!("{at}.pos_embed"), [1, width, height, columns]);
    rows.tensor(format!("{at}.pos_embed_window"), [1, width, window, window]);
    rows.rows
}

fn neck(sam2: &Sam2Config) -> Vec<Row> {
    let width = sam2.d_model;
    let mut rows = Rows::of(IMAGE_ENCODER);
    for stage in 0..4 {
        // The neck counts from the deepest stage.
        let lateral = format!("{SAM2}.image_encoder.neck.convs.{}.conv", 3 - stage);
        rows.conv(&lateral, [width, sam2.embed_dim << stage, 1, 1]);
    }
    let decoder = format!("{SAM2}.sam_mask_decoder");
    rows.conv(&format!("{decoder}.conv_s0"), [width / 8, width, 1, 1]);
    rows.conv(&format!("{decoder}.conv_s1"), [width / 4, width, 1, 1]);
    rows.rows
}

fn prompt_encoder(sam2: &Sam2Config) -> Vec<Row> {
    let (width, at) = (sam2.d_model, format!("{SAM2}.sam_prompt_encoder"));
    let mut rows = Rows::of(MASK_DECODER);
    rows.tensor(format!("{SAM2}.no_mem_embed"), [1, 1, width]);
    let matrix = format!("{at}.pe_layer.positional_encoding_gaussian_matrix");
    rows.tensor(matrix, [2, width / 2]);
    for i in 0..4 {
        rows.tensor(format!("{at}.point_embeddings.{i}.weight"), [1, width]);
    }
    rows.tensor(format!("{at}.not_a_point_embed.weight"), [1, width]);
    rows.tensor(format!("{at}.no_mask_embed.weight"), [1, width]);
    let downscaling = format!("{at}.mask_downscaling");
    rows.conv(&format!("{downscaling}.0"), [4, 1, 2, 2]);
    rows.norm(&format!("{downscaling}.1"), 4);
    rows.conv(&format!("{downscaling}.3"), [16, 4, 2, 2]);
    rows.norm(&format!("{downscaling}.4"), 16);
    rows.conv(&format!("{downscaling}.6"), [width, 16, 1, 1]);
    rows.rows
}

fn mask_decoder(sam2: &Sam2Config) -> Vec<Row> {
    let (width, inner) = (sam2.d_model, sam2.decoder_mlp_dim);
    let at = format!("{SAM2}.sam_mask_decoder");
    let mut rows = Rows::of(MASK_DECODER);
    for (name, count) in [
        ("obj_score_token", 1),
        ("iou_token", 1),
        ("mask_tokens", MASKS),
    ] {
        rows.tensor(format!("{at}.{name}.weight"), [count, width]);
    }
    let upscaling = format!("{at}.output_upscaling");
    rows.tensor(format!("{upscaling}.0.weight"), [width, width / 4, 2, 2]);
    rows.bias(&format!("{upscaling}.0"), width / 4);
    rows.norm(&format!("{upscaling}.1"), width / 4);
    rows.tensor(
        format!("{upscaling}.3.weight"),
        [width / 4, width / 8, 2, 2],
    );
    rows.bias(&format!("{upscaling}.3"), width / 8);
    let transformer = format!("{at}.transformer");
    for i in 0..2 {
        let at = format!("{transformer}.layers.{i}");
        rows.attention(&format!("{at}.self_attn"), width, width);
        rows.attention(&format!("{at}.cross_attn_token_to_image"), width, width / 2);
        rows.attention(&format!("{at}.cross_attn_image_to_token"), width, width / 2);
        rows.mlp(&format!("{at}.mlp"), &[width, inner, width]);
        for i in 1..=4 {
            rows.norm(&format!("{at}.norm{i}"), width);
        }
    }
    let last = format!("{transformer}.final_attn_token_to_image");
    rows.attention(&last, width, width / 2);
    rows.norm(&format!("{transformer}.norm_final_attn"), width);
    for i in 0..MASKS {
        let hypernetwork = format!("{at}.output_hypernetworks_mlps.{i}");
        rows.mlp(&hypernetwork, &[width, width, width, width / 8]);
    }
    let hidden = sam2.iou_head_hidden_dim;
    rows.mlp(
        &format!("{at}.iou_prediction_head"),
        &[width, hidden, hidden, MASKS],
    );
    rows.mlp(
        &format!("{at}.pred_obj_score_head"),
        &[width, width, width, 1],
    );
    rows.rows
}

/// Rows of one part as they are written down.
struct Rows {
    part: &'static str,
    rows: Vec<Row>,
}

impl Rows {
    fn of(part: &'static str) -> Self {
        Self {
            part,
            rows: Vec::new(),
        }
    }

    fn push(&mut self, name: String, shape: Vec<usize>, bits: Option<Bits>) {
        let part = self.part;
        self.rows.push(Row {
            name,
            shape,
            part,
            bits,
        });
    }

    fn tensor<const D: usize>(&mut self, name: String, shape: [usize; D]) {
        self.push(name, shape.into(), None);
    }

    /// `{layer}.weight`, `[output, input]`.
    fn matrix(&mut self, layer: &str, shape: [usize; 2], bits: Option<Bits>) {
        self.push(format!("{layer}.weight"), shape.into(), bits);
    }

    fn weight(&mut self, layer: &str, width: usize) {
        self.tensor(format!("{layer}.weight"), [width]);
    }

    fn bias(&mut self, layer: &str, width: usize) {
        self.tensor(format!("{layer}.bias"), [width]);
    }

    /// A linear layer `[output, input]` with bias.
    fn linear(&mut self, layer: &str, shape: [usize; 2], bits: Option<Bits>) {
        self.matrix(layer, shape, bits);
        self.bias(layer, shape[0]);
    }

    /// A convolution `[output, input, height, width]` with bias.
    fn conv(&mut self, layer: &str, shape: [usize; 4]) {
        self.tensor(format!("{layer}.weight"), shape);
        self.bias(layer, shape[0]);
    }

    /// A layer norm.
    fn norm(&mut self, layer: &str, width: usize) {
        self.weight(layer, width);
        self.bias(layer, width);
    }

    /// SAM's attention: three projections to `inner` and one back to `width`.
    fn attention(&mut self, at: &str, width: usize, inner: usize) {
        for name in ["q_proj", "k_proj", "v_proj"] {
            self.linear(&format!("{at}.{name}"), [inner, width], None);
        }
        self.linear(&format!("{at}.out_proj"), [width, inner], None);
    }

    /// SAM's small perceptron of these widths.
    fn mlp(&mut self, at: &str, widths: &[usize]) {
        for (i, pair) in widths.windows(2).enumerate() {
            self.linear(&format!("{at}.layers.{i}"), [pair[1], pair[0]], None);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde::Deserialize;

    use super::*;

    /// `tests/fixtures/sa2va_1b_shapes.json`, read off the public checkpoint.
    #[derive(Deserialize)]
    struct Published {
        tensors: Vec<Pattern>,
    }

    /// A tensor, or one for each number in `from..=to`.
    #[derive(Deserialize)]
    struct Pattern {
        name: String,
        from: Option<usize>,
        to: Option<usize>,
        shape: Vec<usize>,
    }

    fn sizes(size: &str) -> (TensorTable, Vec<(String, Vec<usize>)>) {
        let file = |name: &str| {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures");
            std::fs::read_to_string(format!("{folder}/sa2va_{size}_{name}.json")).unwrap()
        };
        let published: Published = serde_json::from_str(&file("shapes")).unwrap();
        let numbered = published.tensors.into_iter().flat_map(|pattern| {
            let numbers = pattern.from.unwrap_or(0)..=pattern.to.unwrap_or(0);
            numbers.map(move |number| {
                let name = pattern.name.replace("{}", &number.to_string());
                (name, pattern.shape.clone())
            })
        });
        let config = Config::parse(&file("config")).unwrap();
        (table(&config), numbered.collect())
    }

    #[test]
    fn the_table_is_that_of_the_public_checkpoints() {
        for size in ["1b", "2b"] {
            let (table, published) = sizes(size);
            let known: BTreeSet<(&str, &[usize])> = table
                .rows()
                .iter()
                .map(|row| (row.name.as_str(), row.shape.as_slice()))
                .collect();
            let needed: BTreeSet<(&str, &[usize])> = published
                .iter()
                .filter(|(name, _)| !table.is_droppable(name))
                .map(|(name, shape)| (name.as_str(), shape.as_slice()))
                .collect();
            assert_eq!(known, needed);
            assert_eq!(known.len(), table.rows().len(), "no row stands twice");
            let dropped = published.len() - needed.len();
            assert!(dropped > 100, "{dropped} tensors of video memory");
        }
    }

    #[test]
    fn every_part_has_its_bits() {
        let (table, _) = sizes("1b");
        let of = |name: &str| {
            let row = table.row(name).expect(name);
            (row.part, row.bits.map(|bits| (bits.setting, bits.default)))
        };
        let layer = "language_model.model.layers.3";
        let trunk = "grounding_encoder.sam2_model.image_encoder.trunk.blocks";
        for (name, part, bits) in [
            ("language_model.lm_head.weight".into(), LANGUAGE, Some(("head", 4))),
            (
                "language_model.model.embed_tokens.weight".into(),
                EMBEDDING,
                Some(("embedding", 8)),
            ),
            (format!("{layer}.self_attn.q_proj.weight"), LANGUAGE, Some(("language", 4))),
            (format!("{layer}.self_attn.q_proj.bias"), LANGUAGE, None),
            (format!("{layer}.input_layernorm.weight"), LANGUAGE, None),
            (
                "vision_model.encoder.layers.0.attn.qkv.weight".into(),
                VISION,
                Some(("vision", 4)),
            ),
            ("vision_model.embeddings.patch_embedding.weight".into(), VISION, None),
            ("mlp1.1.weight".into(), VISION, Some(("vision", 4))),
            ("text_hidden_fcs.0.weight".into(), LANGUAGE, None),
            (format!("{trunk}.9.mlp.layers.0.weight"), IMAGE_ENCODER, Some(("mask", 4))),
            (format!("{trunk}.0.attn.qkv.weight"), IMAGE_ENCODER, Some(("mask", 4))),
            (format!("{trunk}.2.proj.weight"), IMAGE_ENCODER, None),
            (
                "grounding_encoder.sam2_model.sam_mask_decoder.transformer.layers.0.mlp.layers.0.weight"
                    .into(),
                MASK_DECODER,
                None,
            ),
        ] {
            assert_eq!(of(&name), (part, bits), "{name}");
        }
        assert_eq!(table.part("mlp1.1.scales"), Some(VISION));
        assert_eq!(table.part("mlp1.9.scales"), None);
    }

    #[test]
    fn video_memory_is_dropped_and_nothing_else() {
        let (table, _) = sizes("1b");
        for name in [
            "memory_attention.norm.weight",
            "maskmem_tpos_enc",
            "mask_downsample.weight",
            "obj_ptr_proj.layers.0.bias",
        ] {
            assert!(table.is_droppable(&format!("{SAM2}.{name}")), "{name}");
        }
        for name in [
            "no_mem_embed",
            "sam_prompt_encoder.mask_downscaling.0.weight",
            "sam_mask_decoder.mask_tokens.weight",
        ] {
            assert!(!table.is_droppable(&format!("{SAM2}.{name}")), "{name}");
        }
    }
}
