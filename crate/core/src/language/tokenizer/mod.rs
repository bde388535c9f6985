//! Text to token ids and back. Text never becomes control tokens: those are placed by id.

mod limits;
mod qwen2;
mod steps;

use std::collections::HashSet;
use std::fmt::Display;

use tokenizers::{
    Model, ModelWrapper, NormalizedString, Normalizer, OffsetType, PreTokenizedString, PreTokenizer,
};

use super::unicode::is_blank;
use crate::error::Error;
use crate::first_bytes;
use limits::{MAX_BYTES, MAX_VOCABULARY, unsupported};
pub use qwen2::Qwen2Files;

/// Longest question, in characters.
pub const MAX_QUESTION: usize = 4096;

/// A byte-level BPE tokenizer.
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// Every token that was added to the vocabulary of text.
    added: HashSet<u32>,
}

impl Tokenizer {
    /// Reads `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when it is no JSON text, [`Error::UnsupportedModel`] when it is too
    /// large, or no deterministic BPE tokenizer.
    pub fn from_bytes(json: &[u8]) -> Result<Self, Error> {
        if json.len() > MAX_BYTES {
            return Err(unsupported(format!(
                "{} bytes, more than {MAX_BYTES}",
                json.len()
            )));
        }
        let json = first_bytes::text("tokenizer.json", json)?.as_bytes();
        steps::check(json)?;
        let inner = tokenizers::Tokenizer::from_bytes(json).map_err(unsupported)?;
        let ModelWrapper::BPE(model) = inner.get_model() else {
            return Err(unsupported("it is not of the type BPE"));
        };
        if model.dropout.is_some_and(|dropout| dropout > 0.0) {
            return Err(unsupported("it drops merges at random"));
        }
        let vocabulary = inner.get_vocab_size(true);
        if vocabulary > MAX_VOCABULARY {
            return Err(unsupported(format!(
                "{vocabulary} tokens, more than {MAX_VOCABULARY}"
            )));
        }
        let added = inner.get_added_tokens_decoder().into_keys().collect();
        Ok(Self { inner, added })
    }

    /// Number of ids, added tokens included.
    #[must_use]
    pub fn vocabulary_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Id of the token called `name`, such as a control token.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<u32> {
        self.inner.token_to_id(name)
    }

    /// Ids of plain text; names of control tokens in it are text like any other.
    ///
    /// # Errors
    /// [`Error::Internal`] when the tokenizer fails, [`Error::UnsupportedModel`] when its own
    /// vocabulary leads from text to a control token.
    pub fn text(&self, text: &str) -> Result<Vec<u32>, Error> {
        // The steps of `encode` without its search for added tokens.
        let mut normalized = NormalizedString::from(text);
        if let Some(normalizer) = self.inner.get_normalizer() {
            normalizer.normalize(&mut normalized).map_err(failed)?;
        }
        let mut words = PreTokenizedString::from(normalized);
        if let Some(pre_tokenizer) = self.inner.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut words).map_err(failed)?;
        }
        let model = self.inner.get_model();
        words
            .tokenize(|word| model.tokenize(word.get()))
            .map_err(failed)?;
        let encoding = words
            .into_encoding(None, 0, OffsetType::None)
            .map_err(failed)?;
        let ids = encoding.get_ids().to_vec();
        match ids.iter().find(|id| self.added.contains(id)) {
            Some(id) => Err(unsupported(format!("text becomes the control token {id}"))),
            None => Ok(ids),
        }
    }

    /// Text of an answer without control tokens and surrounding space.
    ///
    /// # Errors
    /// [`Error::Internal`] when the tokenizer fails.
    pub fn visible_text(&self, ids: &[u32]) -> Result<String, Error> {
        let mut text = String::new();
        for run in ids.split(|id| self.added.contains(id)) {
            // Each run ends where a control token stood: its space goes with it.
            text.push_str(self.inner.decode(run, false).map_err(failed)?.trim_end());
        }
        Ok(text.trim_start().to_owned())
    }

    /// Text of one token; control tokens by their name.
    #[must_use]
    pub fn token_text(&self, id: u32) -> String {
        self.inner.decode(&[id], false).unwrap_or_default()
    }

    /// Decodes an answer as it grows.
    #[must_use]
    pub fn stream(&self) -> Stream<'_> {
        Stream {
            tokenizer: self,
            pending: Vec::new(),
        }
    }
}

/// Visible text of an answer as its tokens arrive.
pub struct Stream<'a> {
    tokenizer: &'a Tokenizer,
    pending: Vec<u32>,
}

