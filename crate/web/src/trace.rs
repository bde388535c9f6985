//! What every stage computed, for proofs and for showing how words become a mask.

use std::collections::BTreeMap;

use askmask_core::Trace;
use askmask_core::image::RgbImage;
use askmask_core::pipeline::{Answer, AskOptions};
use wasm_bindgen::prelude::*;

use crate::error::IntoJs;
use crate::host::{HostCallbacks, JsHost};
use crate::model::Model;
use crate::picture::MaskObject;

/// The recorded stages of one picture and one question.
#[wasm_bindgen]
pub struct StageTrace {
    stages: BTreeMap<String, Vec<f32>>,
    answer: Answer,
}

#[wasm_bindgen]
impl Model {
    /// Encodes a picture, asks a question and keeps what every stage computed.
    ///
    /// # Errors
    /// As `setImage` and `ask`.
    pub async fn trace(
        &self,
        bytes: Vec<u8>,
        question: String,
        host: HostCallbacks,
    ) -> Result<StageTrace, JsValue> {
        let image = RgbImage::decode(&bytes).into_js()?;
        let mut host = JsHost::new(host);
        host.trace = Some(Trace::default());
        let picture = self.inner.set_image(image, &host).await.into_js()?;
        let options = AskOptions::default();
        let answer = picture.ask(&question, &options, &host).await.into_js()?;
        let stages = host.trace.unwrap_or_default().finish().await.into_js()?;
        Ok(StageTrace { stages, answer })
    }
}

#[wasm_bindgen]
impl StageTrace {
    /// Names of the stages.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.stages.keys().cloned().collect()
    }

    /// Values of a stage, row-major; undefined for an unknown name.
    #[must_use]
    pub fn values(&self, name: &str) -> Option<Vec<f32>> {
        self.stages.get(name).cloned()
    }

    /// Every generated token as text, control tokens by name.
    #[wasm_bindgen(getter)]
    pub fn tokens(&self) -> Vec<String> {
        self.answer
            .tokens
            .iter()
            .map(|token| token.text.clone())
            .collect()
    }

    /// The objects of the answer.
    #[must_use]
    pub fn objects(&self) -> Vec<MaskObject> {
        self.answer
            .objects
            .iter()
            .cloned()
            .map(MaskObject::new)
            .collect()
    }
}
