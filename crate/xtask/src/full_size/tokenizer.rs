//! A tokenizer with the control tokens of InternVL and Sa2VA at their published ids: single bytes
//! are its only words, the rest of the vocabulary is filled up.

use serde_json::{Map, Value, json};

use crate::run::Fault;

/// Where the added tokens start.
const BASE: usize = 151_643;
/// Added tokens in the order of their ids; `None` stands for those that Sa2VA does not use.
const ADDED: [Option<&str>; 36] = [
    Some("<|endoftext|>"),
    Some("<|im_start|>"),
    Some("<|im_end|>"),
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    None,
    Some("<img>"),
    Some("</img>"),
    Some("<IMG_CONTEXT>"),
    Some("<quad>"),
    Some("</quad>"),
    Some("<ref>"),
    Some("</ref>"),
    Some("<box>"),
    Some("</box>"),
    Some("[SEG]"),
    Some("<p>"),
    Some("</p>"),
    Some("<vp>"),
    Some("</vp>"),
];

/// The text of `tokenizer.json`.
pub fn json() -> Result<String, Fault> {
    let mut vocabulary = Map::new();
    for (id, letter) in byte_letters().into_iter().enumerate() {
        vocabulary.insert(letter.to_string(), Value::from(id));
    }
    for id in 256..BASE {
        vocabulary.insert(format!("<fill-{id}>"), Value::from(id));
    }
    let added: Vec<Value> = ADDED
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let content = name.map_or_else(|| format!("<unused-{i}>"), str::to_owned);
            json!({
                "id": BASE + i, "content": content, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
            })
        })
        .collect();
    let byte_level = json!({"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false});
    let tokenizer = json!({
        "version": "1.0",
        "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": byte_level.clone(),
        "post_processor": null,
        "decoder": byte_level,
        "truncation": null,
        "padding": null,
        "model": {
            "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false,
            "vocab": vocabulary, "merges": [],
        },
    });
    serde_json::to_string(&tokenizer).map_err(|e| Fault(e.to_string()))
}

/// The printable letter of each byte in byte-level BPE (GPT-2): printable bytes stand for
/// themselves, the others for the letters from U+0100 on.
fn byte_letters() -> Vec<char> {
    let mut spare = 0x100..;
    (0..=255_u8)
        .map(|byte| match byte {
            0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff => char::from(byte),
            _ => spare
                .next()
                .and_then(char::from_u32)
                .unwrap_or(char::REPLACEMENT_CHARACTER),
        })
        .collect()
}
