//! `askmask inspect`: what is in a model folder.

use std::collections::BTreeMap;
use std::path::Path;

use askmask_core::models::sa2va::Config;
use askmask_core::weights::TensorSource;
use askmask_eval::file;

use crate::fault::Fault;
use crate::model::weights;
use crate::terminal::print;

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
    let config = Config::parse(&file::read_text(&folder.join("config.json"))?)?;
    print(&describe(&config));
    print(&format!(
        "\n{:<34}{:>9}{:>16}{:>16}  types\n",
        "part", "tensors", "numbers", "bytes"
    ));
    let parts = parts(weights.as_ref());
    for (name, part) in &parts {
        print(&line(name, part));
    }
    let all = parts.into_values().fold(Part::default(), |mut all, part| {
        all.tensors += part.tensors;
        all.numbers += part.numbers;
        all.bytes += part.bytes;
        all
    });
    print(&line("all", &all));
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

fn parts(weights: &dyn TensorSource) -> BTreeMap<String, Part> {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for name in weights.names() {
        let Some(info) = weights.info(name) else {
            continue;
        };
        let part = parts.entry(part_of(name)).or_default();
        part.tensors += 1;
        part.numbers += info.elements().unwrap_or(0) as u64;
        part.bytes += info.bytes().unwrap_or(0) as u64;
        *part.dtypes.entry(info.dtype.name()).or_default() += 1;
    }
    parts
}

/// The first levels of a tensor's name that tell the model's parts apart.
fn part_of(name: &str) -> String {
    let name = name
        .strip_prefix("grounding_encoder.sam2_model.")
        .unwrap_or(name);
    let levels = if name.starts_with("language_model.model.") {
        3
    } else {
        1
    };
    name.split('.').take(levels).collect::<Vec<_>>().join(".")
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
