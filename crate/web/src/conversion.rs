//! A checkpoint becomes a browser model, block by block.

use std::rc::Rc;

use askmask_core::pipeline::RawCheckpoint;
use askmask_core::quantize;
use askmask_core::weights::manifest::FileEntry;
use js_sys::{Reflect, Uint8Array};
use serde::Serialize;
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::error::IntoJs;
use crate::object::{from_object, to_object};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Bytes to append to the file at work, and what ends with them. */
export interface ConvertedPiece {
  bytes: Uint8Array<ArrayBuffer>;
  end?: End;
}
"#;

/// Bytes of a file.
#[derive(Serialize, Tsify)]
pub(crate) struct FileRange {
    pub file: String,
    pub offset: u64,
    pub length: u64,
}

/// How far a conversion is.
#[derive(Serialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct ConversionCounts {
    /// Bytes of the source that were taken.
    done: u64,
    total: u64,
    layers_done: usize,
    layers: usize,
}

/// A file without weights.
#[derive(Serialize, Tsify)]
struct SmallFile {
    entry: FileEntry,
    #[serde(with = "serde_wasm_bindgen::preserve")]
    #[tsify(type = "Uint8Array<ArrayBuffer>")]
    bytes: JsValue,
}

/// A conversion under way. Whoever drives it reads what `next` names and hands it to `take`.
#[wasm_bindgen]
pub struct Conversion {
    raw: Rc<RawCheckpoint>,
    inner: quantize::Conversion,
}

impl Conversion {
    pub(crate) fn new(raw: Rc<RawCheckpoint>, inner: quantize::Conversion) -> Conversion {
        Conversion { raw, inner }
    }
}

#[wasm_bindgen]
impl Conversion {
    /// Text of the manifest as it is known now: the hashes of files that are not finished are
    /// zeros.
    #[must_use]
    pub fn manifest(&self) -> String {
        self.inner.manifest_json()
    }

    /// The files without weights.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "SmallFile[]")]
    pub fn others(&self) -> Result<JsValue, JsValue> {
        let others = self.inner.others().map(|(entry, bytes)| SmallFile {
            entry: entry.clone(),
            bytes: Uint8Array::from(bytes).into(),
        });
        to_object(&others.collect::<Vec<_>>())
    }

    /// The file that is written now; undefined when all are.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "FileEntry | undefined")]
    pub fn file(&self) -> Result<JsValue, JsValue> {
        let file = self.inner.file();
        file.map_or(Ok(JsValue::UNDEFINED), to_object)
    }

    /// What has to be read next; undefined when everything was.
    ///
    /// # Errors
    /// None for the files of one checkpoint.
    #[wasm_bindgen(unchecked_return_type = "FileRange | undefined")]
    pub fn next(&self) -> Result<JsValue, JsValue> {
        let Some(need) = self.inner.next() else {
            return Ok(JsValue::UNDEFINED);
        };
        let (file, range) = self.raw.place(&need).into_js()?;
        to_object(&FileRange {
            file: file.to_owned(),
            offset: range.start,
            length: range.end - range.start,
        })
    }

    /// Takes the bytes of what `next` named.
    ///
    /// # Errors
    /// `integrity`, naming the tensor, for values that are not finite or beyond a 16-bit float.
    #[wasm_bindgen(unchecked_return_type = "ConvertedPiece")]
    pub fn take(&mut self, bytes: &[u8]) -> Result<JsValue, JsValue> {
        let piece = self.inner.take(bytes).into_js()?;
        let object = js_sys::Object::new();
        let set = |name: &str, value: &JsValue| {
            // Setting a property on a fresh plain object cannot fail.
            let _ = Reflect::set(&object, &JsValue::from_str(name), value);
        };
        set("bytes", &Uint8Array::from(piece.bytes.as_slice()));
        if let Some(end) = piece.end {
            set("end", &to_object(&end)?);
        }
        Ok(object.into())
    }

    /// Bytes and layers that are through.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "ConversionCounts")]
    pub fn counts(&self) -> Result<JsValue, JsValue> {
        let (done, total) = self.inner.source_bytes();
        let (layers_done, layers) = self.inner.layers();
        to_object(&ConversionCounts {
            done,
            total,
            layers_done,
            layers,
        })
    }

    /// How far it is, at the end of a block: to be kept beside the files.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Progress")]
    pub fn progress(&self) -> Result<JsValue, JsValue> {
        to_object(&self.inner.progress())
    }

    /// Goes to where an earlier conversion by the same plan was; false if it was another one. The
    /// bytes of the file that it did not finish then go to `rehash`, and `confirm` has the last
    /// word.
    ///
    /// # Errors
    /// `internal` for what is no progress.
    pub fn resume(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Progress")] progress: JsValue,
    ) -> Result<bool, JsValue> {
        let progress: quantize::Progress = from_object(progress)?;
        Ok(self.inner.resume(&progress))
    }

    /// Takes the bytes, chunk by chunk, of the file at work up to the end of its last block.
    pub fn rehash(&mut self, bytes: &[u8]) {
        self.inner.rehash(bytes);
    }

    /// Whether they are the bytes that were written; where they are not, the file begins anew.
    ///
    /// # Errors
    /// `internal` for what is no progress.
    pub fn confirm(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Progress")] progress: JsValue,
    ) -> Result<bool, JsValue> {
        let progress: quantize::Progress = from_object(progress)?;
        Ok(self.inner.confirm(&progress))
    }

    /// Text of the manifest, once all files are finished.
    ///
    /// # Errors
    /// `internal` before.
    pub fn finish(&self) -> Result<String, JsValue> {
        self.inner.finish().into_js()
    }
}
