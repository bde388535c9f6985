//! `askmask inspect`: what is in a model folder.

use std::collections::BTreeMap;
use std::path::Path;

use askmask_core::models::sa2va::{self, Config, LANGUAGE_MODEL, SAM2};
use askmask_core::weights::{TensorSource, TensorTable};
use askmask_eval::file;

use crate::fault::Fault;
use crate::model::weights;
use crate::terminal::print;

/// Tensors whose names begin alike.
#[derive(Default)]
struct Group {
    /// The loadable part of the model that they belong to.
    part: &'static str,
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
        "\n{:<34}{:<16}{:>9}{:>16}{:>16}  types\n",
        "tensors of", "part", "tensors", "numbers", "bytes"
    ));
    let groups = groups(weights.as_ref(), &sa2va::table(&config));
    for (name, group) in &groups {
        print(&line(name, group));
    }
    let all = groups
        .into_values()
        .fold(Group::default(), |all, group| Group {
            tensors: all.tensors + group.tensors,
            numbers: all.numbers + group.numbers,
            bytes: all.bytes + group.bytes,
            ..all
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

fn groups(weights: &dyn TensorSource, table: &TensorTable) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for name in weights.names() {
        let Some(info) = weights.info(name) else {
            continue;
        };
        let group = groups.entry(group_of(name)).or_default();
        group.part = match table.part(name) {
            Some(part) => part,
            None if table.is_droppable(name) => "video only",
            None => "unknown",
        };
        group.tensors += 1;
        group.numbers += info.elements().unwrap_or(0) as u64;
        group.bytes += info.bytes().unwrap_or(0) as u64;
        *group.dtypes.entry(info.dtype.name()).or_default() += 1;
    }
    groups
}

/// The first levels of a tensor's name: enough to tell what it is of.
fn group_of(name: &str) -> String {
    let name = name
        .strip_prefix(SAM2)
        .map_or(name, |name| name.trim_start_matches('.'));
    let in_layers = name.starts_with(LANGUAGE_MODEL) && name.contains(".model.");
    let levels = if in_layers { 3 } else { 1 };
    name.split('.').take(levels).collect::<Vec<_>>().join(".")
}

fn line(name: &str, group: &Group) -> String {
    let dtypes: Vec<_> = group
        .dtypes
        .iter()
        .map(|(dtype, count)| format!("{count}×{dtype}"))
        .collect();
    format!(
        "{name:<34}{:<16}{:>9}{:>16}{:>16}  {}\n",
        group.part,
        group.tensors,
        group.numbers,
        group.bytes,
        dtypes.join(" ")
    )
}
