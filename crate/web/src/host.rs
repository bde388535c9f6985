//! The embedder's callbacks as a core [`Host`].

use askmask_core::Trace;
use askmask_core::error::Error;
use askmask_core::runtime::host::{Host, Stage};
use futures_util::future::LocalBoxFuture;
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export type Stage = "load" | "encode-image" | "think" | "mask";
export type HostEvent =
  | { type: "progress"; stage: Stage; done: number; total?: number }
  | { type: "token"; text: string };
export interface HostCallbacks {
  onEvent(event: HostEvent): void;
  /** Yields to the event loop; rejects to cancel the running call. */
  checkpoint(): Promise<void>;
}
"#;

#[wasm_bindgen]
extern "C" {
    /// What JavaScript passes to every long call.
    #[wasm_bindgen(typescript_type = "HostCallbacks")]
    pub type HostCallbacks;

    #[wasm_bindgen(method, catch, js_name = onEvent)]
    fn on_event(this: &HostCallbacks, event: &JsValue) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    async fn checkpoint(this: &HostCallbacks) -> Result<JsValue, JsValue>;
}

/// A [`Host`] that forwards to JavaScript, and records every stage if asked to.
pub struct JsHost {
    callbacks: HostCallbacks,
    pub trace: Option<Trace>,
}

impl JsHost {
    pub fn new(callbacks: HostCallbacks) -> Self {
        Self {
            callbacks,
            trace: None,
        }
    }

    fn send(&self, fields: &[(&str, JsValue)]) {
        let event = Object::new();
        for (name, value) in fields {
            // Setting a property on a fresh plain object cannot fail.
            let _ = Reflect::set(&event, &JsValue::from_str(name), value);
        }
        // A listener that throws must not stop the computation.
        let _ = self.callbacks.on_event(&event);
    }
}

impl Host for JsHost {
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>) {
        self.send(&[
            ("type", JsValue::from_str("progress")),
            ("stage", JsValue::from_str(stage.name())),
            ("done", js_number(done)),
            ("total", total.map_or(JsValue::UNDEFINED, js_number)),
        ]);
    }

    fn token(&self, text: &str) {
        self.send(&[
            ("type", JsValue::from_str("token")),
            ("text", JsValue::from_str(text)),
        ]);
    }

    fn checkpoint(&self) -> LocalBoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            match self.callbacks.checkpoint().await {
                Ok(_) => Ok(()),
                Err(_) => Err(Error::Cancelled),
            }
        })
    }

    fn trace(&self) -> Option<&Trace> {
        self.trace.as_ref()
    }
}

/// Counts stay far below 2^53, so nothing is lost.
#[allow(clippy::cast_precision_loss)]
fn js_number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}
