//! What a checkpoint has beside its weights, in a folder or on a host.

use askmask_core::Error;
use askmask_core::first_bytes;
use askmask_core::language::tokenizer::Qwen2Files;

use crate::fault::Fault;

pub const CONFIG: &str = "config.json";
/// Where an adapter's settings are; transformers would load the two together.
pub const ADAPTER: &str = "adapter_config.json";
/// The model card.
pub const README: &str = "README.md";
/// The one file of weights that are not split.
pub const SINGLE: &str = "model.safetensors";
/// What says which shard holds which tensor.
pub const INDEX: &str = "model.safetensors.index.json";

/// The refusal of a checkpoint that an adapter belongs to.
pub fn adapter_refusal() -> Error {
    unsupported(format!(
        "there is {ADAPTER}, so an adapter belongs to the model: merge it with PEFT's \
         merge_and_unload() and save the whole elsewhere, or take {ADAPTER} away if that was done"
    ))
}

/// `tokenizer.json`, or one made from the files that older tokenizers have. `find` gives the bytes
/// of a file if there is one of that name.
pub fn tokenizer_json(
    mut find: impl FnMut(&str) -> Result<Option<Vec<u8>>, Fault>,
) -> Result<Vec<u8>, Fault> {
    const READY: &str = "tokenizer.json";
    const VOCABULARY: &str = "vocab.json";
    const MERGES: &str = "merges.txt";
    if let Some(ready) = find(READY)? {
        return Ok(ready);
    }
    let mut text = |name: &str| -> Result<Option<String>, Fault> {
        let Some(bytes) = find(name)? else {
            return Ok(None);
        };
        Ok(Some(first_bytes::text(name, &bytes)?.to_owned()))
    };
    let missing = |what: &str| unsupported(format!("there is no {what}"));
    let files = Qwen2Files {
        vocabulary: text(VOCABULARY)?
            .ok_or_else(|| missing(&format!("tokenizer: neither {READY} nor {VOCABULARY}")))?,
        merges: text(MERGES)?.ok_or_else(|| missing(&format!("{MERGES} beside {VOCABULARY}")))?,
        added: text("added_tokens.json")?,
        config: text("tokenizer_config.json")?,
        special: text("special_tokens_map.json")?,
    };
    Ok(files.to_json()?)
}

fn unsupported(reason: String) -> Error {
    Error::UnsupportedModel { reason }
}
