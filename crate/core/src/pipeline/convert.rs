//! A raw checkpoint becomes a browser model: planned from its headers, before a weight is read.

use std::ops::Range;

use serde_json::Value;

use super::load::{CheckedWeights, open_tokenizer};
use crate::error::Error;
use crate::first_bytes;
use crate::models::sa2va::{self, Config};
use crate::quantize::{Conversion, Extras, Need, Options, Plan};
use crate::weights::manifest::Origin;
use crate::weights::{Headers, StoredCopy, TensorInfo};

/// A checkpoint as its publisher saved it, whose weights are elsewhere.
pub struct RawCheckpoint {
    json: Value,
    headers: Headers,
    checked: CheckedWeights,
}

impl RawCheckpoint {
    /// Asks everything that `config.json`, whose text is `config`, and the headers can answer.
    ///
    /// # Errors
    /// As [`ModelFiles::check`](super::ModelFiles::check), but for the tokenizer and for tensors
    /// that are saved twice, see [`RawCheckpoint::copies`].
    pub fn open(config: &str, headers: Headers) -> Result<Self, Error> {
        let checked = CheckedWeights::open(config, Box::new(headers.clone()))?;
        let text = first_bytes::text("config.json", config.as_bytes())?;
        let json = serde_json::from_str(text).map_err(|e| Error::UnsupportedModel {
            reason: format!("config.json: {e}"),
        })?;
        Ok(Self {
            json,
            headers,
            checked,
        })
    }

    /// `config.json`.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.checked.config
    }

    /// Tensors that are saved a second time: a conversion is right only if they are equal.
    #[must_use]
    pub fn copies(&self) -> &[StoredCopy] {
        self.checked.weights.copies()
    }

    /// File of a tensor, by its name in the files, and where in it its bytes lie.
    ///
    /// # Errors
    /// As [`Headers::place`].
    pub fn whole(&self, stored: &str) -> Result<(&str, Range<u64>), Error> {
        use crate::weights::TensorSource;
        let rows = self.headers.info(stored).map_or(0, TensorInfo::rows);
        self.headers.place(stored, 0, rows)
    }

    /// File and bytes of what a conversion needs.
    ///
    /// # Errors
    /// As [`Headers::place`].
    pub fn place(&self, need: &Need) -> Result<(&str, Range<u64>), Error> {
        let stored = self.checked.weights.stored_name(&need.tensor)?;
        self.headers.place(stored, need.rows.start, need.rows.len())
    }

    /// What becomes of every tensor.
    ///
    /// # Errors
    /// As [`Plan::new`].
    pub fn plan(&self, options: &Options) -> Result<Plan, Error> {
        let CheckedWeights { weights, table, .. } = &self.checked;
        Plan::new(weights, &self.json, table, options)
    }

    /// The conversion by `plan`. `tokenizer` has the bytes of `tokenizer.json`; without it the
    /// conversion says what it would write, but should not be run.
    ///
    /// # Errors
    /// As [`Plan::conversion`], and [`Error::UnsupportedModel`] for a tokenizer that is not one of
    /// the model's.
    pub fn conversion(
        &self,
        plan: &Plan,
        tokenizer: Option<&[u8]>,
        origin: Origin,
    ) -> Result<Conversion, Error> {
        if let Some(json) = tokenizer {
            open_tokenizer(self.config(), json)?;
        }
        plan.conversion(Extras {
            config: &self.json,
            tokenizer: tokenizer.unwrap_or_default(),
            family: sa2va::FAMILY,
            origin,
        })
    }
}
