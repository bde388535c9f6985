//! The steps that a `tokenizer.json` consists of.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::limits::unsupported;
use crate::error::Error;

#[derive(Deserialize)]
struct Steps {
    normalizer: Option<Step>,
    pre_tokenizer: Option<Step>,
    decoder: Option<Step>,
    #[serde(default)]
    model: Bpe,
}

// The ids are not needed, and the map is read only once.
#[allow(clippy::zero_sized_map_values)]
#[derive(Default, Deserialize)]
#[serde(default)]
struct Bpe {
    continuing_subword_prefix: Option<String>,
    vocab: HashMap<String, IgnoredAny>,
    merges: Vec<Merge>,
}

/// Two tokens that are joined, in the newer and the older notation.
#[derive(Deserialize)]
#[serde(untagged)]
enum Merge {
    Pair(String, String),
    Line(String),
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "type")]
    kind: String,
    #[serde(
        default,
        alias = "pretokenizers",
        alias = "normalizers",
        alias = "decoders"
    )]
    steps: Vec<Step>,
}

/// Lets only the steps of byte-level BPE through: some others panic on damaged settings, and the
/// family needs none of them. Also refuses merges that lead out of the vocabulary, for the same
/// reason.
///
/// # Errors
/// [`Error::UnsupportedModel`] for other JSON, other steps or such merges.
pub fn check(json: &[u8]) -> Result<(), Error> {
    let found: Steps = serde_json::from_slice(json).map_err(unsupported)?;
    let steps = [found.normalizer, found.pre_tokenizer, found.decoder];
    steps.iter().flatten().try_for_each(Step::check)?;
    found.model.check()
}

impl Bpe {
    /// The library joins merges in a buffer as long as the longest token, and cuts the prefix off,
    /// without looking whether they fit.
    fn check(&self) -> Result<(), Error> {
        if self
            .continuing_subword_prefix
            .as_ref()
            .is_some_and(|prefix| !prefix.is_empty())
        {
            return Err(unsupported(
                "a prefix for parts of words, which byte-level BPE has not",
            ));
        }
        let longest = self.vocab.keys().map(String::len).max().unwrap_or(0);
        match self.merges.iter().find(|merge| merge.joined() > longest) {
            Some(merge) => Err(unsupported(format!(
                "a merge makes {} bytes, the longest token has {longest}",
                merge.joined()
            ))),
            None => Ok(()),
        }
    }
}

impl Merge {
    /// Bytes of the joined token.
    fn joined(&self) -> usize {
        match self {
            Self::Pair(left, right) => left.len() + right.len(),
            Self::Line(line) => line.len().saturating_sub(1),
        }
    }
}

impl Step {
    fn check(&self) -> Result<(), Error> {
        const KNOWN: [&str; 4] = ["NFC", "Split", "ByteLevel", "Sequence"];
        if !KNOWN.contains(&self.kind.as_str()) {
            return Err(unsupported(format!(
                "a step of the type {:?}, only {KNOWN:?} are known",
                self.kind
            )));
        }
        self.steps.iter().try_for_each(Self::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_of_byte_level_bpe_are_let_through() {
        let json = |normalizer: &str| format!(r#"{{"normalizer":{normalizer},"model":{{}}}}"#);
        for good in [
            "null",
            r#"{"type":"NFC"}"#,
            r#"{"type":"Sequence","normalizers":[{"type":"NFC"}]}"#,
        ] {
            assert!(check(json(good).as_bytes()).is_ok(), "{good}");
        }
        let nested = r#"{"type":"Sequence","normalizers":[{"type":"Precompiled"}]}"#;
        for bad in [
            "7",
            r#"{"kind":"NFC"}"#,
            r#"{"type":"Precompiled"}"#,
            nested,
        ] {
            assert_eq!(
                check(json(bad).as_bytes()).unwrap_err().code(),
                "unsupported-model",
                "{bad}"
            );
        }
        let deep = "[".repeat(100_000);
        assert!(check(json(&deep).as_bytes()).is_err());
    }

    #[test]
    fn merges_stay_inside_the_vocabulary() {
        let json = |rest: &str| format!(r#"{{"model":{{"vocab":{{"a":0,"aa":1}},{rest}}}}}"#);
        for good in [r#""merges":[["a","a"]]"#, r#""merges":["a a"]"#] {
            assert!(check(json(good).as_bytes()).is_ok(), "{good}");
        }
        for bad in [
            r#""merges":[["a","aa"]]"#,
            r#""merges":["aa aa"]"#,
            r#""merges":[],"continuing_subword_prefix":"é""#,
        ] {
            assert!(check(json(bad).as_bytes()).is_err(), "{bad}");
        }
    }
}
