//! The fields of a Sa2VA `config.json`, each with what it means here. Names and defaults are those
//! of Sa2VA's own classes (`configuration_sa2va_chat.py` and `configuration_intern_vit.py` beside
//! [its weights](https://huggingface.co/ByteDance/Sa2VA-1B)) and of transformers'
//! [`Qwen2Config`](https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen2/configuration_qwen2.py).

use serde_json::Value;

use crate::models::settings::Meaning::{Block as Inner, Harmless, Needs, Only, Used};
use crate::models::settings::{Block, Fields};

const FAMILY: &str = "only Sa2VA on InternViT and Qwen2 is computed, which is of the class \
    Sa2VAChatModel and the type sa2va_chat: take one such as Sa2VA-1B or Sa2VA-InternVL3-2B";
const LANGUAGE: &str = "only Qwen2 as language model is computed: take a Sa2VA with it, such as \
    Sa2VA-1B or Sa2VA-InternVL3-2B";
const TOWER: &str = "only InternViT as vision tower is computed: take a Sa2VA with it, such as \
    Sa2VA-1B or Sa2VA-InternVL3-2B";
const QUANTIZED: &str = "weights that another tool quantized are not computed: take the 16-bit \
    checkpoint they were made from, and quantize that with `askmask quantize`";
const TEMPLATE: &str = "only \"qwen_chat\" is known: set it if the model was trained with that, as \
    Sa2VA-1B was";
const ROPE: &str = "only positions as they were trained are computed: take the checkpoint without \
    it";
const WINDOW: &str = "only attention to the whole context is computed: take a checkpoint without a \
    sliding window";
const SILU: &str = "only \"silu\" is computed, which is Qwen2's";
const GELU: &str = "only \"gelu\" is computed, which is InternViT's";
const BIASES: &str = "Qwen2 has biases in its queries, keys and values, and in no other layer";
const HEADS: &str = "only hidden_size / num_attention_heads is computed, as in Qwen2";
const PLAIN: &str = "Qwen2 has nothing of the kind, so it is not computed";

/// Fields that transformers writes into every block and that say nothing about an answer of ours,
/// or that only training reads.
const OF_TRANSFORMERS: Fields = (
    &[
        "_attn_implementation_autoset",
        "_commit_hash",
        "_name_or_path",
        "add_cross_attention",
        "attention_dropout",
        "attn_implementation",
        "auto_map",
        "bad_words_ids",
        "begin_suppress_tokens",
        "bos_token_id",
        "chunk_size_feed_forward",
        "cross_attention_hidden_size",
        "decoder_start_token_id",
        "diversity_penalty",
        "do_sample",
        "dtype",
        "early_stopping",
        "encoder_no_repeat_ngram_size",
        "eos_token_id",
        "exponential_decay_length_penalty",
        "finetuning_task",
        "forced_bos_token_id",
        "forced_eos_token_id",
        "gradient_checkpointing",
        "id2label",
        "initializer_factor",
        "initializer_range",
        "is_decoder",
        "is_encoder_decoder",
        "label2id",
        "length_penalty",
        "max_length",
        "min_length",
        "no_repeat_ngram_size",
        "num_beam_groups",
        "num_beams",
        "num_return_sequences",
        "output_attentions",
        "output_hidden_states",
        "output_scores",
        "pad_token_id",
        "prefix",
        "problem_type",
        "remove_invalid_values",
        "repetition_penalty",
        "return_dict",
        "return_dict_in_generate",
        "sep_token_id",
        "suppress_tokens",
        "task_specific_params",
        "temperature",
        "tf_legacy_loss",
        "tie_encoder_decoder",
        "tokenizer_class",
        "top_k",
        "top_p",
        "torch_dtype",
        "torchscript",
        "transformers_version",
        "typical_p",
        "use_bfloat16",
        "use_cache",
    ],
    Harmless,
);

