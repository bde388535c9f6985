//! `tokenizer.json` from the files of older tokenizers, against transformers' `Qwen2Tokenizer`.

use std::collections::BTreeMap;

use askmask_core::language::tokenizer::{Qwen2Files, Tokenizer};
use askmask_tests::{bytes, json};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    size: usize,
    added: BTreeMap<String, u32>,
    texts: Vec<Encoded>,
}

#[derive(Deserialize)]
struct Encoded {
    text: String,
    ids: Vec<u32>,
}

fn file(name: &str) -> String {
    String::from_utf8(bytes(&format!("qwen2_tokenizer/{name}"))).unwrap()
}

fn files() -> Qwen2Files {
    Qwen2Files {
        vocabulary: file("vocab.json"),
        merges: file("merges.txt"),
        added: Some(file("added_tokens.json")),
        config: Some(file("tokenizer_config.json")),
        special: Some(file("special_tokens_map.json")),
    }
}

#[test]
fn ids_are_those_of_transformers() {
    let expected: Expected = json("qwen2_tokenizer/expected.json");
    assert!(expected.texts.len() >= 35, "{}", expected.texts.len());
    // tokenizer_config.json and added_tokens.json say the same; either is enough.
    let later = Qwen2Files {
        added: None,
        ..files()
    };
    let older = Qwen2Files {
        config: None,
        ..files()
    };
    for files in [files(), later, older] {
        let built = files.to_json().unwrap();
        let whole = tokenizers::Tokenizer::from_bytes(&built).unwrap();
        assert_eq!(whole.get_vocab_size(true), expected.size);
        for Encoded { text, ids } in &expected.texts {
            let encoding = whole.encode(text.as_str(), true).unwrap();
            assert_eq!(encoding.get_ids(), ids, "{text:?}");
        }
        let ours = Tokenizer::from_bytes(&built).unwrap();
        for (name, &id) in &expected.added {
            assert_eq!(ours.token_text(id), *name);
        }
        let control = |text: &str| expected.added.keys().any(|name| text.contains(name));
        for Encoded { text, ids } in expected.texts.iter().filter(|e| !control(&e.text)) {
            assert_eq!(ours.text(text).unwrap(), *ids, "{text:?}");
        }
    }
}

#[test]
fn contradicting_and_broken_files_are_refused() {
    let refused = |files: Qwen2Files, expected: &str| {
        let error = files.to_json().unwrap_err();
        assert_eq!(error.code(), "unsupported-model");
        assert!(error.to_string().contains(expected), "{error}");
    };
    let other = |edit: fn(&mut Qwen2Files)| {
        let mut files = files();
        edit(&mut files);
        files
    };
    refused(other(|p| p.vocabulary = "[]".into()), "vocab.json");
    refused(other(|p| p.merges += "Ġ nothing\n"), "merges.txt, line");
    refused(other(|p| p.merges += "a\n"), "no pair of tokens");
    refused(
        other(|p| p.added = Some("{\"x\":412}".into())),
        "the id 412 is",
    );
    refused(
        other(|p| p.added = Some("{\"[SEG]\":422,\"late\":9999}".into())),
        "\"late\" has the id 9999",
    );
    refused(
        other(|p| p.config = Some("{".into())),
        "tokenizer_config.json",
    );
    refused(
        other(|p| p.special = Some("7".into())),
        "special_tokens_map.json",
    );
}
