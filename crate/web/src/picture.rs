//! A picture with its features, and what is found in it.

use std::rc::Rc;

use askmask_core::error::Error;
use askmask_core::image::ImageSize;
use askmask_core::mask::BoundingBox;
use askmask_core::pipeline::{self, AskOptions, Object, Point, PointLabel, Prompts};
use wasm_bindgen::prelude::*;

use crate::error::{IntoJs, to_js};
use crate::export::mask_from_bytes;
use crate::host::{HostCallbacks, JsHost};

/// One picture, ready for any number of questions and clicks.
#[wasm_bindgen]
pub struct Picture {
    inner: pipeline::Picture,
}

impl Picture {
    pub(crate) fn new(inner: pipeline::Picture) -> Picture {
        Picture { inner }
    }
}

#[wasm_bindgen]
impl Picture {
    /// Width in pixels, after EXIF orientation.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.inner.size().width
    }

    /// Height in pixels, after EXIF orientation.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> usize {
        self.inner.size().height
    }

    /// The decoded pixels, `width · height · 4` bytes, opaque.
    #[must_use]
    pub fn rgba(&self) -> Vec<u8> {
        let pixels = self.inner.image().data.chunks_exact(3);
        pixels
            .flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255])
            .collect()
    }

    /// Answers a question; tokens stream through `host`.
    ///
    /// # Errors
    /// `invalid-query`, `prompt-too-long`, `gpu-result-invalid`, `device-lost`;
    /// `AbortError` when `host.checkpoint` rejects.
    pub async fn ask(&self, question: String, host: HostCallbacks) -> Result<Answer, JsValue> {
        let answer = self
            .inner
            .ask(&question, &AskOptions::default(), &JsHost::new(host))
            .await
            .into_js()?;
        let objects = answer.objects.into_iter().map(Rc::new).collect();
        Ok(Answer {
            text: answer.marked,
            objects,
        })
    }

    /// A mask from clicks and a box. `points` holds (x, y, label) triples with
    /// label 1 for "inside" and 0 for "outside"; `bbox` is empty or
    /// (x0, y0, x1, y1). `previous` is consumed: pass `object.share()`.
    ///
    /// # Errors
    /// `invalid-query` for malformed or missing prompts; else as [`Picture::ask`].
    pub async fn refine(
        &self,
        points: Vec<f32>,
        bbox: Vec<f32>,
        previous: Option<MaskObject>,
        host: HostCallbacks,
    ) -> Result<MaskObject, JsValue> {
        let prompts = Prompts {
            points: read_points(&points)?,
            bbox: read_box(&bbox)?,
        };
        let previous = previous.as_ref().map(|object| &*object.0);
        let object = self
            .inner
            .refine(&prompts, previous, &JsHost::new(host))
            .await
            .into_js()?;
        Ok(MaskObject::new(object))
    }

    /// The picture inside `mask` as an RGBA PNG of the picture's own size,
    /// transparent elsewhere.
    ///
    /// # Errors
    /// `invalid-query` if the mask's length is not `width · height`.
    #[wasm_bindgen(js_name = cutoutPng)]
    pub fn cutout_png(&self, mask: Vec<u8>) -> Result<Vec<u8>, JsValue> {
        let ImageSize { height, width } = self.inner.size();
        mask_from_bytes(mask, width, height)?
            .cutout_png(self.inner.image())
            .into_js()
    }
}

/// The answer to one question.
#[wasm_bindgen]
pub struct Answer {
    text: String,
    objects: Vec<Rc<Object>>,
}

#[wasm_bindgen]
impl Answer {
    /// The answer as plain text, `[SEG]` where an object was pointed at.
    #[wasm_bindgen(getter)]
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// How many objects were found.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.objects.len()
    }

    /// Object `index`, in the order of the answer's `[SEG]` tokens; undefined
    /// past the end.
    #[must_use]
    pub fn object(&self, index: usize) -> Option<MaskObject> {
        self.objects.get(index).cloned().map(MaskObject)
    }
}

/// One object: its mask, scores, and what refining it needs.
#[wasm_bindgen]
pub struct MaskObject(Rc<Object>);

impl MaskObject {
    pub(crate) fn new(object: Object) -> Self {
        Self(Rc::new(object))
    }
}

#[wasm_bindgen]
impl MaskObject {
    /// The IoU that the mask decoder predicts for its mask, about 0 to 1.
    #[wasm_bindgen(getter)]
    pub fn score(&self) -> f32 {
        self.0.score
    }

    /// Probability that the object is in the picture at all, 0 to 1.
    #[wasm_bindgen(getter, js_name = objectScore)]
    pub fn object_score(&self) -> f32 {
        self.0.object_score
    }

    /// Pixels in the mask.
    #[wasm_bindgen(getter)]
    pub fn area(&self) -> usize {
        self.0.mask.area()
    }

    /// (x0, y0, x1, y1), the far edges exclusive; empty for an empty mask.
    #[wasm_bindgen(getter, js_name = box)]
    pub fn bounding_box(&self) -> Vec<f32> {
        self.0
            .mask
            .bounding_box()
            .map_or_else(Vec::new, |b| vec![b.x0, b.y0, b.x1, b.y1])
    }

    /// `width · height` bytes, 0 or 1.
    #[must_use]
    pub fn mask(&self) -> Vec<u8> {
        self.0.mask.data.clone()
    }

    /// A second handle to the same object, for calls that consume one.
    #[must_use]
    pub fn share(&self) -> MaskObject {
        MaskObject(Rc::clone(&self.0))
    }
}

fn read_points(values: &[f32]) -> Result<Vec<Point>, JsValue> {
    if !values.len().is_multiple_of(3) {
        return Err(invalid("points must be (x, y, label) triples"));
    }
    values.chunks_exact(3).map(read_point).collect()
}

fn read_point(triple: &[f32]) -> Result<Point, JsValue> {
    let label = match triple[2] {
        1.0 => PointLabel::Foreground,
        0.0 => PointLabel::Background,
        _ => return Err(invalid("a point's label must be 1 or 0")),
    };
    Ok(Point {
        x: triple[0],
        y: triple[1],
        label,
    })
}

fn read_box(values: &[f32]) -> Result<Option<BoundingBox>, JsValue> {
    match *values {
        [] => Ok(None),
        [x0, y0, x1, y1] => Ok(Some(BoundingBox { x0, y0, x1, y1 })),
        _ => Err(invalid("a box must be (x0, y0, x1, y1)")),
    }
}

fn invalid(message: &str) -> JsValue {
    to_js(&Error::InvalidQuery {
        reason: message.to_owned(),
    })
}
