//! `model.safetensors.index.json`: which shard holds which tensor.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{Headers, TensorSource, damaged};
use crate::error::Error;
use crate::first_bytes;

const MAX_BYTES: usize = 16 << 20;
const MAX_SHARDS: usize = 10_000;
const FILE: &str = "model.safetensors.index.json";

/// Tensor names by shard. Every shard is a plain file name in the model's own folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Index {
    /// Reads and checks an index.
    ///
    /// # Errors
    /// [`Error::Integrity`] when it is too long, not of this form, or names a shard that is no
    /// plain `.safetensors` file name, or too many of them.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(damaged(
                FILE,
                format!("{} bytes, the limit is {MAX_BYTES}", bytes.len()),
            ));
        }
        let index: Self = serde_json::from_str(first_bytes::text(FILE, bytes)?)
            .map_err(|e| damaged(FILE, format!("unreadable: {e}")))?;
        let shards = index.shards();
        if shards.len() > MAX_SHARDS {
            return Err(damaged(
                FILE,
                format!("{} shards, the limit is {MAX_SHARDS}", shards.len()),
            ));
        }
        match shards.into_iter().find(|shard| !is_plain(shard)) {
            Some(shard) => Err(damaged(
                FILE,
                format!("{shard:?} is no plain .safetensors file name"),
            )),
            None => Ok(index),
        }
    }

    /// Names of the shard files, sorted.
    #[must_use]
    pub fn shards(&self) -> Vec<&str> {
        let distinct: BTreeSet<&str> = self.weight_map.values().map(String::as_str).collect();
        distinct.into_iter().collect()
    }

    /// Whether the files hold every tensor that the index promises.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] listing those it lacks.
    pub fn check(&self, headers: &Headers) -> Result<(), Error> {
        let missing: Vec<String> = self
            .weight_map
            .keys()
            .filter(|name| headers.info(name).is_none())
            .cloned()
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(Error::WeightsMismatch {
            missing,
            unused: Vec::new(),
            misshapen: Vec::new(),
        })
    }
}

/// A name that cannot lead out of its folder on any system.
fn is_plain(name: &str) -> bool {
    const MAX_LENGTH: usize = 255;
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let stem = name.strip_suffix(".safetensors").unwrap_or_default();
    name.len() <= MAX_LENGTH
        && !stem.is_empty()
        && !name.starts_with('.')
        && name.chars().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(shard: &str) -> Result<Index, Error> {
        Index::parse(
            serde_json::json!({"metadata": {"total_size": 1}, "weight_map": {"a": shard}})
                .to_string()
                .as_bytes(),
        )
    }

    #[test]
    fn shards_are_listed_once() {
        let json =
            r#"{"weight_map":{"a":"m-2.safetensors","b":"m-1.safetensors","c":"m-2.safetensors"}}"#;
        assert_eq!(
            Index::parse(json.as_bytes()).unwrap().shards(),
            ["m-1.safetensors", "m-2.safetensors"]
        );
    }

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        assert!(index("model-00001-of-00002.safetensors").is_ok());
        for name in [
            "../m.safetensors",
            "/m.safetensors",
            "a/m.safetensors",
            "..\\m.safetensors",
            "C:m.safetensors",
            "m.bin",
            "",
            ".safetensors",
            "..safetensors",
            "m\0.safetensors",
            "http://x/m.safetensors",
        ] {
            assert_eq!(index(name).unwrap_err().code(), "integrity", "{name}");
        }
    }

    #[test]
    fn a_million_shards_are_refused() {
        let map: BTreeMap<String, String> = (0..10_001)
            .map(|i| (format!("t{i}"), format!("m{i}.safetensors")))
            .collect();
        let error = Index::parse(
            serde_json::json!({ "weight_map": map })
                .to_string()
                .as_bytes(),
        )
        .unwrap_err();
        assert!(error.to_string().contains("10001 shards"), "{error}");
        assert!(Index::parse(&vec![b' '; MAX_BYTES + 1]).is_err());
        assert!(Index::parse(b"{}").is_err());
    }
}
