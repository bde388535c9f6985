//! Models that are stored somewhere: their manifest, files, cost and loading.

use askmask_core::DeviceKind;
use askmask_core::error::Error;
use askmask_core::pipeline::{self, FAMILIES, ModelFiles};
use askmask_core::runtime::preflight::Machine;
use askmask_core::weights::manifest::FileEntry;
use askmask_core::weights::{Manifest, ReadAt, Stored, digest};
use js_sys::{Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use tsify::Tsify;
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

/// How a model is loaded.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct LoadOptions {
    device: DeviceKind,
    #[serde(default)]
    #[tsify(optional)]
    max_tiles: Option<usize>,
    #[serde(default)]
    #[tsify(optional)]
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
    let options: LoadOptions = from_object(options)?;
    let files = ModelFiles::from_stored(Stored::new(parse(&manifest)?, Box::new(files)));
    let load = pipeline::LoadOptions {
        device: options.device,
        max_tiles: options.max_tiles,
        low_memory: options.low_memory.unwrap_or_default(),
    };
    let model = pipeline::Model::load(files.into_js()?, load, &JsHost::new(host)).await;
    Ok(Model::new(model.into_js()?, options.device))
}

fn parse(manifest: &str) -> Result<Manifest, JsValue> {
    Manifest::parse(manifest, FAMILIES).into_js()
}

/// What a page shows of a manifest.
#[derive(Serialize, Tsify)]
struct ManifestSummary {
    name: String,
    source: String,
    licence: String,
    /// All files together.
    bytes: u64,
    files: Vec<FileEntry>,
}

/// Checks a manifest and gives what a page shows of it.
///
/// # Errors
/// `integrity`, `unsupported-model`.
#[wasm_bindgen(js_name = readManifest, unchecked_return_type = "ManifestSummary")]
pub fn read_manifest(manifest: &str) -> Result<JsValue, JsValue> {
    let manifest = parse(manifest)?;
    to_object(&ManifestSummary {
        bytes: manifest.bytes(),
        name: manifest.name,
        source: manifest.source,
        licence: manifest.licence,
        files: manifest.files,
    })
}

/// What the model of `manifest`, whose `config.json` has the text `config`, will cost on `machine`.
///
/// # Errors
/// As [`read_manifest`].
#[wasm_bindgen(unchecked_return_type = "Preflight")]
pub fn preflight(
    manifest: &str,
    config: &str,
    #[wasm_bindgen(unchecked_param_type = "Machine")] machine: JsValue,
) -> Result<JsValue, JsValue> {
    let machine: Machine = from_object(machine)?;
    let footprint = pipeline::footprint(&parse(manifest)?, config).into_js()?;
    to_object(&footprint.preflight(&machine))
}

/// SHA-256 of bytes as they come.
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
