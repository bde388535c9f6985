//! Converts a checkpoint block by block, wherever the blocks come from and whatever is done with
//! what they become.
//!
//! Every file's layout follows from the plan, so all but the hashes is known before a weight is
//! read. Whoever drives a conversion reads what [`Conversion::next`] names, hands it to
//! [`Conversion::take`], and appends what comes back to the file. An interrupted one goes on behind
//! the last block that was finished, see [`Progress`].

use std::rc::Rc;

use half::f16;
use serde_json::Value;

use super::group::quantize;
use super::layout::{self, RowBlock};
use super::options::Store;
use super::piece::{End, Need, Piece, Progress};
use super::plan::Plan;
use super::weight_file::{Block, Layers, WeightFile, source_of};
use super::{block_rows, named};
use crate::error::Error;
use crate::weights::digest::Sha256;
use crate::weights::manifest::{FileEntry, Manifest, Origin};
use crate::weights::{damaged, dtype};

/// Files of a model folder before those with weights.
const OTHERS: usize = 2;
/// In place of a hash that is not known yet.
const UNKNOWN: [u8; 64] = [b'0'; 64];

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

/// A conversion under way.
pub struct Conversion {
    /// Without the hashes of files that are not finished.
    manifest: Manifest,
    plan: String,
    others: [Vec<u8>; OTHERS],
    files: Vec<WeightFile>,
    at: Place,
    /// Of the file at work.
    hash: Sha256,
    /// Of the block at work; they come after all its words.
    scales: Vec<u8>,
    biases: Vec<u8>,
    layers: usize,
}

/// What is needed next: a row of an output of a block of a file.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    file: usize,
    block: usize,
    output: usize,
    /// Counted from the block's first.
    row: usize,
}

impl Plan {
    /// A conversion by this plan, from the start.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] when a row is larger than a file or `config.json` is no object,
    /// [`Error::Integrity`] when there is more than a manifest holds.
    pub fn conversion(&self, extras: Extras) -> Result<Conversion, Error> {
        let config = pretty(&self.config(extras.config)?).into_bytes();
        let mut manifest = Manifest::new(extras.family, extras.origin, self.quantization.clone());
        manifest.files = vec![
            entry("config.json", &config),
            entry("tokenizer.json", extras.tokenizer),
        ];
        let mut files = Vec::new();
        let mut layers = Layers::default();
        for (number, blocks) in layout::files(&self.steps)?.into_iter().enumerate() {
            let name = format!("weights-{:05}.safetensors", number + 1);
            let file = WeightFile::new(&name, blocks, &mut manifest.tensors, &mut layers);
            manifest.files.push(FileEntry {
                name,
                bytes: file.bytes(),
                sha256: String::from_utf8_lossy(&UNKNOWN).into_owned(),
            });
            files.push(file);
        }
        manifest.check()?;
        Ok(Conversion {
            plan: plan_hash(&manifest),
            manifest,
            others: [config, extras.tokenizer.to_vec()],
            files,
            at: Place::default(),
            hash: Sha256::new(),
            scales: Vec::new(),
            biases: Vec::new(),
            layers: layers.count,
        })
    }
}

impl Conversion {
    /// The manifest; hashes of files that are not finished are zeros.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Text of the manifest as it is known now.
    #[must_use]
    pub fn manifest_json(&self) -> String {
        manifest_json(&self.manifest)
    }

    /// Names and bytes of the files without weights.
    pub fn others(&self) -> impl Iterator<Item = (&FileEntry, &[u8])> {
        let others = self.others.iter().map(Vec::as_slice);
        self.manifest.files.iter().zip(others)
    }

    /// The file that is written now; `None` when all are.
    #[must_use]
    pub fn file(&self) -> Option<&FileEntry> {
        self.manifest.files.get(OTHERS + self.at.file)
    }

