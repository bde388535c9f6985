//! A picture with its features, and what is found in it.

use std::rc::Rc;

use askmask_core::error::Error;
use askmask_core::image;
use askmask_core::mask::BoundingBox;
use askmask_core::pipeline::{self, AskOptions, Object, PointLabel};
use serde::Deserialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::error::IntoJs;
use crate::host::{HostCallbacks, JsHost};
use crate::mask::Mask;
use crate::object::from_object;

/// A click in picture pixels; label 1 is inside the object, 0 outside.
#[derive(Deserialize, Tsify)]
struct Point {
    x: f32,
    y: f32,
    #[tsify(type = "0 | 1")]
    label: u8,
}

/// Clicks and a box around one object.
#[derive(Deserialize, Tsify)]
struct Prompts {
    points: Vec<Point>,
    #[serde(default, rename = "box")]
    #[tsify(optional, type = "Box")]
    bbox: Option<[f32; 4]>,
}

impl TryFrom<Prompts> for pipeline::Prompts {
    type Error = Error;

    fn try_from(prompts: Prompts) -> Result<Self, Error> {
        let points = prompts.points.into_iter().map(pipeline::Point::try_from);
        let corners = prompts.bbox;
        Ok(Self {
            points: points.collect::<Result<_, _>>()?,
            bbox: corners.map(|[x0, y0, x1, y1]| BoundingBox { x0, y0, x1, y1 }),
        })
    }
}

impl TryFrom<Point> for pipeline::Point {
    type Error = Error;

    fn try_from(Point { x, y, label }: Point) -> Result<Self, Error> {
        let label = match label {
            0 => PointLabel::Background,
            1 => PointLabel::Foreground,
            _ => {
                return Err(Error::InvalidQuery {
                    reason: "a point's label must be 1 or 0".into(),
                });
            }
        };
        Ok(Self { x, y, label })
    }
}

/// One picture, ready for any number of questions and clicks.
#[wasm_bindgen]
pub struct Picture(pipeline::Picture);

impl Picture {
    pub(crate) fn new(picture: pipeline::Picture) -> Picture {
        Picture(picture)
    }
}

#[wasm_bindgen]
impl Picture {
    /// Width in pixels, after EXIF orientation.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.0.size().width
    }

    /// Height in pixels, after EXIF orientation.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> usize {
        self.0.size().height
    }

    /// Whether a camera took it, as far as the file says so or its pixels look like it.
    #[wasm_bindgen(getter)]
    pub fn photograph(&self) -> bool {
        self.0.image().is_photograph()
    }

    /// The picture for showing it: itself, or a smaller one where it has more than `max_pixels`.
    #[must_use]
    pub fn preview(&self, max_pixels: usize) -> Preview {
        Preview(self.0.image().preview(max_pixels))
    }

    /// Answers a question; tokens stream through `host`.
    ///
    /// # Errors
    /// `invalid-query`, `prompt-too-long`, `gpu-result-invalid`, `device-lost`;
    /// `AbortError` when `host.checkpoint` rejects.
    pub async fn ask(&self, question: String, host: HostCallbacks) -> Result<Answer, JsValue> {
        let host = JsHost::new(host);
        let answer = self.0.ask(&question, &AskOptions::default(), &host).await;
        let answer = answer.into_js()?;
        Ok(Answer {
            text: answer.text,
            marked: answer.marked,
            tokens: answer.tokens.into_iter().map(|token| token.text).collect(),
            objects: answer.objects.into_iter().map(Rc::new).collect(),
        })
    }

    /// A mask from clicks and a box. `previous` is consumed: pass `object.share()`.
    ///
    /// # Errors
    /// `invalid-query` for missing prompts or ones outside the picture; else as
    /// [`Picture::ask`].
    pub async fn refine(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Prompts")] prompts: JsValue,
        previous: Option<MaskObject>,
        host: HostCallbacks,
    ) -> Result<MaskObject, JsValue> {
        let prompts = from_object::<Prompts>(prompts)?.try_into().into_js()?;
        let previous = previous.as_ref().map(|object| &*object.0);
        let object = self.0.refine(&prompts, previous, &JsHost::new(host)).await;
        Ok(MaskObject(Rc::new(object.into_js()?)))
    }

    /// The picture inside `mask` as an RGBA PNG of the picture's own size, transparent elsewhere.
    ///
    /// # Errors
    /// `invalid-query` if the mask is of another size.
    #[wasm_bindgen(
        js_name = cutoutPng,
        unchecked_return_type = "Uint8Array<ArrayBuffer>"
    )]
    pub fn cutout_png(&self, mask: &Mask) -> Result<Vec<u8>, JsValue> {
        mask.get().cutout_png(self.0.image()).into_js()
    }
}

/// A picture for showing it.
#[wasm_bindgen]
pub struct Preview(image::Preview);

#[wasm_bindgen]
impl Preview {
    /// Pixels from left to right.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.0.size.width
    }

    /// Pixels from top to bottom.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> usize {
        self.0.size.height
    }

    /// `width · height · 4` bytes, the colors not multiplied by alpha. Empties the preview.
    #[must_use]
    #[wasm_bindgen(js_name = takeRgba, unchecked_return_type = "Uint8Array<ArrayBuffer>")]
    pub fn take_rgba(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0.rgba)
    }
}

/// The answer to one question.
#[wasm_bindgen]
pub struct Answer {
    text: String,
    marked: String,
    tokens: Vec<String>,
    objects: Vec<Rc<Object>>,
}

#[wasm_bindgen]
impl Answer {
    /// The visible text, never `[SEG]`.
    #[wasm_bindgen(getter)]
    pub fn text(&self) -> String {
        self.text.clone()
    }

    /// The text with `[SEG]` wherever the model points at an object.
    #[wasm_bindgen(getter)]
    pub fn marked(&self) -> String {
        self.marked.clone()
    }

    /// Every generated token as text, control tokens by name.
    #[must_use]
    pub fn tokens(&self) -> Vec<String> {
        self.tokens.clone()
    }

    /// One object for each `[SEG]`, in order.
    #[must_use]
    pub fn objects(&self) -> Vec<MaskObject> {
        self.objects.iter().cloned().map(MaskObject).collect()
    }
}

/// One object: its mask, scores, and what refining it needs.
#[wasm_bindgen]
pub struct MaskObject(Rc<Object>);

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

    /// Its mask, which shares the pixels.
    #[must_use]
    pub fn mask(&self) -> Mask {
        Mask::of(Rc::clone(&self.0))
    }

    /// A second handle to the same object, for calls that consume one.
    #[must_use]
    pub fn share(&self) -> MaskObject {
        MaskObject(Rc::clone(&self.0))
    }
}
