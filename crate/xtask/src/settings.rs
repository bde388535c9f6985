//! `wasm-pack.toml`, which wasm-pack itself does not read.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::run::{Error, Result, root};

/// How the wasm module is built. The file says what each entry means.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    #[serde(rename = "crate")]
    pub package: String,
    out_dir: String,
    pub target: String,
    pub profile: String,
    pub rustflags: String,
    pub brotli_budget: usize,
    tools: BTreeMap<String, String>,
}

impl Settings {
    pub fn read() -> Result<Self> {
        let text = std::fs::read_to_string(root().join("wasm-pack.toml"))?;
        toml::from_str(&text).map_err(|e| Error(format!("wasm-pack.toml: {e}")))
    }

    /// The folder of the wasm module and its JavaScript.
    pub fn out_dir(&self) -> PathBuf {
        root().join(&self.out_dir)
    }

    /// The pinned version of a tool.
    pub fn tool(&self, name: &str) -> Result<&str> {
        let version = self.tools.get(name).map(String::as_str);
        version.ok_or_else(|| Error(format!("wasm-pack.toml pins no version of {name}")))
    }
}