impl Stream<'_> {
    /// Adds a token; returns the text that has become complete, if any. A character that is
    /// spread over several tokens waits for its last one; control tokens have no text.
    ///
    /// # Errors
    /// [`Error::Internal`] when the tokenizer fails.
    pub fn push(&mut self, id: u32) -> Result<Option<String>, Error> {
        /// Bytes of the longest character; as many tokens without one are broken for good.
        const LONGEST: usize = 4;
        if self.tokenizer.added.contains(&id) {
            return Ok(None);
        }
        self.pending.push(id);
        // Byte-level tokens decode to their own bytes, whatever came before.
        let text = self
            .tokenizer
            .inner
            .decode(&self.pending, false)
            .map_err(failed)?;
        if text.ends_with(char::REPLACEMENT_CHARACTER) && self.pending.len() < LONGEST {
            return Ok(None);
        }
        self.pending.clear();
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

/// Checks a question as typed and returns it without surrounding space.
///
/// # Errors
/// [`Error::InvalidQuery`] when it shows nothing, is longer than [`MAX_QUESTION`] characters, or holds a
/// NUL character.
pub fn validate_question(question: &str) -> Result<&str, Error> {
    let question = question.trim();
    let invalid = |reason: String| Err(Error::InvalidQuery { reason });
    if question.contains('\0') {
        return invalid("the question holds a NUL character".into());
    }
    if is_blank(question) {
        return invalid("the question is empty".into());
    }
    match question.chars().count() {
        count if count > MAX_QUESTION => invalid(format!(
            "the question has {count} characters, the limit is {MAX_QUESTION}"
        )),
        _ => Ok(question),
    }
}

fn failed(cause: impl Display) -> Error {
    Error::Internal {
        reason: format!("the tokenizer failed: {cause}"),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// Letters a to c, a merge, and the control tokens, of which `[SEG]` is also in the BPE's
    /// own vocabulary, as some trainers leave it.
    pub(crate) fn json() -> Value {
        let names = [
            "[SEG]",
            "<|im_start|>",
            "<|im_end|>",
            "<|endoftext|>",
            "<img>",
            "</img>",
            "<IMG_CONTEXT>",
        ];
        let added: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(i, name)| {
                json!({"id": 9 + i, "content": name, "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": i % 2 == 0})
            })
            .collect();
        json!({
            "version": "1.0", "truncation": null, "padding": null, "added_tokens": added,
            "normalizer": null, "post_processor": null,
            "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
            "decoder": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false},
            "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "Ġ": 4, "[": 5, "]": 6, "Ã": 7, "©": 8, "[SEG]": 9},
                "merges": [["a", "b"]]},
        })
    }

    fn tokenizer(json: &Value) -> Result<Tokenizer, Error> {
        Tokenizer::from_bytes(json.to_string().as_bytes())
    }

    #[test]
    fn text_is_merged_and_control_names_are_text() {
        let tokenizer = tokenizer(&json()).unwrap();
        assert_eq!(tokenizer.text("abc").unwrap(), [3, 2]);
        assert_eq!(tokenizer.text("[SEG]").unwrap(), [5, 6]);
        assert_eq!(tokenizer.id("[SEG]"), Some(9));
    }

    #[test]
    fn vocabularies_that_lead_to_control_tokens_are_refused() {
        let mut json = json();
        json["model"]["ignore_merges"] = Value::Bool(true);
        let error = tokenizer(&json).unwrap().text("[SEG]").unwrap_err();
        assert_eq!(error.code(), "unsupported-model");
    }

    #[test]
    fn other_tokenizers_are_refused() {
        assert!(Tokenizer::from_bytes(&vec![b' '; MAX_BYTES + 1]).is_err());
        assert!(Tokenizer::from_bytes(b"{}").is_err());
        let mut random = json();
        random["model"]["dropout"] = json!(0.5);
        assert!(tokenizer(&random).is_err());
    }

    #[test]
    fn characters_wait_for_their_last_byte() {
        let tokenizer = tokenizer(&json()).unwrap();
        let mut stream = tokenizer.stream();
        assert_eq!(stream.push(3).unwrap().as_deref(), Some("ab"));
        assert_eq!(stream.push(7).unwrap(), None);
        assert_eq!(stream.push(8).unwrap().as_deref(), Some("é"));
        assert_eq!(stream.push(9).unwrap(), None);
        assert_eq!(stream.push(4).unwrap().as_deref(), Some(" "));
    }

    #[test]
    fn visible_text_has_no_control_tokens() {
        let tokenizer = tokenizer(&json()).unwrap();
        assert_eq!(tokenizer.visible_text(&[3, 4, 9, 2, 11]).unwrap(), "abc");
        assert_eq!(tokenizer.token_text(9), "[SEG]");
    }

    #[test]
    fn questions_are_checked() {
        assert_eq!(validate_question("  what? ").unwrap(), "what?");
        assert_eq!(
            validate_question(&"é".repeat(MAX_QUESTION))
                .unwrap()
                .chars()
                .count(),
            MAX_QUESTION
        );
        for question in [
            "",
            " \n",
            "\u{200b}\u{a0}\u{ad}",
            "a\0b",
            &"x".repeat(MAX_QUESTION + 1),
        ] {
            assert_eq!(
                validate_question(question).unwrap_err().code(),
                "invalid-query"
            );
        }
    }
}
