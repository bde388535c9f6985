//! The steps that a `tokenizer.json` consists of.

use serde::Deserialize;

use super::unsupported;
use crate::error::Error;

#[derive(Deserialize)]
struct Parts {
    normalizer: Option<Part>,
    pre_tokenizer: Option<Part>,
    decoder: Option<Part>,
}

#[derive(Deserialize)]
struct Part {
    #[serde(rename = "type")]
    kind: String,
    #[serde(
        default,
        alias = "pretokenizers",
        alias = "normalizers",
        alias = "decoders"
    )]
    parts: Vec<Part>,
}

/// Lets only the steps of byte-level BPE through: some others panic on damaged settings, and the
/// family needs none of them.
///
/// # Errors
/// [`Error::UnsupportedModel`] for other JSON or other steps.
pub fn check(json: &[u8]) -> Result<(), Error> {
    let parts: Parts = serde_json::from_slice(json).map_err(unsupported)?;
    let steps = [parts.normalizer, parts.pre_tokenizer, parts.decoder];
    steps.iter().flatten().try_for_each(Part::check)
}

impl Part {
    fn check(&self) -> Result<(), Error> {
        const KNOWN: [&str; 4] = ["NFC", "Split", "ByteLevel", "Sequence"];
        if !KNOWN.contains(&self.kind.as_str()) {
            return Err(unsupported(format!(
                "a step of the type {:?}, only {KNOWN:?} are known",
                self.kind
            )));
        }
        self.parts.iter().try_for_each(Self::check)
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
}
