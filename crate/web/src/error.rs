//! Errors as JavaScript sees them: `Error` objects with `code` and `hint`.

use askmask_core::error::Error;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;

/// Turns a core error into a JavaScript `Error` with the fields `code` (stable,
/// kebab-case) and `hint` (what to do next), and `found`, what kind of picture it
/// is, where that is why it cannot be decoded. Cancelling is named `AbortError`,
/// as the web platform has it.
pub fn to_js(error: &Error) -> JsValue {
    let object = js_sys::Error::new(&error.to_string());
    if matches!(error, Error::Cancelled) {
        object.set_name("AbortError");
    }
    let mut fields = vec![("code", error.code()), ("hint", error.hint())];
    if let Error::UnsupportedImage { found } = error {
        fields.push(("found", found));
    }
    for (name, value) in fields {
        // Setting a property on an object that we just made cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), &JsValue::from_str(value));
    }
    object.into()
}

/// Shorthand for `map_err`.
pub trait IntoJs<T> {
    /// The same result with a JavaScript error.
    fn into_js(self) -> Result<T, JsValue>;
}

impl<T> IntoJs<T> for Result<T, Error> {
    fn into_js(self) -> Result<T, JsValue> {
        self.map_err(|error| to_js(&error))
    }
}
