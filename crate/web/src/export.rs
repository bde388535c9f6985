//! Masks as files, bit-exact and at the picture's own size.

use askmask_core::error::Error;
use askmask_core::image::ImageSize;
use askmask_core::mask::Mask;
use wasm_bindgen::prelude::*;

use crate::error::{IntoJs, to_js};

/// A mask from `width · height` bytes; anything but 0 counts as inside.
pub fn mask_from_bytes(mut data: Vec<u8>, width: usize, height: usize) -> Result<Mask, JsValue> {
    if width.checked_mul(height) != Some(data.len()) {
        let message = format!(
            "a mask of {} bytes is not {width} × {height} pixels",
            data.len()
        );
        return Err(to_js(&Error::InvalidQuery { reason: message }));
    }
    for value in &mut data {
        *value = u8::from(*value != 0);
    }
    Ok(Mask {
        size: ImageSize { height, width },
        data,
    })
}

/// A grey PNG, 255 inside the mask and 0 outside.
///
/// # Errors
/// `invalid-query` if `mask` is not `width · height` bytes.
#[wasm_bindgen(js_name = maskPng)]
pub fn mask_png(mask: Vec<u8>, width: usize, height: usize) -> Result<Vec<u8>, JsValue> {
    mask_from_bytes(mask, width, height)?.to_png().into_js()
}

/// COCO's compressed run lengths as JSON: `{"size":[h,w],"counts":"…"}`.
///
/// # Errors
/// As [`mask_png`].
#[wasm_bindgen(js_name = maskRle)]
pub fn mask_rle(mask: Vec<u8>, width: usize, height: usize) -> Result<String, JsValue> {
    Ok(mask_from_bytes(mask, width, height)?.to_rle_json())
}

/// The mask's outline as SVG path data in picture pixels, even-odd fill rule.
///
/// # Errors
/// As [`mask_png`].
#[wasm_bindgen(js_name = maskSvgPath)]
pub fn mask_svg_path(mask: Vec<u8>, width: usize, height: usize) -> Result<String, JsValue> {
    Ok(mask_from_bytes(mask, width, height)?.to_svg_path())
}
