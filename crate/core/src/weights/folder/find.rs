//! Which files of a folder are the weights, or why there are none.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::Error;
use crate::weights::damaged;

/// The one file of weights that are not split.
pub const SINGLE: &str = "model.safetensors";
/// What says which shard holds which tensor.
pub const INDEX: &str = "model.safetensors.index.json";

/// Ends of the names of downloads that are under way or broke.
const UNFINISHED: [&str; 7] = [
    ".incomplete",
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".tmp",
    ".aria2",
];

/// Whether all `shards` of an index are in `folder`.
pub fn check_present(folder: &Path, shards: &[&str]) -> Result<(), Error> {
    let absent = |shard: &&&str| !folder.join(shard).is_file();
    let mut missing = shards.iter().filter(absent);
    let Some(&first) = missing.next() else {
        return Ok(());
    };
    let others = missing.count();
    let reason = match unfinished(folder, first) {
        Some(part) => format!("its download into {part} has not ended"),
        None => format!("{INDEX} names it and {others} more that are not in the folder"),
    };
    Err(damaged(first, reason))
}

/// The file into which `name` is still downloaded, beside it or where the hub's own tool does that.
fn unfinished(folder: &Path, name: &str) -> Option<String> {
    [folder, &folder.join(".cache/huggingface/download")]
        .into_iter()
        .flat_map(|folder| names(folder).unwrap_or_default())
        .find(|part| {
            let rest = part.strip_prefix(name).unwrap_or_default();
            UNFINISHED.iter().any(|end| rest.ends_with(end))
        })
}

/// Names of the files in `folder`, sorted.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

/// The name of the one weights file, or why there is none.
pub fn single(folder: &Path) -> Result<String, Error> {
    let names = names(folder).map_err(|e| damaged(&folder.display().to_string(), e.to_string()))?;
    if names.iter().any(|name| name == SINGLE) {
        return Ok(SINGLE.to_owned());
    }
    let (adapters, weights): (Vec<&String>, Vec<&String>) = names
        .iter()
        .filter(|name| name.ends_with(".safetensors"))
        .partition(|name| name.starts_with("adapter_"));
    let pickle = names.iter().find(|name| is_pickle(name));
    let reason = match (weights.as_slice(), adapters.first(), pickle) {
        ([one], ..) => return Ok((*one).clone()),
        ([first, .., last], ..) => format!(
            "{first} to {last} are {} files, and {INDEX}, which says what is in them, is not in \
             the folder: download it too",
            weights.len()
        ),
        ([], Some(adapter), _) => format!(
            "{adapter} holds an adapter alone: merge it into its model with PEFT's \
             merge_and_unload() and save that"
        ),
        ([], None, Some(pickle)) => format!(
            "{pickle} holds pickled weights, which run code when they are read; convert them with \
             `python -c \"import torch, safetensors.torch as s; s.save_file(torch.load('FILE', \
             weights_only=True), '{SINGLE}')\"`"
        ),
        ([], None, None) => match unfinished(folder, "") {
            Some(part) => {
                let reason = format!("a download into {part} has not ended");
                return Err(damaged(SINGLE, reason));
            }
            None => format!("{} has neither {SINGLE} nor {INDEX}", folder.display()),
        },
    };
    Err(Error::UnsupportedModel { reason })
}

fn is_pickle(name: &str) -> bool {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    matches!(extension, Some("bin" | "pt" | "pth" | "ckpt" | "pkl"))
}
