//! Checkpoints as people bring them: what stands around a model is no obstacle, and what is one is
//! named before any work is done, alike by every command.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{ModelCopy, Outcome, QUESTION, StoredTensor, ask, askmask, picture, quantize};

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n";
const HEAD: &str = "language_model.lm_head.weight";
const EMBEDDING: &str = "language_model.model.embed_tokens.weight";

fn inspect(model: &ModelCopy) -> Outcome {
    askmask(["inspect", model.path().to_str().expect("UTF-8")])
}

/// Asks, looks at and converts `model`: each says the same, and nothing is left behind.
fn refused_by_all(model: &ModelCopy, code: &str, words: &[&str]) {
    let folder = TempDir::new().expect("a temporary folder");
    let converted = quantize(model.path(), &folder.path().join("out"), &[]);
    for outcome in [model.ask(), inspect(model), converted] {
        let line = outcome.refused(code);
        assert!(words.iter().all(|word| line.contains(word)), "{line}");
    }
    let left = fs::read_dir(folder.path()).expect("readable").count();
    assert_eq!(left, 0, "a refused conversion wrote files");
}

/// What the model says and marks.
fn answer(outcome: &Outcome) -> [Value; 2] {
    let json = outcome.json();
    ["text", "objects"].map(|field| json[field].clone())
}

/// `model` answers as the sound one, and so does the folder that is made of it; what is seen of it
/// has all these `words`.
fn same_as_sound(model: &ModelCopy, words: &[&str]) {
    assert_eq!(answer(&model.ask()), answer(&ModelCopy::new().ask()));
    let seen = inspect(model);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    let folder = TempDir::new().expect("a temporary folder");
    let bits = ["language", "head", "embedding", "vision", "mask"].map(|of| format!("--{of}-bits"));
    let whole: Vec<&str> = bits.iter().flat_map(|bits| [bits.as_str(), "16"]).collect();
    let out = folder.path().join("out");
    let made = quantize(model.path(), &out, &whole);
    assert_eq!(made.code, Some(0), "{made:?}");
    for word in words {
        assert!(seen.stdout.contains(word), "{word}: {}", seen.stdout);
        assert!(made.stdout.contains(word), "{word}: {}", made.stdout);
    }
    // 16-bit weights of another type give the same words.
    let found = ask(&out, &picture(), QUESTION).json();
    assert_eq!(found["text"], ModelCopy::new().ask().json()["text"]);
}

#[test]
fn a_git_lfs_pointer_is_named_whichever_file_it_is() {
    for name in ["model.safetensors", "tokenizer.json", "config.json"] {
        let model = ModelCopy::new();
        model.write(name, POINTER);
        refused_by_all(&model, "integrity", &[name, "git lfs pull"]);
    }
    let model = ModelCopy::new();
    model.remove("model.safetensors");
    model.write("model.safetensors.index.json", POINTER);
    refused_by_all(&model, "integrity", &["index.json", "git lfs pull"]);
    let model = ModelCopy::new();
    model.write("picture.png", POINTER);
    let outcome = ask(model.path(), &model.path().join("picture.png"), QUESTION);
    assert!(outcome.refused("invalid-image").contains("git lfs pull"));
}

#[test]
fn a_pointer_in_a_folder_with_a_manifest_is_named() {
    let folder = TempDir::new().expect("a temporary folder");
    let out = folder.path().join("out");
    quantize(ModelCopy::new().path(), &out, &[]);
    for name in ["weights-00001.safetensors", "config.json", "manifest.json"] {
        let sound = fs::read(out.join(name)).expect("written");
        fs::write(out.join(name), POINTER).expect("writable");
        let outcome = ask(&out, &picture(), QUESTION);
        let line = outcome.refused("integrity");
        assert!(
            line.contains(name) && line.contains("git lfs pull"),
            "{line}"
        );
        fs::write(out.join(name), sound).expect("writable");
    }
}

