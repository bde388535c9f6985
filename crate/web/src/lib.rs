//! askmask in the browser: classes and functions that JavaScript calls.
//!
//! Bytes with sizes, strings and numbers go in; `Uint8Array` with sizes, text
//! and `Error` objects with a `code` come out. Everything that computes lives
//! in `askmask-core`. Meant to run in a dedicated worker.
//!
//! Coordinates are picture pixels, x to the right, y down. Masks are one byte
//! per pixel, 0 or 1, row-major.

mod conversion;
mod error;
mod host;
mod mask;
mod model;
mod object;
mod picture;
mod raw;
mod stored;

use wasm_bindgen::prelude::*;

#[allow(unsafe_code)]
mod ctors {
    unsafe extern "C" {
        fn __wasm_call_ctors();
    }

    /// Runs the module's constructors once.
    ///
    /// Some dependencies register items in constructors. A module that never
    /// calls `__wasm_call_ctors` itself gets it wrapped around *every* export
    /// by wasm-ld, which makes each call two orders of magnitude slower.
    pub fn run() {
        // SAFETY: the linker provides this function; it takes nothing, returns
        // nothing, and the start function below is its only caller.
        unsafe { __wasm_call_ctors() }
    }
}

/// Runs when the module is instantiated.
#[wasm_bindgen(start)]
fn start() {
    ctors::run();
    std::panic::set_hook(Box::new(|info| {
        // The trap that follows ends the worker; the page reports it and
        // starts a new one. This line is for whoever opens the console.
        web_sys::console::error_1(&JsValue::from_str(&format!("askmask panicked: {info}")));
    }));
}
