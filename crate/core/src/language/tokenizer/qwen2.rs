//! `tokenizer.json` from the files that Qwen2's older tokenizers consist of.
//!
//! The steps are those of transformers' [`Qwen2Tokenizer`]: NFC, a split by its regular expression,
//! byte-level BPE. Added tokens come from `tokenizer_config.json`, and those that it leaves out
//! from `added_tokens.json`.
//!
//! [`Qwen2Tokenizer`]: https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen2/tokenization_qwen2.py

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;

use serde::Deserialize;
use serde_json::Value;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::bpe::BPE;
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior};

use super::limits::{MAX_BYTES, MAX_VOCABULARY};
use super::steps;
use crate::error::Error;
use crate::first_bytes;

/// How Qwen2 cuts text into words before it looks for tokens.
const WORDS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Texts of the files of an older tokenizer.
#[derive(Debug, Clone, Default)]
pub struct Qwen2Files {
    /// `vocab.json`: ids by token.
    pub vocabulary: String,
    /// `merges.txt`: one pair of tokens a line.
    pub merges: String,
    /// `added_tokens.json`: ids by token.
    pub added: Option<String>,
    /// `tokenizer_config.json`.
    pub config: Option<String>,
    /// `special_tokens_map.json`.
    pub special: Option<String>,
}

impl Qwen2Files {
    /// The text of `tokenizer.json` that gives the same ids.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] naming what is not of the expected form, or the added token
    /// whose id does not follow from the others.
    pub fn to_json(&self) -> Result<Vec<u8>, Error> {
        let vocabulary: BTreeMap<String, u32> = read("vocab.json", &self.vocabulary)?;
        if vocabulary.len() > MAX_VOCABULARY {
            return Err(unsupported(format!(
                "vocab.json has {} tokens",
                vocabulary.len()
            )));
        }
        let config: Config = read_or_default("tokenizer_config.json", self.config.as_deref())?;
        let added = added_tokens(self, &config)?;
        let merges = merges(&self.merges, &vocabulary)?;
        let model = BPE::builder()
            .vocab_and_merges(
                vocabulary
                    .into_iter()
                    .collect::<tokenizers::models::bpe::Vocab>(),
                merges,
            )
            .build()
            .map_err(unsupported)?;
        let mut tokenizer = tokenizers::Tokenizer::new(model);
        tokenizer
            .with_normalizer(Some(NFC))
            .map_err(unsupported)?
            .with_pre_tokenizer(Some(words(config.add_prefix_space.unwrap_or(false))?))
            .with_decoder(Some(ByteLevel::new(false, false, false)));
        for (id, token) in added {
            let name = token.content.clone();
            tokenizer.add_tokens([token]).map_err(unsupported)?;
            let found = tokenizer.token_to_id(&name);
            if found != Some(id) {
                return Err(unsupported(format!(
                    "the added token {name:?} has the id {id}, but {found:?} follows from the others"
                )));
            }
        }
        let json = tokenizer
            .to_string(false)
            .map_err(unsupported)?
            .into_bytes();
        steps::check(&json)?;
        Ok(json)
    }
}

/// What is read of `tokenizer_config.json`.
#[derive(Default, Deserialize)]
struct Config {
    #[serde(default)]
    added_tokens_decoder: BTreeMap<String, Added>,
    add_prefix_space: Option<bool>,
}

// As the file has them.
#[allow(clippy::struct_excessive_bools)]
#[derive(Deserialize)]
struct Added {
    content: String,
    #[serde(default)]
    lstrip: bool,
    #[serde(default)]
    rstrip: bool,
    #[serde(default)]
    single_word: bool,
    #[serde(default)]
    special: bool,
    normalized: Option<bool>,
}