/// Fields of `config.json`. What names the family comes first, so that a model of another one is
/// called by its name.
pub const FIELDS: &[Fields] = &[
    (
        &["error"],
        Only(
            |_, _| false,
            "it is a server's message: download the file again",
        ),
    ),
    (
        &["architectures"],
        Only(|v, _| is(v, "Sa2VAChatModel"), FAMILY),
    ),
    (&["model_type"], Only(|v, _| v == "sa2va_chat", FAMILY)),
    (
        &["quantization_config", "compression_config"],
        Only(same_quantization, QUANTIZED),
    ),
    (&["template"], Needs(|v, _| is_qwen_chat(v), TEMPLATE)),
    (
        &["ps_version"],
        Needs(|v, _| v == "v2", "only pixel shuffle \"v2\" is computed"),
    ),
    (
        &["select_layer"],
        Only(
            |v, _| number(v) == Some(-1.0),
            "only the last layer, -1, is computed",
        ),
    ),
    (
        &["downsample_ratio"],
        Only(|v, _| number(v) == Some(0.5), "only 0.5 is computed"),
    ),
    (
        &["pad2square"],
        Only(|v, _| v == false, "only pictures in tiles are computed"),
    ),
    (
        &["pruned_heads"],
        Only(is_empty, "only models with all their heads are computed"),
    ),
    (
        &[
            "force_image_size",
            "max_dynamic_patch",
            "use_thumbnail",
            "quantization",
        ],
        Used,
    ),
    // Sa2VA's own code cuts every picture into one tile or more, and does not tie its outer model.
    (
        &[
            "dynamic_image_size",
            "min_dynamic_patch",
            "hidden_size",
            "tie_word_embeddings",
        ],
        Harmless,
    ),
    (
        &[
            "use_backbone_lora",
            "use_llm_lora",
            "system_message",
            "freeze_llm",
        ],
        Harmless,
    ),
    (&["freeze_visual_encoder", "is_composition"], Harmless),
    (&["vision_config"], Inner(VISION_FIELDS)),
    (&["llm_config"], Inner(LANGUAGE_FIELDS)),
    (&["grounding_encoder"], Inner(GROUNDING_FIELDS)),
    OF_TRANSFORMERS,
];

const VISION_FIELDS: &[Fields] = &[
    (
        &["architectures"],
        Only(|v, _| is(v, "InternVisionModel"), TOWER),
    ),
    (
        &["model_type"],
        Only(
            |v, _| v.as_str().is_some_and(|v| v.starts_with("intern_vit")),
            TOWER,
        ),
    ),
    (&["quantization_config"], Only(|_, _| false, QUANTIZED)),
    (
        &["norm_type"],
        Only(|v, _| v == "layer_norm", "only \"layer_norm\" is computed"),
    ),
    (&["hidden_act"], Only(|v, _| v == "gelu", GELU)),
    (
        &["num_channels"],
        Only(
            |v, _| v == 3,
            "only 3, for red, green and blue, are computed",
        ),
    ),
    (
        &["pruned_heads"],
        Only(is_empty, "only models with all their heads are computed"),
    ),
    (
        &[
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "intermediate_size",
        ],
        Used,
    ),
    (
        &[
            "image_size",
            "patch_size",
            "layer_norm_eps",
            "qkv_bias",
            "qk_normalization",
        ],
        Used,
    ),
    (
        &[
            "dropout",
            "drop_path_rate",
            "use_flash_attn",
            "tie_word_embeddings",
        ],
        Harmless,
    ),
    OF_TRANSFORMERS,
];

const LANGUAGE_FIELDS: &[Fields] = &[
    (
        &["architectures"],
        Only(|v, _| is(v, "Qwen2ForCausalLM"), LANGUAGE),
    ),
    (&["model_type"], Only(|v, _| v == "qwen2", LANGUAGE)),
    (&["quantization_config"], Only(|_, _| false, QUANTIZED)),
    (
        &["hidden_act"],
        Only(|v, _| v == "silu" || v == "swish", SILU),
    ),
    (
        &["rope_scaling", "rope_parameters"],
        Only(is_trained_rope, ROPE),
    ),
    (
        &["partial_rotary_factor"],
        Only(|v, _| number(v) == Some(1.0), ROPE),
    ),
    (&["use_mrope"], Only(|v, _| v == false, ROPE)),
    (
        &["use_sliding_window"],
        Only(|v, b| v == false || sees_all(b), WINDOW),
    ),
    (&["layer_types"], Only(are_full_layers, WINDOW)),
    (
        &["attention_bias", "qkv_bias"],
        Only(|v, _| v == true, BIASES),
    ),
    (&["mlp_bias"], Only(|v, _| v == false, BIASES)),
    (
        &["use_qk_norm", "qk_norm", "qk_layernorm"],
        Only(|v, _| v == false, PLAIN),
    ),
    (
        &["final_logit_softcapping", "attn_logit_softcapping"],
        Only(|_, _| false, PLAIN),
    ),
    (&["head_dim"], Only(is_head_width, HEADS)),
    (
        &["pruned_heads"],
        Only(is_empty, "only models with all their heads are computed"),
    ),
    (
        &[
            "hidden_size",
            "intermediate_size",
            "num_hidden_layers",
            "num_attention_heads",
        ],
        Used,
    ),
    (
        &[
            "num_key_value_heads",
            "vocab_size",
            "rope_theta",
            "rms_norm_eps",
        ],
        Used,
    ),
    (&["max_position_embeddings", "tie_word_embeddings"], Used),
    (&["sliding_window", "max_window_layers"], Used),
    OF_TRANSFORMERS,
];

