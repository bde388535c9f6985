//! A tokenizer with the control tokens of InternVL and Sa2VA at their published ids: single bytes
//! are its only words, the rest of the vocabulary is filled up.

use serde_json::{Map, Value, json};

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

/// The files of a repository that has no `tokenizer.json`, as the public ones.
pub fn files() -> [(&'static str, String); 4] {
    let mut vocabulary = Map::new();
    for (id, letter) in byte_letters().into_iter().enumerate() {
        vocabulary.insert(letter.to_string(), Value::from(id));
    }
    for id in 256..BASE {
        vocabulary.insert(format!("<fill-{id}>"), Value::from(id));
    }
    let (mut added, mut decoder) = (Map::new(), Map::new());
    for (i, name) in ADDED.iter().enumerate() {
        let content = name.map_or_else(|| format!("<unused-{i}>"), str::to_owned);
        decoder.insert(
            (BASE + i).to_string(),
            json!({
                "content": content, "special": true, "single_word": false,
                "lstrip": false, "rstrip": false, "normalized": false,
            }),
        );
        added.insert(content, Value::from(BASE + i));
    }
    let config = json!({"added_tokens_decoder": decoder, "tokenizer_class": "Qwen2Tokenizer"});
    [
        ("vocab.json", Value::from(vocabulary).to_string()),
        ("merges.txt", "#version: 0.2\n".to_owned()),
        ("added_tokens.json", Value::from(added).to_string()),
        ("tokenizer_config.json", config.to_string()),
    ]
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
