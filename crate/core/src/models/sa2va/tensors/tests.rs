//! The table beside the published checkpoints.

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

fn sizes(size: &str) -> (Config, Vec<(String, Vec<usize>)>) {
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
    (config, numbered.collect())
}

#[test]
fn the_table_is_that_of_the_public_checkpoints() {
    for size in ["1b", "2b"] {
        let (config, published) = sizes(size);
        let (table, specs) = (table(&config), specs(&config));
        let known: BTreeSet<(&str, &[usize])> = specs
            .iter()
            .map(|spec| (spec.name.as_str(), spec.shape.as_slice()))
            .collect();
        let needed: BTreeSet<(&str, &[usize])> = published
            .iter()
            .filter(|(name, _)| !table.is_droppable(name))
            .map(|(name, shape)| (name.as_str(), shape.as_slice()))
            .collect();
        assert_eq!(known, needed);
        assert_eq!(known.len(), specs.len(), "no tensor stands twice");
        let dropped = published.len() - needed.len();
        assert!(dropped > 100, "{dropped} tensors of video memory");
    }
}

#[test]
fn every_part_has_its_bits() {
    let table = table(&sizes("1b").0);
    let of = |name: &str| {
        let spec = table.get(name).expect(name);
        (
            spec.part,
            spec.bits.map(|bits| (bits.setting, bits.default)),
        )
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
    let table = table(&sizes("1b").0);
    for name in [
        "memory_attention.norm.weight",
        "maskmem_tpos_enc",
        "mask_downsample.weight",
        "obj_ptr_proj.layers.0.bias",
        "no_obj_embed_spatial",
        "obj_ptr_tpos_proj.weight",
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

#[test]
fn leftovers_are_known_and_have_no_part() {
    let (mut config, _) = sizes("1b");
    let untied = table(&config);
    config.llm_config.tie_word_embeddings = true;
    let tied = table(&config);
    let head = "language_model.lm_head.weight";
    assert_eq!(untied.leftover(head), None);
    assert!(tied.leftover(head).is_some() && tied.part(head).is_none());
    assert_eq!(
        tied.copies()[0].original,
        "language_model.model.embed_tokens.weight"
    );
    for name in [
        "language_model.model.layers.0.self_attn.rotary_emb.inv_freq",
        "vision_model.embeddings.position_ids",
    ] {
        assert!(
            untied.leftover(name).is_some() && untied.knows(name),
            "{name}"
        );
    }
    assert!(!untied.knows("language_model.model.my_position_ids"));
}
