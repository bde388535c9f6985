//! Configurations that people have, beside those of the public checkpoints.

use serde_json::{Value, json};

use super::super::{Config, MaskUpsampling, memory};

fn published(size: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures");
    let text = std::fs::read_to_string(format!("{folder}/sa2va_{size}_config.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The public configuration with other values in places such as `/llm_config/hidden_act`.
fn with(changes: &[(&str, Value)]) -> Result<Config, String> {
    let mut config = published("1b");
    for (place, value) in changes {
        let (block, name) = place.rsplit_once('/').unwrap();
        let block = config.pointer_mut(block).unwrap();
        block[name] = value.clone();
    }
    Config::parse(&config.to_string()).map_err(|error| error.to_string())
}

#[test]
fn public_configurations_have_no_unknown_field() {
    for size in ["1b", "2b"] {
        let config = Config::parse(&published(size).to_string()).unwrap();
        assert_eq!(config.unknown, [""; 0], "{size}");
    }
}

#[test]
fn settings_that_need_other_arithmetic_are_named() {
    let cases = [
        (
            "/architectures",
            json!(["Sa2VAChatModelQwen"]),
            "Sa2VAChatModelQwen",
        ),
        (
            "/architectures",
            json!(["InternVLChatModel"]),
            "InternVLChatModel",
        ),
        ("/model_type", json!("qwen2_5_vl"), "qwen2_5_vl"),
        ("/template", json!(null), "no template"),
        ("/template", json!("phi3_chat"), "phi3_chat"),
        ("/ps_version", json!("v1"), "v1"),
        ("/ps_version", json!(null), "no ps_version"),
        ("/select_layer", json!(-2), "select_layer"),
        ("/downsample_ratio", json!(0.25), "downsample_ratio"),
        (
            "/quantization_config",
            json!({"bits": 4, "quant_method": "gptq"}),
            "\"gptq\"",
        ),
        (
            "/llm_config/quantization_config",
            json!({"quant_method": "awq"}),
            "\"awq\"",
        ),
        (
            "/vision_config/quantization_config",
            json!({}),
            "vision_config.quantization_config",
        ),
        (
            "/llm_config/architectures",
            json!(["Qwen3ForCausalLM"]),
            "Qwen3ForCausalLM",
        ),
        (
            "/llm_config/architectures",
            json!(["Qwen2ForCausalLM", "X"]),
            "X",
        ),
        ("/llm_config/model_type", json!("llama"), "llama"),
        ("/llm_config/hidden_act", json!("gelu_new"), "gelu_new"),
        ("/llm_config/attention_bias", json!(false), "attention_bias"),
        ("/llm_config/mlp_bias", json!(true), "mlp_bias"),
        (
            "/llm_config/head_dim",
            json!(128),
            "head_dim in config.json is 128",
        ),
        (
            "/llm_config/partial_rotary_factor",
            json!(0.5),
            "partial_rotary_factor",
        ),
        (
            "/llm_config/layer_types",
            json!(["full_attention", "linear_attention"]),
            "layer_types",
        ),
        (
            "/vision_config/architectures",
            json!(["SiglipVisionModel"]),
            "SiglipVisionModel",
        ),
        ("/vision_config/norm_type", json!("rms_norm"), "rms_norm"),
        (
            "/vision_config/hidden_act",
            json!("quick_gelu"),
            "quick_gelu",
        ),
        ("/vision_config/num_channels", json!(4), "num_channels"),
    ];
    for (place, value, named) in cases {
        assert_refused(place, value, named);
    }
}

#[test]
fn positions_that_were_not_trained_are_named() {
    let rope = "/llm_config/rope_scaling";
    let cases = [
        (rope, json!({"type": "yarn", "factor": 4.0}), "yarn"),
        (
            rope,
            json!({"rope_type": "linear", "factor": 2.0}),
            "linear",
        ),
        (
            rope,
            json!({"type": "mrope", "mrope_section": [16, 24, 24]}),
            "mrope",
        ),
        (
            rope,
            json!({"type": "default", "mrope_section": [16, 24, 24]}),
            "rope_scaling",
        ),
        (rope, json!({"factor": 2.0}), "rope_scaling"),
        (
            rope,
            json!({"type": "yarn", "factor": 1.0, "attention_factor": 1.2}),
            "yarn",
        ),
        (
            rope,
            json!({"type": "dynamic", "factor": 2.0, "original_max_position_embeddings": 4096}),
            "dynamic",
        ),
        (
            "/llm_config/rope_parameters",
            json!({"rope_type": "default", "rope_theta": 10000.0}),
            "rope_parameters",
        ),
    ];
    for (place, value, named) in cases {
        assert_refused(place, value, named);
    }
}

fn assert_refused(place: &str, value: Value, named: &str) {
    let error = with(&[(place, value)]).expect_err(place);
    let field = place.rsplit('/').next().unwrap();
    assert!(error.contains(field) && error.contains(named), "{error}");
    assert!(error.starts_with("unsupported model: "), "{error}");
}

#[test]
fn settings_that_change_nothing_pass() {
    let rope = "/llm_config/rope_scaling";
    for changes in [
        vec![("/template", json!("qwen-chat"))],
        vec![("/quantization_config", json!({}))],
        vec![("/llm_config/hidden_act", json!(null))],
        vec![("/llm_config/head_dim", json!(64))],
        vec![("/llm_config/attention_bias", json!(true))],
        vec![("/llm_config/layer_types", json!(vec!["full_attention"; 24]))],
        vec![("/use_llm_lora", json!(16)), ("/pad2square", json!(false))],
        vec![(rope, json!(null))],
        vec![(rope, json!({}))],
        vec![(rope, json!({"type": "default"}))],
        vec![(rope, json!({"rope_type": "linear", "factor": 1}))],
        vec![(rope, json!({"type": "dynamic", "factor": 4.0}))],
        vec![
            ("/llm_config/use_sliding_window", json!(false)),
            ("/llm_config/sliding_window", json!(16)),
        ],
        vec![
            ("/llm_config/use_sliding_window", json!(true)),
            ("/llm_config/sliding_window", json!(32768)),
            ("/llm_config/max_window_layers", json!(0)),
        ],
        vec![
            ("/llm_config/use_sliding_window", json!(true)),
            ("/llm_config/sliding_window", json!(16)),
            ("/llm_config/max_window_layers", json!(24)),
        ],
    ] {
        let config = with(&changes);
        let config = config.unwrap_or_else(|error| panic!("{changes:?}: {error}"));
        assert_eq!(config.unknown, [""; 0], "{changes:?}");
    }
}

#[test]
fn a_window_shorter_than_the_context_is_refused() {
    let error = with(&[
        ("/llm_config/use_sliding_window", json!(true)),
        ("/llm_config/sliding_window", json!(4096)),
        ("/llm_config/max_window_layers", json!(21)),
    ]);
    let error = error.expect_err("a window in three layers");
    assert!(error.contains("use_sliding_window"), "{error}");
}

#[test]
fn unknown_fields_are_listed() {
    let config = with(&[
        ("/my_setting", json!(1)),
        ("/vision_config/use_rel_pos", json!(true)),
        ("/llm_config/nothing", json!(null)),
    ]);
    assert_eq!(
        config.unwrap().unknown,
        ["my_setting", "vision_config.use_rel_pos"]
    );
}

#[test]
fn masks_are_enlarged_as_sa2va_does_unless_the_model_asks_for_more() {
    let field = "/mask_upsampling";
    let plain = with(&[]).unwrap();
    let guided = with(&[(field, json!("guided"))]).unwrap();
    assert_eq!(plain.mask_upsampling, MaskUpsampling::Bilinear);
    assert_eq!(guided.mask_upsampling, MaskUpsampling::Guided);
    assert_eq!(guided.unknown, [""; 0]);
    let error = with(&[(field, json!("sharp"))]).unwrap_err();
    assert!(
        error.contains("sharp") && error.contains("guided"),
        "{error}"
    );
    // Eleven planes of 1024 × 1024 f32, at the last stage alone.
    let activations = |config: &Config| {
        let stages = memory(config, &[]);
        stages.iter().map(|stage| stage.activations).collect()
    };
    let (plain, guided): (Vec<u64>, Vec<u64>) = (activations(&plain), activations(&guided));
    assert_eq!(plain[..3], guided[..3]);
    assert_eq!(guided[3] - plain[3], 11 * 1024 * 1024 * 4);
}

#[test]
fn the_rotary_base_may_stand_among_the_parameters() {
    let parameters = json!({"rope_type": "default", "rope_theta": 5e5});
    let theta = |theta: Value| {
        let config = with(&[
            ("/llm_config/rope_theta", theta),
            ("/llm_config/rope_parameters", parameters.clone()),
        ]);
        config.map(|config| config.llm_config.rope_theta)
    };
    assert_eq!(theta(json!(null)), Ok(5e5));
    assert_eq!(theta(json!(5e5)), Ok(5e5));
    let none = with(&[("/llm_config/rope_theta", json!(null))]);
    assert_eq!(none.unwrap().llm_config.rope_theta, 1e4);
}

#[test]
fn mlx_names_its_quantization_twice() {
    let block = json!({"group_size": 32, "bits": 4});
    let both = [
        ("/quantization", block.clone()),
        ("/quantization_config", block),
    ];
    assert!(with(&both).is_ok());
    assert!(with(&both[1..]).is_err());
}
