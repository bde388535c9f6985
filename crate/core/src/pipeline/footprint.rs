//! What a stored model takes up, from its manifest and configuration alone.

use crate::error::Error;
use crate::models::sa2va::{self, Config};
use crate::runtime::preflight::Footprint;
use crate::weights::Manifest;

/// Files and memory of the model of `manifest`, whose `config.json` has the text `config`.
///
/// # Errors
/// [`Error::UnsupportedModel`] when `config` is no configuration that can be run.
pub fn footprint(manifest: &Manifest, config: &str) -> Result<Footprint, Error> {
    Ok(Footprint {
        files: manifest.bytes(),
        stages: sa2va::memory(&Config::parse(config)?, &manifest.tensors),
    })
}
