//! Models that are stored somewhere: their manifest, files, cost and loading.

use askmask_core::DeviceKind;
use askmask_core::error::Error;
use askmask_core::pipeline::{self, LoadOptions, ModelFiles};
use askmask_core::runtime::preflight::{self, Machine};
use askmask_core::weights::digest;
use askmask_core::weights::{Manifest, ReadAt, Stored};
use js_sys::{Reflect, Uint8Array};
use serde::Deserialize;
use wasm_bindgen::prelude::*;

use crate::error::IntoJs;
use crate::host::{HostCallbacks, JsHost};
use crate::model::Model;
use crate::object::{from_object, to_object};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Random access to a model's files, by plain file name; throws an Error with `code`. */
export interface ModelFiles {
  readAt(file: string, offset: number, length: number): Uint8Array;
}
export interface LoadOptions {
  device: "gpu" | "cpu";
  maxTiles?: number;
  lowMemory?: boolean;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// Where JavaScript keeps a model's files. It is asked until the model is freed.
    #[wasm_bindgen(typescript_type = "ModelFiles")]
    pub type JsFiles;

    #[wasm_bindgen(method, catch, js_name = readAt)]
    fn read_at(this: &JsFiles, file: &str, offset: f64, length: f64)
    -> Result<Uint8Array, JsValue>;
}

impl ReadAt for JsFiles {
    fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let damaged = |reason: String| Error::Integrity {
            file: file.to_owned(),
            reason,
        };
        let bytes = JsFiles::read_at(self, file, offset as f64, buffer.len() as f64)
            .map_err(|thrown| damaged(message(&thrown)))?;
        let (found, asked) = (bytes.length() as usize, buffer.len());
        if found != asked {
            return Err(damaged(format!(
                "{found} of {asked} bytes from {offset} on"
            )));
        }
        bytes.copy_to(buffer);
        Ok(())
    }
}

/// What a thrown value says.
fn message(thrown: &JsValue) -> String {
    Reflect::get(thrown, &JsValue::from_str("message"))
        .ok()
        .and_then(|message| message.as_string())
        .unwrap_or_else(|| format!("{thrown:?}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    device: DeviceKind,
    #[serde(default)]
    max_tiles: Option<usize>,
    #[serde(default)]
    low_memory: Option<bool>,
}

/// Loads the model of `manifest` part by part. `files` are asked until the model is freed.
///
/// # Errors
/// `integrity`, `unsupported-model`, `weights-mismatch`, `webgpu-unavailable`, `out-of-memory`,
/// `device-lost`; `AbortError` when `host.checkpoint` rejects.
#[wasm_bindgen(js_name = loadModel)]
pub async fn load_model(
    manifest: String,
    files: JsFiles,
    #[wasm_bindgen(unchecked_param_type = "LoadOptions")] options: JsValue,
    host: HostCallbacks,
) -> Result<Model, JsValue> {
    let options: Options = from_object(options)?;
    let stored = Stored::new(Manifest::parse(&manifest).into_js()?, Box::new(files));
    let files = stored_files(stored).into_js()?;
    let load = LoadOptions {
        device: options.device,
        max_tiles: options.max_tiles,
        low_memory: options.low_memory.unwrap_or_default(),
    };
    let model = pipeline::Model::load(files, load, &JsHost::new(host)).await;
    Ok(Model::new(model.into_js()?, options.device))
}

fn stored_files(stored: Stored) -> Result<ModelFiles, Error> {
    let config = String::from_utf8(stored.read_file("config.json")?).map_err(|_| {
        Error::UnsupportedModel {
            reason: "config.json is not UTF-8 text".into(),
        }
    })?;
    Ok(ModelFiles {
        config,
        tokenizer: stored.read_file("tokenizer.json")?,
        weights: Box::new(stored),
    })
}

/// Checks a manifest and gives what a page shows of it.
///
/// # Errors
/// `integrity`, `unsupported-model`.
#[wasm_bindgen(
    js_name = readManifest,
    unchecked_return_type = "{ name: string; source: string; licence: string; bytes: number; files: { name: string; bytes: number; sha256: string }[] }"
)]
pub fn read_manifest(manifest: &str) -> Result<JsValue, JsValue> {
    let manifest = Manifest::parse(manifest).into_js()?;
    to_object(&serde_json::json!({
        "name": manifest.name,
        "source": manifest.source,
        "licence": manifest.licence,
        "bytes": manifest.bytes(),
        "files": manifest.files,
    }))
}

/// What the model of `manifest` will cost on `machine`.
///
/// # Errors
/// As [`read_manifest`].
#[wasm_bindgen(js_name = preflight)]
pub fn preflight_of(manifest: &str, machine: &JsValue) -> Result<JsValue, JsValue> {
    let manifest = Manifest::parse(manifest).into_js()?;
    let machine: Machine = from_object(machine.clone())?;
    to_object(&preflight::preflight(&manifest, &machine))
}

/// SHA-256, piece by piece.
#[wasm_bindgen]
#[derive(Default)]
pub struct Sha256(digest::Sha256);

#[wasm_bindgen]
impl Sha256 {
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Sha256 {
        Sha256::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash so far as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn digest(&self) -> String {
        self.0.hex()
    }
}

/// Names this build: what one build computed right, another need not.
#[wasm_bindgen(js_name = buildId)]
#[must_use]
pub fn build_id() -> String {
    format!("{}-{}", env!("CARGO_PKG_VERSION"), env!("ASKMASK_SOURCES"))
}
