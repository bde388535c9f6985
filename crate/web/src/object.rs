//! Plain objects across the boundary.

use askmask_core::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::error::to_js;

/// A plain JavaScript object: maps become objects, counts become numbers.
pub fn to_object(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let serializer = Serializer::json_compatible();
    value.serialize(&serializer).map_err(internal)
}

/// The fields of a plain JavaScript object. Fields of other types are faults of the caller.
pub fn from_object<T: DeserializeOwned>(value: JsValue) -> Result<T, JsValue> {
    serde_wasm_bindgen::from_value(value).map_err(internal)
}

fn internal(cause: serde_wasm_bindgen::Error) -> JsValue {
    to_js(&Error::Internal {
        reason: cause.to_string(),
    })
}
