//! A loaded model.

use askmask_core::DeviceKind;
use askmask_core::image::{ImageSize, SourceImage};
use askmask_core::pipeline;
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::error::IntoJs;
use crate::host::{HostCallbacks, JsHost};
use crate::object::to_object;
use crate::picture::Picture;

/// Bytes in the module's memory and on the GPU, now and at most.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct MemoryUsage {
    /// The module's memory, which never shrinks.
    heap: usize,
    heap_peak: usize,
    /// What the device holds, buffers kept for reuse included.
    gpu: u64,
    gpu_peak: u64,
    /// Parts that low memory mode read again: how often, and how many bytes.
    reloads: u64,
    reloaded_bytes: u64,
}

/// A loaded model.
#[wasm_bindgen]
pub struct Model {
    pub(crate) inner: pipeline::Model,
    device: DeviceKind,
}

#[wasm_bindgen]
impl Model {
    /// Where it computes.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(getter, unchecked_return_type = "Device")]
    pub fn device(&self) -> Result<JsValue, JsValue> {
        to_object(&self.device)
    }

    /// Runs a layer of every kind with the model's own weights on the device and on the CPU, and
    /// compares. Takes well under a second on a GPU.
    ///
    /// # Errors
    /// `gpu-result-invalid` when they differ; else as [`Model::set_image`].
    #[wasm_bindgen(js_name = selfCheck)]
    pub async fn self_check(&self, host: HostCallbacks) -> Result<(), JsValue> {
        self.inner.self_check(&JsHost::new(host)).await.into_js()
    }

    /// Bytes in use.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(js_name = memoryUsage, unchecked_return_type = "MemoryUsage")]
    pub fn memory_usage(&self) -> Result<JsValue, JsValue> {
        let usage = self.inner.memory_usage();
        to_object(&MemoryUsage {
            heap: heap(),
            heap_peak: heap(),
            gpu: usage.gpu,
            gpu_peak: usage.gpu_peak,
            reloads: usage.reloads,
            reloaded_bytes: usage.reloaded_bytes,
        })
    }

    /// Decodes a PNG, JPEG, WebP, GIF or BMP file and computes
    /// everything about it that questions share.
    ///
    /// # Errors
    /// `invalid-image`, `unsupported-image`, `image-too-large`, `out-of-memory`, `device-lost`.
    #[wasm_bindgen(js_name = setImage)]
    pub async fn set_image(&self, bytes: Vec<u8>, host: HostCallbacks) -> Result<Picture, JsValue> {
        let image = SourceImage::decode(&bytes).into_js()?;
        self.encode(image, host).await
    }

    /// The same for decoded pixels: `rgba` has `width · height · 4` bytes, the
    /// colors not multiplied by alpha.
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
        let image = SourceImage::from_rgba(ImageSize { height, width }, &rgba).into_js()?;
        self.encode(image, host).await
    }
}

impl Model {
    pub(crate) fn new(inner: pipeline::Model, device: DeviceKind) -> Model {
        Model { inner, device }
    }

    async fn encode(&self, image: SourceImage, host: HostCallbacks) -> Result<Picture, JsValue> {
        let picture = self
            .inner
            .set_image(image, &JsHost::new(host))
            .await
            .into_js()?;
        Ok(Picture::new(picture))
    }
}

/// Bytes of the module's memory.
fn heap() -> usize {
    #[cfg(target_family = "wasm")]
    return core::arch::wasm32::memory_size::<0>() << 16;
    #[cfg(not(target_family = "wasm"))]
    0
}