/// The published checkpoints have no such block; those of the project's own recipe do.
const GROUNDING_FIELDS: &[Fields] = &[
    (
        &[
            "image_size",
            "d_model",
            "embed_dim",
            "num_heads",
            "stages",
            "global_att_blocks",
        ],
        Used,
    ),
    (
        &[
            "window_spec",
            "window_pos_embed_bkg_spatial_size",
            "decoder_mlp_dim",
        ],
        Used,
    ),
    (&["iou_head_hidden_dim"], Used),
    // Of the memory that only video uses.
    (
        &[
            "fuser_layers",
            "mem_dim",
            "memory_attention_ff",
            "memory_attention_layers",
        ],
        Harmless,
    ),
];

fn number(value: &Value) -> Option<f64> {
    value.as_f64()
}

/// Whether a name, or every name of a list, is `name`.
fn is(value: &Value, name: &str) -> bool {
    match value {
        Value::Array(names) => !names.is_empty() && names.iter().all(|found| found == name),
        found => found == name,
    }
}

fn is_empty(value: &Value, _: &Block) -> bool {
    value.as_object().is_some_and(Block::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

/// Sa2VA's own code reads either spelling.
fn is_qwen_chat(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|name| name.replace('-', "_") == "qwen_chat")
}

/// MLX writes the block that it calls `quantization` a second time, as `quantization_config`.
fn same_quantization(value: &Value, block: &Block) -> bool {
    is_empty(value, block) || block.get("quantization") == Some(value)
}

fn is_head_width(value: &Value, block: &Block) -> bool {
    let side = |name: &str| block.get(name).and_then(Value::as_u64);
    let width = || side("hidden_size")?.checked_div(side("num_attention_heads")?);
    value.as_u64() == width()
}

/// Longest context of the model, with Qwen2's default.
fn context(block: &Block) -> f64 {
    let context = block.get("max_position_embeddings").and_then(number);
    context.unwrap_or(32_768.0)
}

fn are_full_layers(types: &Value, block: &Block) -> bool {
    let full =
        |kind: &Value| kind == "full_attention" || kind == "sliding_attention" && sees_all(block);
    types.as_array().is_some_and(|types| types.iter().all(full))
}

/// Whether no layer's window is shorter than the context.
fn sees_all(block: &Block) -> bool {
    let count = |name: &str| block.get(name).and_then(number);
    let all = count("sliding_window").is_none_or(|window| window >= context(block));
    let from = count("max_window_layers").unwrap_or(28.0);
    let by_layer = block
        .get("layer_types")
        .is_some_and(|types| !types.is_null());
    all || !by_layer && count("num_hidden_layers").is_some_and(|layers| from >= layers)
}

/// Whether the positions of a context as long as the model's are those of training. `dynamic`
/// changes longer contexts alone, and a factor of 1 none.
fn is_trained_rope(value: &Value, block: &Block) -> bool {
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
    let base = block.get("rope_theta").and_then(number);
    let own_base = get("rope_theta").and_then(number);
    if rope.iter().any(other) || base.zip(own_base).is_some_and(|(one, other)| one != other) {
        return false;
    }
    let trained = get("original_max_position_embeddings").and_then(number);
    let whole = trained.is_none_or(|trained| trained >= context(block));
    let once = get("factor").is_none_or(|factor| number(factor) == Some(1.0));
    let kind = get("rope_type").or_else(|| get("type"));
    match kind.map(Value::as_str) {
        Some(Some("default")) => true,
        Some(Some("dynamic")) => whole,
        None | Some(Some("linear" | "yarn" | "llama3")) => whole && once,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
