//! Plain objects that cross the boundary as JSON: what is asked once a load need not be fast.

use askmask_core::error::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;

use crate::error::to_js;

/// A plain JavaScript object.
pub fn to_object(value: &impl Serialize) -> Result<JsValue, JsValue> {
    let json = serde_json::to_string(value).map_err(|e| internal(&e.to_string()))?;
    js_sys::JSON::parse(&json)
}

/// The fields of a plain JavaScript object. Fields of other types are faults of the caller.
pub fn from_object<T: DeserializeOwned>(value: &JsValue) -> Result<T, JsValue> {
    let json = js_sys::JSON::stringify(value)?;
    serde_json::from_str(&String::from(json)).map_err(|e| internal(&e.to_string()))
}

fn internal(reason: &str) -> JsValue {
    to_js(&Error::Internal {
        reason: reason.to_owned(),
    })
}