#[test]
fn a_web_page_in_place_of_weights_is_named() {
    let model = ModelCopy::new();
    model.write(
        "model.safetensors",
        "<!DOCTYPE html>\n<html><body>Sign in</body></html>",
    );
    refused_by_all(
        &model,
        "integrity",
        &["model.safetensors", "web page", "/resolve/"],
    );
    let model = ModelCopy::new();
    model.write("config.json", r#"{"error": "Repository not found"}"#);
    refused_by_all(
        &model,
        "unsupported-model",
        &["Repository not found", "config.json"],
    );
}

#[test]
fn names_of_wrappers_are_read_without_them() {
    for prefix in [
        "_orig_mod.",
        "module.",
        "model.",
        "module._orig_mod.",
        "net.",
    ] {
        let model = ModelCopy::new();
        model.rewrite(|tensors| {
            let named = std::mem::take(tensors).into_iter();
            tensors.extend(named.map(|(name, tensor)| (format!("{prefix}{name}"), tensor)));
        });
        same_as_sound(&model, &["tensor names"]);
    }
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        let inner =
            |name: String| name.replace("language_model.model", "language_model._orig_mod.model");
        let named = std::mem::take(tensors).into_iter();
        tensors.extend(named.map(|(name, tensor)| (inner(name), tensor)));
    });
    same_as_sound(&model, &["_orig_mod."]);
}

#[test]
fn two_models_in_one_file_are_refused() {
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        let copies: Vec<_> = tensors.clone().into_iter().collect();
        tensors.extend(
            copies
                .into_iter()
                .map(|(name, tensor)| (format!("module.{name}"), tensor)),
        );
    });
    refused_by_all(&model, "unsupported-model", &["module.", "prefix"]);
}

#[test]
fn adapters_that_are_not_merged_are_refused() {
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        let layer = "language_model.model.layers.0.self_attn.q_proj";
        let weight = tensors.remove(&format!("{layer}.weight")).expect("a layer");
        for name in ["base_layer", "lora_A.default", "lora_B.default"] {
            tensors.insert(format!("{layer}.{name}.weight"), weight.clone());
        }
    });
    refused_by_all(&model, "unsupported-model", &["lora_A", "merge_and_unload"]);
    let model = ModelCopy::new();
    model.write("adapter_config.json", "{}");
    refused_by_all(
        &model,
        "unsupported-model",
        &["adapter_config.json", "merge_and_unload"],
    );
}

#[test]
fn what_older_tools_save_beside_a_model_is_listed_and_not_read() {
    let floats = |count: usize| StoredTensor {
        dtype: "F32".to_owned(),
        shape: vec![count],
        bytes: vec![0; 4 * count],
    };
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        let rotary = "language_model.model.layers.0.self_attn.rotary_emb.inv_freq";
        tensors.insert(rotary.to_owned(), floats(8));
        let positions = "vision_model.embeddings.position_ids";
        let steps = StoredTensor {
            dtype: "I32".to_owned(),
            ..floats(4)
        };
        tensors.insert(positions.to_owned(), steps);
    });
    same_as_sound(&model, &["rotary_emb.inv_freq", "position_ids", "not read"]);
}

#[test]
fn extra_tensors_of_sam_2_1_are_for_video_alone() {
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        for name in ["no_obj_embed_spatial", "obj_ptr_tpos_proj.bias"] {
            let tensor = StoredTensor {
                dtype: "F32".to_owned(),
                shape: vec![1],
                bytes: vec![0; 4],
            };
            tensors.insert(format!("grounding_encoder.sam2_model.{name}"), tensor);
        }
    });
    same_as_sound(&model, &["tensors"]);
}

#[test]
fn a_head_saved_beside_a_tied_embedding_has_to_be_equal_to_it() {
    let tied = |head: Option<fn(&mut StoredTensor)>| {
        let model = ModelCopy::new();
        model.configure(|config| config["llm_config"]["tie_word_embeddings"] = json!(true));
        model.rewrite(|tensors| {
            tensors.remove(HEAD);
            if let Some(change) = head {
                let mut copy = tensors[EMBEDDING].clone();
                change(&mut copy);
                tensors.insert(HEAD.to_owned(), copy);
            }
        });
        model
    };
    let lean = answer(&tied(None).ask());
    let both = tied(Some(|_| ()));
    assert_eq!(answer(&both.ask()), lean);
    assert!(inspect(&both).stdout.contains(HEAD), "{:?}", inspect(&both));
    let other = tied(Some(|head| head.bytes[0] ^= 1));
    refused_by_all(&other, "unsupported-model", &[HEAD, "tie_word_embeddings"]);
}

