//! Writes the files of a browser model folder, hashing them on the way.

use std::io::{self, Write};
use std::ops::Range;

use half::f16;
use serde_json::Value;

use super::group::quantize;
use super::layout::{self, RowBlock};
use super::options::Store;
use super::plan::{Plan, Step};
use super::{block_rows, named};
use crate::error::Error;
use crate::kernels::QuantParams;
use crate::weights::digest::Sha256;
use crate::weights::manifest::{FileEntry, MANIFEST, Manifest, Origin, TensorEntry, TensorSlice};
use crate::weights::{TensorSource, dtype, missing, safetensors};

/// Where the files of the new model go.
pub trait Sink {
    /// Begins file `name`, a plain file name.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>>;

    /// Hears how many bytes of weights were written, of how many.
    ///
    /// # Errors
    /// [`Error::Cancelled`] to stop.
    fn progress(&mut self, done: u64, total: u64) -> Result<(), Error>;
}

/// What belongs to the model beside its weights.
pub struct Extras<'a> {
    /// Content of `config.json`.
    pub config: &'a Value,
    /// Bytes of `tokenizer.json`.
    pub tokenizer: &'a [u8],
    /// The model's family.
    pub family: &'static str,
    /// Who made it and on which terms.
    pub origin: Origin,
}

impl Plan {
    /// Writes `weights-00001.safetensors` and on, `config.json` with a `quantization` block in
    /// MLX's form, `tokenizer.json`, and last `manifest.json`, which is also returned.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a tensor cannot be read or holds values that are not finite,
    /// [`Error::Internal`] when the sink fails, [`Error::Cancelled`] when it wants no more.
    pub fn write(
        &self,
        source: &dyn TensorSource,
        extras: Extras,
        sink: &mut dyn Sink,
    ) -> Result<Manifest, Error> {
        let files = layout::files(&self.steps)?;
        let config = self.config(extras.config)?;
        let mut manifest = Manifest::new(extras.family, extras.origin, self.quantization.clone());
        manifest.files = vec![
            write_file("config.json", &pretty(&config), sink)?,
            write_file("tokenizer.json", extras.tokenizer, sink)?,
        ];
        let total: u64 = self.steps.iter().map(Step::bytes).sum();
        let mut done = 0;
        for (number, blocks) in files.iter().enumerate() {
            let name = format!("weights-{:05}.safetensors", number + 1);
            let file = write_weights(&name, blocks, source, &mut manifest.tensors, sink)?;
            done += blocks.iter().map(RowBlock::data_bytes).sum::<u64>();
            manifest.files.push(file);
            sink.progress(done, total)?;
        }
        manifest.check()?;
        write_file(MANIFEST, &pretty(&serde_json::json!(manifest)), sink)?;
        Ok(manifest)
    }

    /// `config` with this plan's `quantization` block.
    fn config(&self, config: &Value) -> Result<Value, Error> {
        let mut config = config.clone();
        let Some(fields) = config.as_object_mut() else {
            return Err(Error::UnsupportedModel {
                reason: "config.json is no object".into(),
            });
        };
        if let Some(quantization) = &self.quantization {
            fields.insert("quantization".into(), serde_json::json!(quantization));
        }
        Ok(config)
    }
}

fn pretty(json: &Value) -> Vec<u8> {
    format!("{json:#}\n").into_bytes()
}

fn write_file(name: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<FileEntry, Error> {
    let mut file = Hashed::create(name, sink)?;
    file.write(bytes)?;
    file.finish()
}

/// Writes one weight file and notes where its tensors lie.
fn write_weights(
    name: &str,
    blocks: &[RowBlock],
    source: &dyn TensorSource,
    tensors: &mut Vec<TensorEntry>,
    sink: &mut dyn Sink,
) -> Result<FileEntry, Error> {
    let named: Vec<_> = blocks.iter().flat_map(RowBlock::tensors).collect();
    let header = safetensors::header(named.iter().map(|(name, info)| (name.as_str(), info)));
    let mut file = Hashed::create(name, sink)?;
    file.write(&header)?;
    for block in blocks {
        note(block, &file, tensors);
        write_block(block, source, &mut file)?;
    }
    file.finish()
}

/// Adds the slices that begin where `file` ends.
fn note(block: &RowBlock, file: &Hashed, tensors: &mut Vec<TensorEntry>) {
    let mut offset = file.bytes;
    let outputs = &block.step.outputs;
    // A split tensor was begun in a file before; its entries are the last ones then.
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
            file: file.name.clone(),
            offset,
            bytes,
            rows: block.rows.len(),
        });
        offset += bytes;
    }
}

