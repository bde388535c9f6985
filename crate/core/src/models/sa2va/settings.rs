//! The fields of a Sa2VA `config.json`, each with what it means here. Names and defaults are those
//! of Sa2VA's own classes (`configuration_sa2va_chat.py` and `configuration_intern_vit.py` beside
//! [its weights](https://huggingface.co/ByteDance/Sa2VA-1B)) and of transformers'
//! [`Qwen2Config`](https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen2/configuration_qwen2.py).

mod values;

use crate::models::settings::Fields;
use crate::models::settings::Meaning::{Block as Inner, Harmless, Needs, Only, Used};
use values::{
    are_full_layers, is, is_empty, is_head_width, is_intern_vit, is_mlx, is_number, is_off, is_on,
    is_qwen_chat, is_trained_rope, is_whole_window, never,
};

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

const ALL_HEADS: &str = "only models with all their heads are computed";
const SERVER: &str = "it is a server's message: download the file again";

/// Fields of `config.json`. What names the family comes first, so that a model of another one is
/// called by its name.
pub const FIELDS: &[Fields] = &[
    ("error", Only(never, SERVER)),
    (
        "architectures",
        Only(|v, _| is(v, "Sa2VAChatModel"), FAMILY),
    ),
    ("model_type", Only(|v, _| is(v, "sa2va_chat"), FAMILY)),
    (
        "quantization_config compression_config",
        Only(is_mlx, QUANTIZED),
    ),
    ("template", Needs(is_qwen_chat, TEMPLATE)),
    (
        "ps_version",
        Needs(|v, _| is(v, "v2"), "only pixel shuffle \"v2\" is computed"),
    ),
    (
        "select_layer",
        Only(
            |v, _| is_number(v, -1.0),
            "only the last layer, -1, is computed",
        ),
    ),
    (
        "downsample_ratio",
        Only(|v, _| is_number(v, 0.5), "only 0.5 is computed"),
    ),
    (
        "pad2square",
        Only(is_off, "only pictures in tiles are computed"),
    ),
    ("pruned_heads", Only(is_empty, ALL_HEADS)),
    (
        "force_image_size max_dynamic_patch use_thumbnail quantization",
        Used,
    ),
    // Not Sa2VA's: absent from the public checkpoints, and used by the project's own model.
    ("question_form mask_upsampling", Used),
    // Sa2VA's own code cuts every picture into one tile or more, and does not tie its outer model.
    (
        "dynamic_image_size min_dynamic_patch hidden_size tie_word_embeddings",
        Harmless,
    ),
    ("use_backbone_lora use_llm_lora system_message", Harmless),
    ("freeze_llm freeze_visual_encoder is_composition", Harmless),
    ("vision_config", Inner(VISION_FIELDS)),
    ("llm_config", Inner(LANGUAGE_FIELDS)),
    ("grounding_encoder", Inner(GROUNDING_FIELDS)),
    OF_TRANSFORMERS,
];

const VISION_FIELDS: &[Fields] = &[
    (
        "architectures",
        Only(|v, _| is(v, "InternVisionModel"), TOWER),
    ),
    ("model_type", Only(is_intern_vit, TOWER)),
    ("quantization_config", Only(never, QUANTIZED)),
    (
        "norm_type",
        Only(
            |v, _| is(v, "layer_norm"),
            "only \"layer_norm\" is computed",
        ),
    ),
    ("hidden_act", Only(|v, _| is(v, "gelu"), GELU)),
    (
        "num_channels",
        Only(
            |v, _| is_number(v, 3.0),
            "only red, green and blue are computed",
        ),
    ),
    ("pruned_heads", Only(is_empty, ALL_HEADS)),
    (
        "hidden_size num_hidden_layers num_attention_heads intermediate_size",
        Used,
    ),
    (
        "image_size patch_size layer_norm_eps qkv_bias qk_normalization",
        Used,
    ),
    (
        "dropout drop_path_rate use_flash_attn tie_word_embeddings",
        Harmless,
    ),
    OF_TRANSFORMERS,
];

const LANGUAGE_FIELDS: &[Fields] = &[
    (
        "architectures",
        Only(|v, _| is(v, "Qwen2ForCausalLM"), LANGUAGE),
    ),
    ("model_type", Only(|v, _| is(v, "qwen2"), LANGUAGE)),
    ("quantization_config", Only(never, QUANTIZED)),
    (
        "hidden_act",
        Only(|v, _| is(v, "silu") || is(v, "swish"), SILU),
    ),
    ("rope_scaling rope_parameters", Only(is_trained_rope, ROPE)),
    (
        "partial_rotary_factor",
        Only(|v, _| is_number(v, 1.0), ROPE),
    ),
    ("use_mrope", Only(is_off, ROPE)),
    ("use_sliding_window", Only(is_whole_window, WINDOW)),
    ("layer_types", Only(are_full_layers, WINDOW)),
    ("attention_bias qkv_bias", Only(is_on, BIASES)),
    ("mlp_bias", Only(is_off, BIASES)),
    ("use_qk_norm qk_norm qk_layernorm", Only(is_off, PLAIN)),
    (
        "final_logit_softcapping attn_logit_softcapping",
        Only(never, PLAIN),
    ),
    ("head_dim", Only(is_head_width, HEADS)),
    ("pruned_heads", Only(is_empty, ALL_HEADS)),
    (
        "hidden_size intermediate_size num_hidden_layers num_attention_heads",
        Used,
    ),
    (
        "num_key_value_heads vocab_size rope_theta rms_norm_eps",
        Used,
    ),
    (
        "max_position_embeddings tie_word_embeddings sliding_window max_window_layers",
        Used,
    ),
    OF_TRANSFORMERS,
];

/// The published checkpoints have no such block; those of the project's own recipe do.
const GROUNDING_FIELDS: &[Fields] = &[
    (
        "image_size d_model embed_dim num_heads stages global_att_blocks window_spec",
        Used,
    ),
    (
        "window_pos_embed_bkg_spatial_size decoder_mlp_dim iou_head_hidden_dim",
        Used,
    ),
    // Of the memory that only video uses.
    (
        "fuser_layers mem_dim memory_attention_ff memory_attention_layers",
        Harmless,
    ),
];

/// Fields that transformers writes into every block and that say nothing about an answer of ours,
/// or that only training reads.
const OF_TRANSFORMERS: Fields = (
    "\
        _attn_implementation_autoset _commit_hash _name_or_path add_cross_attention \
        attention_dropout attn_implementation auto_map bad_words_ids begin_suppress_tokens \
        bos_token_id chunk_size_feed_forward cross_attention_hidden_size decoder_start_token_id \
        diversity_penalty do_sample dtype early_stopping encoder_no_repeat_ngram_size \
        eos_token_id exponential_decay_length_penalty finetuning_task forced_bos_token_id \
        forced_eos_token_id gradient_checkpointing id2label initializer_factor initializer_range \
        is_decoder is_encoder_decoder label2id length_penalty max_length min_length \
        no_repeat_ngram_size num_beam_groups num_beams num_return_sequences output_attentions \
        output_hidden_states output_scores pad_token_id prefix problem_type \
        remove_invalid_values repetition_penalty return_dict return_dict_in_generate \
        sep_token_id suppress_tokens task_specific_params temperature tf_legacy_loss \
        tie_encoder_decoder tokenizer_class top_k top_p torch_dtype torchscript \
        transformers_version typical_p use_bfloat16 use_cache",
    Harmless,
);

#[cfg(test)]
mod tests;
