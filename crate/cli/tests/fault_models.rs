//! Faults 7 to 12: broken, forged and foreign model folders.

use crate::support::{ModelCopy, weights};
use serde_json::json;

#[test]
fn fault_07_forged_weight_headers_are_refused() {
    let tensor = |dtype: &str, shape: &[u64], offsets: [u64; 2]| json!({"dtype": dtype, "shape": shape, "data_offsets": offsets});
    let with =
        |tensors: serde_json::Value, bytes: usize| weights(&tensors.to_string(), &vec![0; bytes]);
    let whole = tensor("U8", &[4], [0, 4]);
    let files = [
        (
            "header of 2^64 bytes",
            [u64::MAX.to_le_bytes().to_vec(), vec![b'{'; 64]].concat(),
        ),
        (
            "overlap",
            with(
                json!({"a": whole.clone(), "b": tensor("U8", &[4], [2, 6])}),
                6,
            ),
        ),
        (
            "hole",
            with(
                json!({"a": whole.clone(), "b": tensor("U8", &[4], [6, 10])}),
                10,
            ),
        ),
        (
            "offset overflow",
            with(json!({"a": tensor("U8", &[4], [u64::MAX - 1, 2])}), 4),
        ),
        (
            "shape overflow",
            with(
                json!({"a": tensor("F32", &[u64::MAX, u64::MAX], [0, 4])}),
                4,
            ),
        ),
        (
            "wrong type",
            with(json!({"a": tensor("F32", &[4], [0, 4])}), 4),
        ),
        (
            "foreign type",
            with(json!({"a": tensor("C64", &[1], [0, 8])}), 8),
        ),
        ("truncated", with(json!({"a": whole}), 3)),
        ("duplicate key", {
            let entry = r#""a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}"#;
            weights(&format!("{{{entry},{entry}}}"), &[0])
        }),
        ("no file at all", Vec::new()),
    ];
    for (fault, bytes) in files {
        let model = ModelCopy::new();
        let outcome = model.write("model.safetensors", bytes).ask();
        let line = outcome.refused("integrity");
        assert!(line.contains("model.safetensors"), "{fault}: {line}");
    }
}

#[test]
fn fault_08_weights_that_are_no_numbers_give_no_mask() {
    let parts = [
        "language_model.model.norm.weight",
        "vision_model.embeddings.patch_embedding.weight",
        "grounding_encoder.sam2_model.sam_mask_decoder.iou_token.weight",
    ];
    for part in parts {
        let model = ModelCopy::new();
        let nan = |tensors: &mut serde_json::Map<_, _>, data: &mut Vec<u8>| {
            let entry: &serde_json::Value = &tensors[part];
            let range = |i: usize| entry["data_offsets"][i].as_u64().unwrap() as usize;
            for value in data[range(0)..range(1)].chunks_exact_mut(2) {
                value.copy_from_slice(&[0xc0, 0x7f]);
            }
        };
        let line = model.edit(nan).ask().refused("integrity").to_owned();
        assert!(line.contains(part), "{line}");
    }
}

#[test]
fn fault_09_an_index_that_leads_out_or_to_nothing_is_refused() {
    const INDEX: &str = "model.safetensors.index.json";
    for (shard, named) in [
        ("../model.safetensors", "../model.safetensors"),
        ("/etc/passwd", "/etc/passwd"),
        (
            "model-00002-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
        ),
    ] {
        let model = ModelCopy::new();
        let index = json!({"weight_map": {"language_model.lm_head.weight": shard}});
        model.remove("model.safetensors");
        let outcome = model.write(INDEX, index.to_string()).ask();
        assert!(outcome.refused("integrity").contains(named), "{outcome:?}");
    }
    let shards = (0..1_000_000).map(|i| (format!("t{i}"), json!(format!("{i}.safetensors"))));
    let index = json!({"weight_map": shards.collect::<serde_json::Map<_, _>>()});
    ModelCopy::new()
        .remove("model.safetensors")
        .write(INDEX, index.to_string())
        .ask()
        .refused("integrity");
}

#[test]
fn fault_09_oversized_and_foreign_settings_are_refused() {
    let padded = format!("{{{}}}", " ".repeat(10 << 20));
    for config in [padded.as_str(), "{}", "[", r#"{"model_type":"llama"}"#] {
        ModelCopy::new()
            .write("config.json", config)
            .ask()
            .refused("unsupported-model");
    }
    let cyclic = r#"{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a","a"],["aa","aa"]]}}"#;
    for tokenizer in ["", "{}", cyclic] {
        ModelCopy::new()
            .write("tokenizer.json", tokenizer)
            .ask()
            .refused("unsupported-model");
    }
}

#[test]
fn fault_10_pickled_weights_are_refused_with_the_way_to_convert_them() {
    let model = ModelCopy::new();
    let outcome = model
        .remove("model.safetensors")
        .write("pytorch_model.bin", b"\x80\x02cos\nsystem\n(S'false'\ntR.")
        .ask();
    let line = outcome.refused("unsupported-model");
    assert!(
        line.contains("pytorch_model.bin") && line.contains("weights_only=True"),
        "{line}"
    );
}

#[test]
fn fault_11_chat_templates_of_a_model_change_nothing() {
    let sound = ModelCopy::new().ask().json();
    let template = "{{ raise_exception('run') }}";
    let model = ModelCopy::new();
    let found = model
        .write("chat_template.jinja", template)
        .write(
            "tokenizer_config.json",
            json!({"chat_template": template}).to_string(),
        )
        .write("modeling_sa2va_chat.py", "raise SystemExit")
        .ask()
        .json();
    assert_eq!(found["text"], sound["text"]);
    assert_eq!(found["objects"], sound["objects"]);
}

#[test]
fn fault_12_missing_and_unused_tensors_are_listed() {
    let model = ModelCopy::new();
    let outcome = model
        .edit(|tensors, _| {
            let names: Vec<String> = tensors.keys().take(25).cloned().collect();
            for name in names {
                let tensor = tensors.remove(&name).unwrap();
                tensors.insert(format!("foreign.{name}"), tensor);
            }
        })
        .ask();
    let line = outcome.refused("weights-mismatch");
    assert!(
        line.contains("25 missing: ") && line.contains("25 unused: foreign."),
        "{line}"
    );
    assert_eq!(line.matches("foreign.").count(), 20, "{line}");
}
