//! Loading a model and setting a picture.

use std::cell::RefCell;

use askmask_core::DeviceKind;
use askmask_core::error::Error;
use askmask_core::image::{ImageSize, RgbImage};
use askmask_core::pipeline::{self, ModelFiles};
use askmask_core::weights::InMemory;
use wasm_bindgen::prelude::*;

use crate::error::{IntoJs, to_js};
use crate::host::{HostCallbacks, JsHost};
use crate::picture::Picture;

/// What [`Loader`] has collected.
struct Files {
    config: String,
    tokenizer: Vec<u8>,
    weights: InMemory,
}

/// Collects a model's files, then builds the model.
#[wasm_bindgen]
pub struct Loader {
    /// Empty once `finish` took the files.
    files: RefCell<Option<Files>>,
    device: DeviceKind,
}

#[wasm_bindgen]
impl Loader {
    /// `config` is `config.json`, `tokenizer` the bytes of `tokenizer.json`,
    /// `device` is `"gpu"` or `"cpu"`.
    ///
    /// # Errors
    /// `unsupported-model` for an unknown device.
    #[wasm_bindgen(constructor)]
    pub fn new(config: String, tokenizer: Vec<u8>, device: &str) -> Result<Loader, JsValue> {
        let device = match device {
            "gpu" => DeviceKind::Gpu,
            "cpu" => DeviceKind::Cpu,
            other => {
                let reason = format!("unknown device {other:?}, \"gpu\" and \"cpu\" are known");
                return Err(to_js(&Error::UnsupportedModel { reason }));
            }
        };
        let files = Files {
            config,
            tokenizer,
            weights: InMemory::default(),
        };
        Ok(Loader {
            files: RefCell::new(Some(files)),
            device,
        })
    }

    /// Adds one safetensors file.
    ///
    /// # Errors
    /// `disposed` after `finish`.
    #[wasm_bindgen(js_name = addShard)]
    pub fn add_shard(&self, name: String, bytes: Vec<u8>) -> Result<(), JsValue> {
        match self.files.borrow_mut().as_mut() {
            Some(files) => files.weights.add(&name, bytes).into_js(),
            None => Err(to_js(&Error::Disposed)),
        }
    }

    /// Checks the files and builds the model on the device.
    ///
    /// # Errors
    /// `weights-mismatch`, `unsupported-model`, `integrity`,
    /// `webgpu-unavailable`, `out-of-memory`, `disposed` at a second call.
    pub async fn finish(&self, host: HostCallbacks) -> Result<Model, JsValue> {
        let files = self.files.borrow_mut().take();
        let files = files.ok_or_else(|| to_js(&Error::Disposed))?;
        let files = ModelFiles {
            config: files.config,
            tokenizer: files.tokenizer,
            weights: Box::new(files.weights),
        };
        let model = pipeline::Model::load(files, self.device, &JsHost::new(host))
            .await
            .into_js()?;
        Ok(Model {
            inner: model,
            device: self.device,
        })
    }
}

/// A loaded model.
#[wasm_bindgen]
pub struct Model {
    pub(crate) inner: pipeline::Model,
    device: DeviceKind,
}

#[wasm_bindgen]
impl Model {
    /// `"gpu"` or `"cpu"`.
    #[wasm_bindgen(getter)]
    pub fn device(&self) -> String {
        match self.device {
            DeviceKind::Gpu => "gpu".to_owned(),
            DeviceKind::Cpu => "cpu".to_owned(),
        }
    }

    /// Decodes a PNG, JPEG or WebP file (EXIF orientation applied) and computes
    /// everything about it that questions share.
    ///
    /// # Errors
    /// `invalid-image`, `image-too-large`, `out-of-memory`, `device-lost`.
    #[wasm_bindgen(js_name = setImage)]
    pub async fn set_image(&self, bytes: Vec<u8>, host: HostCallbacks) -> Result<Picture, JsValue> {
        let image = RgbImage::decode(&bytes).into_js()?;
        self.encode(image, host).await
    }

    /// The same for decoded pixels: `rgba` has `width · height · 4` bytes, and
    /// its alpha is ignored.
    ///
    /// # Errors
    /// As [`Model::set_image`].
    #[wasm_bindgen(js_name = setImageRgba)]
    pub async fn set_image_rgba(
        &self,
        rgba: Vec<u8>,
        width: usize,
        height: usize,
        host: HostCallbacks,
    ) -> Result<Picture, JsValue> {
        let image = RgbImage::from_rgba(ImageSize { height, width }, &rgba).into_js()?;
        self.encode(image, host).await
    }
}

impl Model {
    async fn encode(&self, image: RgbImage, host: HostCallbacks) -> Result<Picture, JsValue> {
        let picture = self
            .inner
            .set_image(image, &JsHost::new(host))
            .await
            .into_js()?;
        Ok(Picture::new(picture))
    }
}
