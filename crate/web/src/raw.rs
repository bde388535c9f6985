//! Checkpoints as their publishers saved them: what is asked of them before a weight is read.

use std::rc::Rc;

use askmask_core::language::tokenizer::Qwen2Files;
use askmask_core::pipeline;
use askmask_core::weights::manifest::Origin;
use askmask_core::weights::safetensors::{self, PREFIX};
use askmask_core::weights::{Index, StoredCopy, card};
use serde::{Deserialize, Serialize};
use tsify::Tsify;
use wasm_bindgen::prelude::*;

use crate::conversion::{Conversion, FileRange};
use crate::error::IntoJs;
use crate::object::{from_object, to_object};

/// Names of the shards of `model.safetensors.index.json`, sorted.
///
/// # Errors
/// `integrity`.
#[wasm_bindgen(js_name = shardNames)]
pub fn shard_names(index: &[u8]) -> Result<Vec<String>, JsValue> {
    let index = Index::parse(index).into_js()?;
    Ok(index.shards().into_iter().map(str::to_owned).collect())
}

/// How many first bytes of a safetensors file hold its header, told by the first eight of them, or
/// by more to say what else the file may be.
///
/// # Errors
/// `integrity`.
#[wasm_bindgen(js_name = headerBytes)]
pub fn header_bytes(file: &str, start: &[u8]) -> Result<usize, JsValue> {
    let length = safetensors::header_length(file, start).into_js()?;
    Ok(PREFIX + length)
}

/// The licence that a model card's metadata states.
#[wasm_bindgen(js_name = licenceOf)]
#[must_use]
pub fn licence_of(card: &str) -> Option<String> {
    card::licence(card)
}

/// Bytes of a model card after which no metadata is looked for.
#[wasm_bindgen(js_name = cardBytes)]
#[must_use]
pub fn card_bytes() -> usize {
    card::ENOUGH
}

/// Texts of the files that Qwen2's older tokenizers consist of.
#[derive(Deserialize, Tsify)]
#[serde(rename_all = "camelCase")]
struct TokenizerFiles {
    /// `vocab.json`
    vocabulary: String,
    /// `merges.txt`
    merges: String,
    /// `added_tokens.json`
    #[tsify(optional)]
    added: Option<String>,
    /// `tokenizer_config.json`
    #[tsify(optional)]
    config: Option<String>,
    /// `special_tokens_map.json`
    #[tsify(optional)]
    special: Option<String>,
}

/// Bytes of the `tokenizer.json` that gives the same ids.
///
/// # Errors
/// `unsupported-model`.
#[wasm_bindgen(js_name = tokenizerJson)]
pub fn tokenizer_json(
    #[wasm_bindgen(unchecked_param_type = "TokenizerFiles")] files: JsValue,
) -> Result<Vec<u8>, JsValue> {
    let files: TokenizerFiles = from_object(files)?;
    let files = Qwen2Files {
        vocabulary: files.vocabulary,
        merges: files.merges,
        added: files.added,
        config: files.config,
        special: files.special,
    };
    files.to_json().into_js()
}

/// Where the tensors of safetensors files lie.
#[wasm_bindgen]
#[derive(Default)]
pub struct Headers(askmask_core::weights::Headers);

#[wasm_bindgen]
impl Headers {
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Headers {
        Headers::default()
    }

    /// Adds a file of `length` bytes by its first ones, the whole header among them. Files are
    /// added in the order of their names.
    ///
    /// # Errors
    /// `integrity`.
    pub fn add(&mut self, file: &str, start: &[u8], length: f64) -> Result<(), JsValue> {
        self.0.add(file, start, length as u64).into_js()
    }

    /// Whether the files hold every tensor that their index promises.
    ///
    /// # Errors
    /// `integrity`, `weights-mismatch`.
    pub fn check(&self, index: &[u8]) -> Result<(), JsValue> {
        let index = Index::parse(index).into_js()?;
        index.check(&self.0).into_js()
    }
}

/// Two tensors that have to be equal.
#[derive(Serialize, Tsify)]
struct CopiedTensor {
    copy: FileRange,
    original: FileRange,
}

/// How a checkpoint is converted, and what its manifest says of it.
#[derive(Deserialize, Tsify)]
pub(crate) struct ConversionOptions {
    /// What people call the model.
    name: String,
    /// Where its weights come from.
    source: String,
    licence: String,
    /// Least bits of a matrix: 4, 8, or 16 for floats.
    bits: u32,
}

/// A checkpoint whose weights are elsewhere.
#[wasm_bindgen]
pub struct RawCheckpoint(Rc<pipeline::RawCheckpoint>);

#[wasm_bindgen]
impl RawCheckpoint {
    /// Asks everything that `config.json`, whose text is `config`, and the headers can answer.
    ///
    /// # Errors
    /// `unsupported-model`, `integrity`, `weights-mismatch`.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str, headers: Headers) -> Result<RawCheckpoint, JsValue> {
        let raw = pipeline::RawCheckpoint::open(config, headers.0).into_js()?;
        Ok(RawCheckpoint(Rc::new(raw)))
    }

    /// Whether it is quantized already: its weights then stay as they are.
    #[wasm_bindgen(getter)]
    #[must_use]
    pub fn quantized(&self) -> bool {
        self.0.config().quantization.is_some()
    }

    /// Tensors that are saved a second time: a conversion is right only if they are equal.
    ///
    /// # Errors
    /// None for the files of one checkpoint.
    #[wasm_bindgen(unchecked_return_type = "CopiedTensor[]")]
    pub fn copies(&self) -> Result<JsValue, JsValue> {
        let place = |name: &str| {
            let (file, range) = self.0.place_of(name).into_js()?;
            Ok::<_, JsValue>(FileRange {
                file: file.to_owned(),
                offset: range.start,
                length: range.end - range.start,
            })
        };
        let copies: Result<Vec<CopiedTensor>, JsValue> = self
            .0
            .copies()
            .iter()
            .map(|StoredCopy { name, original, .. }| {
                let (copy, original) = (place(name)?, place(original)?);
                Ok(CopiedTensor { copy, original })
            })
            .collect();
        to_object(&copies?)
    }

    /// Refuses the checkpoint, because its `index`-th copy differs.
    ///
    /// # Errors
    /// Always `unsupported-model`.
    #[wasm_bindgen(js_name = refuseCopy)]
    pub fn refuse_copy(&self, index: usize) -> Result<(), JsValue> {
        let copy = self.0.copies().get(index);
        copy.map_or(Ok(()), |copy| Err(copy.refusal())).into_js()
    }

    /// A conversion of it. Without `tokenizer`, the bytes of `tokenizer.json`, it only says what it
    /// would write.
    ///
    /// # Errors
    /// `unsupported-model`, `integrity`.
    pub fn conversion(
        &self,
        tokenizer: Option<Vec<u8>>,
        #[wasm_bindgen(unchecked_param_type = "ConversionOptions")] options: JsValue,
    ) -> Result<Conversion, JsValue> {
        let ConversionOptions {
            name,
            source,
            licence,
            bits,
        } = from_object(options)?;
        let origin = Origin {
            name,
            source,
            licence,
        };
        let plan = self.0.plan(&self.0.options(bits)).into_js()?;
        let conversion = self.0.conversion(&plan, tokenizer.as_deref(), origin);
        Ok(Conversion::new(Rc::clone(&self.0), conversion.into_js()?))
    }
}
