//! `askmask inspect`: what is in a model folder.

use std::collections::BTreeMap;
use std::path::Path;

use askmask_core::models::sa2va::{self, Config};
use askmask_core::weights::{TensorSource, TensorTable};

use crate::fault::Fault;
use crate::host::say;
use crate::model::{text, weights};

/// Tensors of one part of the model.
#[derive(Default)]
struct Part {
    tensors: usize,
    numbers: u64,
    bytes: u64,
    dtypes: BTreeMap<&'static str, usize>,
}

pub fn run(folder: &Path) -> Result<(), Fault> {
    let weights = weights(folder)?;
    let config = Config::parse(&text(&folder.join("config.json"))?)?;
    say(&describe(&config));
    say(&format!(
        "\n{:<34}{:>9}{:>16}{:>16}  types\n",
        "part", "tensors", "numbers", "bytes"
    ));
    let parts = parts(weights.as_ref(), &sa2va::table(&config));
    for (name, part) in &parts {
        say(&line(name, part));
    }
    let all = parts.into_values().fold(Part::default(), |mut all, part| {
        all.tensors += part.tensors;
        all.numbers += part.numbers;
        all.bytes += part.bytes;
        all
    });
    say(&line("all", &all));
    Ok(())
}

fn describe(config: &Config) -> String {
    let (vision, llm, sam) = (
        &config.vision_config,
        &config.llm_config,
        &config.grounding_encoder,
    );
    let quantization = match &config.quantization {
        Some(_) => "group-quantized",
        None => "dense",
    };
    format!(
        "vision tower    InternViT, {} wide, {} layers, {}-pixel tiles, at most {}\n\
         language model  Qwen2, {} wide, {} layers, {} tokens in the vocabulary\n\
         mask model      SAM 2, Hiera {} wide, stages {:?}, {} pixels\n\
         weights         {quantization}\n",
        vision.hidden_size,
        vision.num_hidden_layers,
        config.force_image_size,
        config.max_dynamic_patch,
        llm.hidden_size,
        llm.num_hidden_layers,
        llm.vocab_size,
        sam.embed_dim,
        sam.stages,
        sam.image_size,
    )
}

fn parts(weights: &dyn TensorSource, table: &TensorTable) -> BTreeMap<&'static str, Part> {
    let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
    for name in weights.names() {
        let Some(info) = weights.info(name) else {
            continue;
        };
        let part = parts.entry(part_of(name, table)).or_default();
        part.tensors += 1;
        part.numbers += info.elements().unwrap_or(0) as u64;
        part.bytes += info.bytes().unwrap_or(0) as u64;
        *part.dtypes.entry(info.dtype.name()).or_default() += 1;
    }
    parts
}

/// Where a tensor belongs, or why nowhere.
fn part_of(name: &str, table: &TensorTable) -> &'static str {
    match table.part(name) {
        Some(part) => part,
        None if table.is_droppable(name) => "not needed for pictures",
        None => "unknown",
    }
}

fn line(name: &str, part: &Part) -> String {
    let dtypes: Vec<_> = part
        .dtypes
        .iter()
        .map(|(dtype, count)| format!("{count}×{dtype}"))
        .collect();
    format!(
        "{name:<34}{:>9}{:>16}{:>16}  {}\n",
        part.tensors,
        part.numbers,
        part.bytes,
        dtypes.join(" ")
    )
}
