//! Masks: their pixels, and the files they can become, bit-exact and at the picture's own size.

use std::rc::Rc;

use askmask_core::image::ImageSize;
use askmask_core::mask;
use askmask_core::mask::rle::Rle;
use askmask_core::pipeline::Object;
use wasm_bindgen::prelude::*;

use crate::error::IntoJs;
use crate::object::to_object;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** x0, y0, x1, y1 in picture pixels, the far edges exclusive. */
export type Box = [number, number, number, number];
"#;

/// A mask in the module's memory.
#[wasm_bindgen]
pub struct Mask(Pixels);

enum Pixels {
    Own(mask::Mask),
    Of(Rc<Object>),
}

impl Mask {
    /// The mask of `object`, whose pixels it shares.
    pub(crate) fn of(object: Rc<Object>) -> Self {
        Self(Pixels::Of(object))
    }

    pub(crate) fn get(&self) -> &mask::Mask {
        match &self.0 {
            Pixels::Own(mask) => mask,
            Pixels::Of(object) => &object.mask,
        }
    }
}

#[wasm_bindgen]
impl Mask {
    /// A mask from `width · height` bytes, row-major; anything but 0 is inside.
    ///
    /// # Errors
    /// `invalid-query` if there are more or fewer bytes.
    #[wasm_bindgen(js_name = fromPixels)]
    pub fn from_pixels(pixels: Vec<u8>, width: usize, height: usize) -> Result<Mask, JsValue> {
        let mask = mask::Mask::new(ImageSize { height, width }, pixels);
        Ok(Mask(Pixels::Own(mask.into_js()?)))
    }

    /// A mask from COCO's compressed run lengths as JSON: `{"size":[h,w],"counts":"…"}`.
    ///
    /// # Errors
    /// `integrity` if they are no run lengths of a mask of that size.
    #[wasm_bindgen(js_name = fromRle)]
    pub fn from_rle(json: &str) -> Result<Mask, JsValue> {
        let rle = Rle::from_json(json).into_js()?;
        Ok(Mask(Pixels::Own(rle.decode())))
    }

    /// Pixels from left to right.
    #[wasm_bindgen(getter)]
    pub fn width(&self) -> usize {
        self.get().size.width
    }

    /// Pixels from top to bottom.
    #[wasm_bindgen(getter)]
    pub fn height(&self) -> usize {
        self.get().size.height
    }

    /// Pixels inside.
    #[wasm_bindgen(getter)]
    pub fn area(&self) -> usize {
        self.get().area()
    }

    /// The smallest box around it; undefined for an empty mask.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(getter, js_name = box, unchecked_return_type = "Box | undefined")]
    pub fn bounding_box(&self) -> Result<JsValue, JsValue> {
        match self.get().bounding_box() {
            Some(b) => to_object(&[b.x0, b.y0, b.x1, b.y1]),
            None => Ok(JsValue::UNDEFINED),
        }
    }

    /// `width · height` bytes, 0 or 1, row-major.
    #[must_use]
    #[wasm_bindgen(unchecked_return_type = "Uint8Array<ArrayBuffer>")]
    pub fn pixels(&self) -> Vec<u8> {
        self.get().data.clone()
    }

    /// A grey PNG, 255 inside and 0 outside.
    ///
    /// # Errors
    /// `internal` if it cannot be encoded.
    #[wasm_bindgen(unchecked_return_type = "Uint8Array<ArrayBuffer>")]
    pub fn png(&self) -> Result<Vec<u8>, JsValue> {
        self.get().to_png().into_js()
    }

    /// COCO's compressed run lengths as JSON: `{"size":[h,w],"counts":"…"}`.
    #[must_use]
    pub fn rle(&self) -> String {
        self.get().to_rle_json()
    }

    /// The outline as SVG path data in picture pixels, even-odd fill rule.
    #[must_use]
    #[wasm_bindgen(js_name = svgPath)]
    pub fn svg_path(&self) -> String {
        self.get().to_svg_path()
    }
}
