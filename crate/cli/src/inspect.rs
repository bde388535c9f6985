//! `askmask inspect`: what is in a model folder.

use std::collections::BTreeMap;
use std::path::Path;

use askmask_core::models::sa2va::{Config, SAM2};
use askmask_core::pipeline::CheckedFiles;
use askmask_core::weights::{TensorInfo, TensorSource, TensorTable};

use crate::fault::Fault;
use crate::model::{files, folder_of};
use crate::terminal::print;

/// Tensors of one part whose names begin alike.
#[derive(Default)]
struct Group {
    tensors: usize,
    numbers: u64,
    bytes: u64,
    dtypes: BTreeMap<&'static str, usize>,
}

pub fn run(path: &Path) -> Result<(), Fault> {
    let checked = files(folder_of(path)?)?.check()?;
    print(&describe(&checked.config));
    print(&remarks(&checked));
    let CheckedFiles { weights, table, .. } = checked;
    print(&format!(
        "\n{:<46}{:<16}{:>9}{:>16}{:>16}  types\n",
        "tensors of", "part", "tensors", "numbers", "bytes"
    ));
    let mut all = Group::default();
    let mut groups: BTreeMap<_, Group> = BTreeMap::new();
    for name in weights.names() {
        if let Some(info) = weights.info(name) {
            let key = (group_of(name), part_of(name, &table));
            groups.entry(key).or_default().add(info);
            all.add(info);
        }
    }
    for ((name, part), group) in &groups {
        print(&group.line(name, part));
    }
    print(&all.line("all", ""));
    Ok(())
}

/// What was found beside the model and is not used, a line each.
pub fn remarks(checked: &CheckedFiles) -> String {
    let wrappers: Vec<&str> = checked.weights.wrappers().collect();
    let mut lines = Vec::new();
    if !wrappers.is_empty() {
        lines.push(format!(
            "tensor names    read without {}, which wrappers put there",
            wrappers.join(" and ")
        ));
    }
    let leftovers = checked.weights.leftovers();
    lines.extend(leftovers.map(|(name, reason)| format!("not read        {name}: {reason}")));
    let unknown = &checked.config.unknown;
    if !unknown.is_empty() {
        lines.push(format!(
            "not heeded      unknown fields of config.json: {}",
            unknown.join(", ")
        ));
    }
    lines.into_iter().map(|line| line + "\n").collect()
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

impl Group {
    fn add(&mut self, info: &TensorInfo) {
        self.tensors += 1;
        self.numbers += info.elements().unwrap_or(0) as u64;
        self.bytes += info.bytes().unwrap_or(0) as u64;
        *self.dtypes.entry(info.dtype.name()).or_default() += 1;
    }

    fn line(&self, name: &str, part: &str) -> String {
        let dtypes: Vec<_> = self
            .dtypes
            .iter()
            .map(|(dtype, count)| format!("{count}×{dtype}"))
            .collect();
        format!(
            "{name:<46}{part:<16}{:>9}{:>16}{:>16}  {}\n",
            self.tensors,
            self.numbers,
            self.bytes,
            dtypes.join(" ")
        )
    }
}

/// The levels of a tensor's name before its first number, or the first level alone.
fn group_of(name: &str) -> String {
    let name = name
        .strip_prefix(SAM2)
        .map_or(name, |name| name.trim_start_matches('.'));
    let levels: Vec<&str> = name.split('.').collect();
    let number = |level: &&str| level.parse::<usize>().is_ok();
    levels[..levels.iter().position(number).unwrap_or(1)].join(".")
}

fn part_of(name: &str, table: &TensorTable) -> &'static str {
    match table.part(name) {
        Some(part) => part,
        None if table.is_droppable(name) => "video only",
        None => "unknown",
    }
}