    /// What has to be read next; `None` when everything was.
    #[must_use]
    pub fn next(&self) -> Option<Need> {
        let Block { rows, .. } = self.block()?;
        let (tensor, info) = source_of(&rows.step, self.at.output);
        let start = rows.rows.start + self.at.row;
        let end = rows.rows.end.min(start + block_rows(info));
        Some(Need {
            tensor: tensor.to_owned(),
            rows: start..end,
        })
    }

    /// Takes the bytes of what [`Conversion::next`] named.
    ///
    /// # Errors
    /// [`Error::Integrity`] naming the tensor when there are other bytes than rows, or values that
    /// are not finite or beyond a 16-bit float.
    pub fn take(&mut self, bytes: &[u8]) -> Result<Piece, Error> {
        let (Some(need), Some(block)) = (self.next(), self.block()) else {
            return Err(Error::Internal {
                reason: "bytes came after the last of a conversion".into(),
            });
        };
        let step = Rc::clone(&block.rows.step);
        let (tensor, info) = source_of(&step, self.at.output);
        let expected = info.row_range(need.rows.start, need.rows.len());
        if expected.map(|range| range.len()) != Some(bytes.len()) {
            let reason = format!("{} bytes came of {:?}", bytes.len(), need.rows);
            return Err(damaged(tensor, reason));
        }
        let mut out = Vec::new();
        if (self.at.block, self.at.output, self.at.row) == (0, 0, 0) {
            out.extend_from_slice(&self.files[self.at.file].header);
        }
        match step.store {
            Store::Copied => out.extend_from_slice(bytes),
            Store::Half => {
                let values = dtype::to_f16(tensor, info.dtype, bytes)?;
                out.extend(little_endian(&values, f16::to_le_bytes));
            }
            Store::Quantized(params) => {
                let values = dtype::to_f32(tensor, info.dtype, bytes)?;
                let columns = info.shape.last().copied().unwrap_or_default();
                let table = quantize(&values, columns, params).map_err(|e| named(tensor, e))?;
                out.extend(little_endian(table.packed(), u32::to_le_bytes));
                self.scales
                    .extend(little_endian(table.scales(), f16::to_le_bytes));
                self.biases
                    .extend(little_endian(table.biases(), f16::to_le_bytes));
            }
        }
        self.at.row += need.rows.len();
        let end = self.advance(&mut out);
        self.hash.update(&out);
        if end == Some(End::File) {
            self.end_file();
        }
        Ok(Piece { bytes: out, end })
    }

    /// Goes to the next output, block or file where the current one is through.
    fn advance(&mut self, out: &mut Vec<u8>) -> Option<End> {
        let file = &self.files[self.at.file];
        let RowBlock { step, rows } = &file.blocks[self.at.block].rows;
        if self.at.row < rows.len() {
            return None;
        }
        self.at.row = 0;
        out.append(&mut self.scales);
        out.append(&mut self.biases);
        self.at.output += 1;
        if step.store == Store::Copied && self.at.output < step.outputs.len() {
            return None;
        }
        self.at.output = 0;
        self.at.block += 1;
        let ended = self.at.block == file.blocks.len();
        Some(if ended { End::File } else { End::Block })
    }

    fn end_file(&mut self) {
        let hash = std::mem::take(&mut self.hash);
        self.manifest.files[OTHERS + self.at.file].sha256 = hash.hex();
        self.at = Place {
            file: self.at.file + 1,
            ..Place::default()
        };
    }

    fn block(&self) -> Option<&Block> {
        self.files.get(self.at.file)?.blocks.get(self.at.block)
    }

    /// Bytes of the source that were taken, and of all.
    #[must_use]
    pub fn source_bytes(&self) -> (u64, u64) {
        let blocks = |file: &WeightFile| file.blocks.iter().map(Block::source_bytes).sum::<u64>();
        let total = self.files.iter().map(blocks).sum();
        let whole: u64 = self.files.iter().take(self.at.file).map(blocks).sum();
        let file = self.files.get(self.at.file);
        let before = file.map_or(0, |file| {
            let blocks = file.blocks.iter().take(self.at.block);
            blocks.map(Block::source_bytes).sum()
        });
        let within = self.block().map_or(0, |Block { rows, .. }| {
            let outputs = (0..=self.at.output).map(|output| {
                let (_, info) = source_of(&rows.step, output);
                let whole = output < self.at.output;
                let rows = if whole { rows.rows.len() } else { self.at.row };
                (rows * info.row_bytes().unwrap_or_default()) as u64
            });
            outputs.sum()
        });
        (whole + before + within, total)
    }