#[test]
fn a_head_that_is_missing_is_named_before_conversion() {
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        tensors.remove(HEAD);
    });
    refused_by_all(&model, "weights-mismatch", &[HEAD]);
}

#[test]
fn settings_that_need_other_arithmetic_are_refused() {
    let cases = [
        (
            "rope_scaling",
            json!({"type": "yarn", "factor": 4.0}),
            "yarn",
        ),
        ("hidden_act", json!("relu"), "relu"),
        (
            "architectures",
            json!(["Qwen3ForCausalLM"]),
            "Qwen3ForCausalLM",
        ),
        (
            "quantization_config",
            json!({"quant_method": "bitsandbytes"}),
            "bitsandbytes",
        ),
    ];
    for (field, value, named) in cases {
        let model = ModelCopy::new();
        model.configure(|config| config["llm_config"][field] = value);
        refused_by_all(&model, "unsupported-model", &[field, named]);
    }
    let model = ModelCopy::new();
    model.configure(|config| config["template"] = Value::Null);
    refused_by_all(&model, "unsupported-model", &["template", "qwen_chat"]);
}

#[test]
fn unknown_settings_are_listed() {
    let model = ModelCopy::new();
    model.configure(|config| {
        config["template"] = json!("qwen-chat");
        config["use_llm_lora"] = json!(0);
        config["quantization"] = Value::Null;
        config["llm_config"]["of_tomorrow"] = json!(1);
    });
    same_as_sound(
        &model,
        &["unknown fields of config.json: llm_config.of_tomorrow"],
    );
}

#[test]
fn byte_order_marks_are_no_part_of_a_file() {
    let model = ModelCopy::new();
    for name in ["config.json", "tokenizer.json"] {
        let text = fs::read(model.path().join(name)).expect("readable");
        model.write(name, [&b"\xef\xbb\xbf"[..], &text].concat());
    }
    same_as_sound(&model, &[]);
    let model = ModelCopy::new();
    let text = fs::read_to_string(model.path().join("config.json")).expect("readable");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    model.write("config.json", [&b"\xff\xfe"[..], &wide].concat());
    refused_by_all(&model, "integrity", &["config.json", "UTF-16"]);
}

#[test]
fn a_single_file_beside_a_stale_index_is_read() {
    let model = ModelCopy::new();
    let index = json!({"weight_map": {HEAD: "model-00001-of-00001.safetensors"}});
    model.write("model.safetensors.index.json", index.to_string());
    same_as_sound(&model, &[]);
}

#[test]
fn a_model_may_be_named_by_one_of_its_files() {
    let model = ModelCopy::new();
    let named = |name: &str| ask(&model.path().join(name), &picture(), QUESTION);
    assert_eq!(answer(&named("config.json")), answer(&model.ask()));
    fs::rename(
        model.path().join("model.safetensors"),
        model.path().join("sa2va.safetensors"),
    )
    .expect("renamed");
    assert_eq!(
        answer(&named("config.json")),
        answer(&ModelCopy::new().ask())
    );
    assert!(
        named("sa2va.safetensors")
            .refused("file")
            .contains("a model is a folder")
    );
}

#[test]
fn weights_of_64_bits_are_read_and_of_8_bits_named() {
    let norm = "language_model.model.norm.weight";
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        let tensor = tensors.get_mut(norm).expect("a norm");
        assert_eq!(tensor.dtype, "BF16");
        let wide = |half: &[u8]| f32::from_le_bytes([0, 0, half[0], half[1]]);
        let values = tensor.bytes.chunks_exact(2).map(wide).map(f64::from);
        tensor.bytes = values.flat_map(f64::to_le_bytes).collect();
        tensor.dtype = "F64".to_owned();
    });
    same_as_sound(&model, &[]);
    assert!(inspect(&model).stdout.contains("1×F64"));
    let model = ModelCopy::new();
    model.rewrite(|tensors| {
        let tensor = tensors.get_mut(norm).expect("a norm");
        tensor.bytes.truncate(tensor.bytes.len() / 2);
        tensor.dtype = "F8_E4M3".to_owned();
    });
    refused_by_all(&model, "unsupported-model", &[norm, "F8_E4M3"]);
}
