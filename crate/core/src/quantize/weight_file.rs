//! Where everything of a file of weights comes to lie, known before a weight is read.

use super::layout::RowBlock;
use super::options::Store;
use super::plan::Step;
use crate::weights::manifest::{TensorEntry, TensorSlice};
use crate::weights::{TensorInfo, safetensors};

/// The layout of one file of weights.
pub struct WeightFile {
    pub header: Vec<u8>,
    pub blocks: Vec<Block>,
}

/// Rows that are converted as one.
pub struct Block {
    pub rows: RowBlock,
    /// Where it ends in the file.
    end: u64,
    /// How many layers come before its own.
    pub layer: usize,
}

impl WeightFile {
    /// Its layout; adds where its tensors lie.
    pub fn new(
        name: &str,
        blocks: Vec<RowBlock>,
        tensors: &mut Vec<TensorEntry>,
        layers: &mut Layers,
    ) -> Self {
        let named: Vec<_> = blocks.iter().flat_map(RowBlock::tensors).collect();
        let header = safetensors::header(named.iter().map(|(name, info)| (name.as_str(), info)));
        let mut end = header.len() as u64;
        let blocks = blocks.into_iter().map(|rows| {
            note(&rows, name, end, tensors);
            end += rows.data_bytes();
            let layer = layers.number(rows.step.layer());
            Block { rows, end, layer }
        });
        Self {
            blocks: blocks.collect(),
            header,
        }
    }

    pub fn bytes(&self) -> u64 {
        self.end_of(self.blocks.len())
    }

    /// Where the first `blocks` blocks end.
    pub fn end_of(&self, blocks: usize) -> u64 {
        let last = blocks.checked_sub(1).and_then(|last| self.blocks.get(last));
        last.map_or(0, |block| block.end)
    }

    /// The block that begins at byte `at`.
    pub fn block_after(&self, at: u64) -> Option<usize> {
        let before = self.blocks.iter().position(|block| block.end == at)?;
        Some(before + 1).filter(|&block| block < self.blocks.len())
    }
}

impl Block {
    pub fn source_bytes(&self) -> u64 {
        let RowBlock { step, rows } = &self.rows;
        let outputs = if step.store == Store::Copied {
            step.outputs.len()
        } else {
            1
        };
        let bytes = (0..outputs).map(|output| {
            let (_, info) = source_of(step, output);
            (rows.len() * info.row_bytes().unwrap_or_default()) as u64
        });
        bytes.sum()
    }
}

/// Counts layers: tensors that follow each other and differ in the last level of their names.
#[derive(Default)]
pub struct Layers {
    pub count: usize,
    last: String,
}

impl Layers {
    /// How many layers come before `name`'s.
    fn number(&mut self, name: &str) -> usize {
        let layer = name.strip_suffix(".bias").unwrap_or(name);
        if self.count == 0 || layer != self.last {
            self.count += 1;
            layer.clone_into(&mut self.last);
        }
        self.count - 1
    }
}

/// The tensor of the source that an output of a step is made from.
pub fn source_of(step: &Step, output: usize) -> (&str, &TensorInfo) {
    match (step.store, step.outputs.get(output)) {
        (Store::Copied, Some((name, info))) => (name, info),
        _ => (&step.source, &step.info),
    }
}

/// Adds the slices of a block that begins at `offset` of a file.
fn note(block: &RowBlock, file: &str, mut offset: u64, tensors: &mut Vec<TensorEntry>) {
    let outputs = &block.step.outputs;
    // A split tensor was begun before; its entries are the last ones then.
    if block.rows.start == 0 {
        tensors.extend(outputs.iter().map(|(name, info)| TensorEntry {
            name: name.clone(),
            dtype: info.dtype,
            shape: info.shape.clone(),
            slices: Vec::new(),
        }));
    }
    let first = tensors.len().saturating_sub(outputs.len());
    for (entry, (_, info)) in tensors[first..].iter_mut().zip(outputs) {
        let bytes = (block.rows.len() * info.row_bytes().unwrap_or_default()) as u64;
        entry.slices.push(TensorSlice {
            file: file.to_owned(),
            offset,
            bytes,
            rows: block.rows.len(),
        });
        offset += bytes;
    }
}