    /// Layers that are through, and all of them.
    #[must_use]
    pub fn layers(&self) -> (usize, usize) {
        let done = self.block().map_or(self.layers, |block| block.layer);
        (done, self.layers)
    }

    /// How far it is, at the end of a block.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let finished = self.manifest.files.iter().skip(OTHERS).take(self.at.file);
        Progress {
            plan: self.plan.clone(),
            finished: finished.map(|file| file.sha256.clone()).collect(),
            bytes: self
                .files
                .get(self.at.file)
                .map_or(0, |file| file.end_of(self.at.block)),
            sha256: self.hash.hex(),
        }
    }

    /// Goes, or goes back, to where a conversion by the same plan was; `false`, and nothing happens, if
    /// it was another one. The bytes of the file that it did not finish are then hashed again,
    /// [`Conversion::rehash`], and [`Conversion::confirm`] has the last word.
    pub fn resume(&mut self, progress: &Progress) -> bool {
        let file = self.files.get(progress.finished.len());
        let block = match (progress.bytes, file) {
            (0, _) => Some(0),
            (_, Some(file)) => file.block_after(progress.bytes),
            (_, None) => None,
        };
        let Some(block) = block.filter(|_| progress.plan == self.plan) else {
            return false;
        };
        let weights = self.manifest.files.iter_mut().skip(OTHERS);
        for (file, sha256) in weights.zip(&progress.finished) {
            file.sha256.clone_from(sha256);
        }
        self.at = Place {
            file: progress.finished.len(),
            block,
            ..Place::default()
        };
        self.hash = Sha256::new();
        self.scales.clear();
        self.biases.clear();
        true
    }

    /// Takes the bytes, chunk by chunk, of the file at work that an earlier conversion wrote up to
    /// the end of its last block.
    pub fn rehash(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    /// Whether these are the bytes that were written; where they are not, as after a power cut, the
    /// file begins anew.
    pub fn confirm(&mut self, progress: &Progress) -> bool {
        let good = progress.bytes == 0 || self.hash.hex() == progress.sha256;
        if !good {
            self.hash = Sha256::new();
            self.at = Place {
                file: self.at.file,
                ..Place::default()
            };
        }
        good
    }

    /// Text of the manifest, once all files are finished.
    ///
    /// # Errors
    /// [`Error::Internal`] before, [`Error::Integrity`] when hashes were no hashes.
    pub fn finish(&self) -> Result<String, Error> {
        if self.file().is_some() {
            return Err(Error::Internal {
                reason: "a conversion was ended before its last block".into(),
            });
        }
        self.manifest.check()?;
        Ok(self.manifest_json())
    }
}

fn entry(name: &str, bytes: &[u8]) -> FileEntry {
    let mut hash = Sha256::new();
    hash.update(bytes);
    FileEntry {
        name: name.to_owned(),
        bytes: bytes.len() as u64,
        sha256: hash.hex(),
    }
}

/// SHA-256 of all that weight files follow from, beside the weights themselves.
fn plan_hash(manifest: &Manifest) -> String {
    let Manifest {
        files,
        tensors,
        quantization,
        ..
    } = manifest;
    let mut hash = Sha256::new();
    let plan = serde_json::json!([&files[OTHERS..], tensors, quantization]);
    hash.update(plan.to_string().as_bytes());
    hash.hex()
}

fn manifest_json(manifest: &Manifest) -> String {
    pretty(&serde_json::json!(manifest))
}

fn pretty(json: &Value) -> String {
    format!("{json:#}\n")
}

fn little_endian<T: Copy, const N: usize>(values: &[T], bytes: fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| bytes(value)).collect()
}