/// Added tokens by id.
fn added_tokens(files: &Qwen2Files, config: &Config) -> Result<BTreeMap<u32, AddedToken>, Error> {
    let mut tokens = BTreeMap::new();
    for (id, token) in &config.added_tokens_decoder {
        let id = id
            .parse()
            .map_err(|_| unsupported(format!("added_tokens_decoder has the id {id:?}")))?;
        let added = AddedToken::from(token.content.as_str(), token.special)
            .lstrip(token.lstrip)
            .rstrip(token.rstrip)
            .single_word(token.single_word)
            .normalized(token.normalized.unwrap_or(!token.special));
        tokens.insert(id, added);
    }
    let older: BTreeMap<String, u32> =
        read_or_default("added_tokens.json", files.added.as_deref())?;
    let special = special_tokens(files)?;
    for (name, id) in older {
        let token = tokens
            .entry(id)
            .or_insert_with(|| AddedToken::from(name.as_str(), special.contains(&name)));
        if token.content != name {
            return Err(unsupported(format!(
                "the id {id} is {name:?} in added_tokens.json and {:?} in tokenizer_config.json",
                token.content
            )));
        }
    }
    if tokens.len() > MAX_VOCABULARY {
        return Err(unsupported(format!("{} added tokens", tokens.len())));
    }
    Ok(tokens)
}

/// Every token that `special_tokens_map.json` names, in either of its notations.
fn special_tokens(files: &Qwen2Files) -> Result<HashSet<String>, Error> {
    let map: BTreeMap<String, Value> =
        read_or_default("special_tokens_map.json", files.special.as_deref())?;
    let name = |value: &Value| {
        let content = value.get("content").unwrap_or(value);
        content.as_str().map(str::to_owned)
    };
    let all = map.values().flat_map(|value| match value {
        Value::Array(values) => values.iter().filter_map(name).collect(),
        value => name(value).into_iter().collect::<Vec<_>>(),
    });
    Ok(all.collect())
}

fn merges(text: &str, vocabulary: &BTreeMap<String, u32>) -> Result<Vec<(String, String)>, Error> {
    let lines = first_bytes::text("merges.txt", text.as_bytes())?
        .lines()
        .enumerate();
    // A line such as "#version: 0.2" heads the file.
    let lines =
        lines.filter(|(at, line)| !line.is_empty() && (*at > 0 || !line.starts_with("#version")));
    let merge = |(at, line): (usize, &str)| {
        let pair = line.split_once(' ').filter(|(left, right)| {
            [*left, *right, &format!("{left}{right}")]
                .iter()
                .all(|token| vocabulary.contains_key(*token))
        });
        let wrong = || unsupported(format!("merges.txt, line {}: no pair of tokens", at + 1));
        let (left, right) = pair.ok_or_else(wrong)?;
        Ok((left.to_owned(), right.to_owned()))
    };
    lines.map(merge).collect()
}

fn words(add_prefix_space: bool) -> Result<Sequence, Error> {
    let split = Split::new(
        SplitPattern::Regex(WORDS.into()),
        SplitDelimiterBehavior::Isolated,
        false,
    );
    Ok(Sequence::new(vec![
        PreTokenizerWrapper::Split(split.map_err(unsupported)?),
        PreTokenizerWrapper::ByteLevel(ByteLevel::new(add_prefix_space, false, false)),
    ]))
}

fn read<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, Error> {
    if text.len() > MAX_BYTES {
        return Err(unsupported(format!("{name} has {} bytes", text.len())));
    }
    let text = first_bytes::text(name, text.as_bytes())?;
    serde_json::from_str(text).map_err(|e| unsupported(format!("{name}: {e}")))
}

fn read_or_default<'a, T: Deserialize<'a> + Default>(
    name: &str,
    text: Option<&'a str>,
) -> Result<T, Error> {
    text.map_or_else(|| Ok(T::default()), |text| read(name, text))
}

fn unsupported(reason: impl Display) -> Error {
    Error::UnsupportedModel {
        reason: format!("no tokenizer can be made: {reason}"),
    }
}