fn write_block(
    block: &RowBlock,
    source: &dyn TensorSource,
    file: &mut Hashed,
) -> Result<(), Error> {
    let RowBlock { step, rows } = block;
    match step.store {
        Store::Copied => {
            for (name, _) in &step.outputs {
                for_blocks(source, name, rows, &mut |bytes, _| file.write(bytes))?;
            }
            Ok(())
        }
        Store::Half => for_blocks(source, &step.source, rows, &mut |bytes, dtype| {
            let values = dtype::to_f16(&step.source, dtype, bytes)?;
            file.write(&little_endian(&values, f16::to_le_bytes))
        }),
        Store::Quantized(params) => write_quantized(step, params, rows, source, file),
    }
}

/// Packed words as they are made, then all scales, then all biases.
fn write_quantized(
    step: &Step,
    params: QuantParams,
    rows: &Range<usize>,
    source: &dyn TensorSource,
    file: &mut Hashed,
) -> Result<(), Error> {
    let info = source
        .info(&step.source)
        .ok_or_else(|| missing(&step.source))?;
    let columns = info.shape.last().copied().unwrap_or_default();
    let (mut scales, mut biases) = (Vec::new(), Vec::new());
    for_blocks(source, &step.source, rows, &mut |bytes, dtype| {
        let values = dtype::to_f32(&step.source, dtype, bytes)?;
        let table = quantize(&values, columns, params).map_err(|e| named(&step.source, e))?;
        scales.extend(little_endian(table.scales(), f16::to_le_bytes));
        biases.extend(little_endian(table.biases(), f16::to_le_bytes));
        file.write(&little_endian(table.packed(), u32::to_le_bytes))
    })?;
    file.write(&scales)?;
    file.write(&biases)
}

/// Takes bytes and their type.
type Take<'a> = dyn FnMut(&[u8], dtype::Dtype) -> Result<(), Error> + 'a;

/// Reads `rows` of tensor `name` in blocks.
fn for_blocks(
    source: &dyn TensorSource,
    name: &str,
    rows: &Range<usize>,
    take: &mut Take,
) -> Result<(), Error> {
    let info = source.info(name).ok_or_else(|| missing(name))?;
    for start in rows.clone().step_by(block_rows(info)) {
        let block = start..rows.end.min(start + block_rows(info));
        take(
            &source.read_rows(name, block.start, block.len())?,
            info.dtype,
        )?;
    }
    Ok(())
}

fn little_endian<T: Copy, const N: usize>(values: &[T], bytes: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes(value)).collect()
}

/// A file that is hashed while it is written.
struct Hashed<'a> {
    name: String,
    file: Box<dyn Write + 'a>,
    hash: Sha256,
    bytes: u64,
}

impl<'a> Hashed<'a> {
    fn create(name: &str, sink: &'a mut dyn Sink) -> Result<Self, Error> {
        Ok(Self {
            file: sink.create(name).map_err(|e| unwritten(name, &e))?,
            name: name.to_owned(),
            hash: Sha256::new(),
            bytes: 0,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file
            .write_all(bytes)
            .map_err(|e| unwritten(&self.name, &e))
    }

    fn finish(mut self) -> Result<FileEntry, Error> {
        self.file.flush().map_err(|e| unwritten(&self.name, &e))?;
        Ok(FileEntry {
            sha256: self.hash.hex(),
            name: self.name,
            bytes: self.bytes,
        })
    }
}

fn unwritten(name: &str, error: &io::Error) -> Error {
    Error::Internal {
        reason: format!("{name} cannot be written: {error}"),
    }
}
