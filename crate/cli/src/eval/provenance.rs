//! What a result depends on: data, model, program, device and settings, by content.

use std::path::Path;

use askmask_core::DeviceKind;
use askmask_core::pipeline::ModelFiles;
use askmask_core::runtime::device;
use askmask_core::weights::digest::Sha256;
use askmask_eval::datasets::{Dataset, Selection};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::hash::sha256;
use crate::interrupt;

/// Everything that must be the same for two results to be the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    pub data: Named,
    pub format: String,
    pub model: Named,
    /// The version, and the program file itself.
    pub program: Named,
    pub device: String,
    pub settings: Settings,
}

/// A name for people and the hash of the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    pub name: String,
    pub sha256: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    #[serde(flatten)]
    pub selection: Selection,
    /// What the model sees: the true picture, a grey or another one.
    pub picture: String,
    /// Most tiles of a picture, where not what the model was trained with.
    #[serde(default)]
    pub max_tiles: Option<usize>,
    pub decoding: String,
    pub max_tokens: usize,
}

impl Provenance {
    /// Why results of `earlier` cannot be continued, or `None` when they can.
    pub fn difference(&self, earlier: &Self) -> Option<String> {
        let mut pairs = self.facts().into_iter().zip(earlier.facts());
        let ((what, now), (_, then)) = pairs.find(|(now, then)| now != then)?;
        Some(format!("{what} changed: {then} then, {now} now"))
    }

    /// What is compared, the most telling first.
    fn facts(&self) -> [(&'static str, String); 6] {
        let settings = serde_json::to_string(&self.settings).unwrap_or_default();
        [
            ("the model", self.model.sha256.clone()),
            ("the data", self.data.sha256.clone()),
            ("the format", self.format.clone()),
            ("the device", self.device.clone()),
            ("a setting", settings),
            ("the program", self.program.sha256.clone()),
        ]
    }
}

/// Hash of the configuration, the tokenizer and every tensor, however they are divided into
/// files. One tensor is in memory at a time.
pub fn model(name: String, files: &ModelFiles) -> Result<Named, Fault> {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(files.config.as_bytes());
    part(&files.tokenizer);
    let mut names = files.weights.names();
    names.sort_unstable();
    for name in names {
        interrupt::check()?;
        if let Some(info) = files.weights.info(name) {
            part(name.as_bytes());
            part(format!("{} {:?}", info.dtype.name(), info.shape).as_bytes());
            part(&files.weights.read(name)?);
        }
    }
    Ok(Named {
        name,
        sha256: hash.hex(),
    })
}

/// Hash of the files with questions and masks, and of the pictures that are asked about.
pub fn data(name: String, data: &Dataset) -> Result<Named, Fault> {
    let mut hash = Sha256::new();
    for path in &data.files {
        hash.update(sha256(path)?.as_bytes());
    }
    for picture in &data.pictures {
        interrupt::check()?;
        hash.update(picture.name.as_bytes());
        // A missing one is left out later, and the result is another one once it is there.
        let content = sha256(&picture.path).unwrap_or_else(|_| "missing".into());
        hash.update(content.as_bytes());
    }
    Ok(Named {
        name,
        sha256: hash.hex(),
    })
}

/// Version and hash of this program.
pub fn program() -> Result<Named, Fault> {
    let path = std::env::current_exe();
    let path = path.map_err(|cause| Fault::file(Path::new("this program"), cause))?;
    Ok(Named {
        name: format!("askmask {}", env!("CARGO_PKG_VERSION")),
        sha256: sha256(&path)?,
    })
}

/// What it computes on: "cpu", or the graphics card by name.
pub fn device(kind: DeviceKind) -> Result<String, Fault> {
    pollster::block_on(device::open(kind))?;
    Ok(match kind {
        DeviceKind::Cpu => "cpu".to_owned(),
        DeviceKind::Gpu => format!("gpu: {}", device::adapter().unwrap_or("unknown")),
    })
}
