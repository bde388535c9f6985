//! What values of a field are those that are computed, each asked about the value and the block that
//! it stands in.

use serde_json::Value;

use crate::models::settings::Block;

/// No value is.
pub fn never(_: &Value, _: &Block) -> bool {
    false
}

pub fn is_off(value: &Value, _: &Block) -> bool {
    value == false
}

pub fn is_on(value: &Value, _: &Block) -> bool {
    value == true
}

pub fn is_number(value: &Value, number: f64) -> bool {
    value.as_f64() == Some(number)
}

pub fn is_intern_vit(value: &Value, _: &Block) -> bool {
    let name = value.as_str();
    name.is_some_and(|name| name.starts_with("intern_vit"))
}

/// Whether a name, or every name of a list, is `name`.
pub fn is(value: &Value, name: &str) -> bool {
    match value {
        Value::Array(names) => !names.is_empty() && names.iter().all(|found| found == name),
        found => found == name,
    }
}

pub fn is_empty(value: &Value, _: &Block) -> bool {
    value.as_object().is_some_and(Block::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// Sa2VA's own code reads either spelling.
pub fn is_qwen_chat(value: &Value, _: &Block) -> bool {
    value
        .as_str()
        .is_some_and(|name| name.replace('-', "_") == "qwen_chat")
}

/// MLX writes the block that it calls `quantization` a second time, as `quantization_config`.
pub fn is_mlx(value: &Value, block: &Block) -> bool {
    is_empty(value, block) || block.get("quantization") == Some(value)
}

pub fn is_head_width(value: &Value, block: &Block) -> bool {
    let side = |name: &str| block.get(name).and_then(Value::as_u64);
    let width = || side("hidden_size")?.checked_div(side("num_attention_heads")?);
    value.as_u64() == width()
}

/// Longest context of the model, with Qwen2's default.
fn context(block: &Block) -> f64 {
    let context = block.get("max_position_embeddings").and_then(Value::as_f64);
    context.unwrap_or(32_768.0)
}

pub fn are_full_layers(types: &Value, block: &Block) -> bool {
    let full =
        |kind: &Value| kind == "full_attention" || kind == "sliding_attention" && sees_all(block);
    types.as_array().is_some_and(|types| types.iter().all(full))
}

pub fn is_whole_window(value: &Value, block: &Block) -> bool {
    value == false || sees_all(block)
}

/// Whether no layer's window is shorter than the context.
fn sees_all(block: &Block) -> bool {
    let count = |name: &str| block.get(name).and_then(Value::as_f64);
    let all = count("sliding_window").is_none_or(|window| window >= context(block));
    let from = count("max_window_layers").unwrap_or(28.0);
    let by_layer = block
        .get("layer_types")
        .is_some_and(|types| !types.is_null());
    all || !by_layer && count("num_hidden_layers").is_some_and(|layers| from >= layers)
}

/// Whether the positions of a context as long as the model's are those of training. `dynamic`
/// changes longer contexts alone, and a factor of 1 none.
pub fn is_trained_rope(value: &Value, block: &Block) -> bool {
    const NO_SCALE: [&str; 9] = [
        "type",
        "rope_type",
        "factor",
        "rope_theta",
        "original_max_position_embeddings",
        "beta_fast",
        "beta_slow",
        "low_freq_factor",
        "high_freq_factor",
    ];
    let Some(rope) = value.as_object() else {
        return false;
    };
    let get = |name: &str| rope.get(name).filter(|value| !value.is_null());
    let other =
        |(name, value): (&String, &Value)| !value.is_null() && !NO_SCALE.contains(&name.as_str());
    let base = block.get("rope_theta").and_then(Value::as_f64);
    let own_base = get("rope_theta").and_then(Value::as_f64);
    if rope.iter().any(other) || base.zip(own_base).is_some_and(|(one, other)| one != other) {
        return false;
    }
    let trained = get("original_max_position_embeddings").and_then(Value::as_f64);
    let whole = trained.is_none_or(|trained| trained >= context(block));
    let once = get("factor").is_none_or(|factor| is_number(factor, 1.0));
    let kind = get("rope_type").or_else(|| get("type"));
    match kind.map(Value::as_str) {
        Some(Some("default")) => true,
        Some(Some("dynamic")) => whole,
        None | Some(Some("linear" | "yarn" | "llama3")) => whole && once,
        _ => false,
    }
}
