//! The embedder's callbacks as a core [`Host`].

use askmask_core::error::Error;
use askmask_core::{Host, Stage, TraceEvent, TraceStage};
use futures_util::future::LocalBoxFuture;
use js_sys::{Float32Array, Function, Reflect};
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::object::to_object;

/// What a long call tells while it runs.
#[derive(Serialize, Tsify)]
#[serde(tag = "type", rename_all = "kebab-case")]
enum HostEvent {
    /// `done` of `total` units of a stage: bytes, transformer blocks, tokens or objects.
    Progress {
        stage: Stage,
        done: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        total: Option<u64>,
    },
    /// The next characters of the answer, complete ones only.
    Token { text: String },
}

/// A [`TraceEvent`] but for its values, which cross as an array of their own.
#[derive(Serialize)]
struct TraceFields {
    stage: TraceStage,
    index: usize,
    shape: Vec<usize>,
}

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
export interface HostCallbacks {
  onEvent(event: HostEvent): void;
  /** Yields to the event loop; rejects to cancel the running call. */
  checkpoint(): Promise<void>;
  /** Hears what every stage computed; leave it out, and nothing is read back. */
  onTrace?(event: TraceEvent): void;
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

    #[wasm_bindgen(method, getter, js_name = onTrace)]
    fn on_trace(this: &HostCallbacks) -> Option<Function>;
}

/// A [`Host`] that forwards to JavaScript.
pub struct JsHost {
    callbacks: HostCallbacks,
    on_trace: Option<Function>,
}

impl JsHost {
    pub fn new(callbacks: HostCallbacks) -> Self {
        Self {
            on_trace: callbacks.on_trace(),
            callbacks,
        }
    }

    fn send(&self, event: &HostEvent) {
        if let Ok(event) = to_object(event) {
            // A listener that throws must not stop the computation.
            let _ = self.callbacks.on_event(&event);
        }
    }
}

impl Host for JsHost {
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>) {
        self.send(&HostEvent::Progress { stage, done, total });
    }

    fn token(&self, text: &str) {
        let text = text.to_owned();
        self.send(&HostEvent::Token { text });
    }

    fn checkpoint(&self) -> LocalBoxFuture<'_, Result<(), Error>> {
        Box::pin(async {
            match self.callbacks.checkpoint().await {
                Ok(_) => Ok(()),
                Err(_) => Err(Error::Cancelled),
            }
        })
    }

    fn wants_trace(&self) -> bool {
        self.on_trace.is_some()
    }

    fn trace(&self, event: TraceEvent) {
        let TraceEvent {
            stage,
            index,
            shape,
            values,
        } = event;
        let fields = TraceFields {
            stage,
            index,
            shape,
        };
        let (Some(on_trace), Ok(object)) = (&self.on_trace, to_object(&fields)) else {
            return;
        };
        // A copy of its own, which the listener may hand on.
        let values = Float32Array::from(values.as_slice());
        // Setting a property on a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &JsValue::from_str("values"), &values);
        let _ = on_trace.call1(&self.callbacks, &object);
    }
}
