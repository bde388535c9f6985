//! `manifest.json`: what is in a browser model folder, and where each tensor lies.
//!
//! Such a folder holds `manifest.json`, `config.json`, `tokenizer.json` and weight files of at
//! most 64 MiB, so that every file can be fetched, verified and resumed on its own. Tensors that
//! are larger than a file are split by rows. The manifest is untrusted until [`Manifest::check`]
//! has passed: then every slice lies inside its file, no two overlap, and the slices of a tensor
//! sum up to its shape.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Dtype, QuantizationConfig, TensorInfo, damaged};
use crate::error::Error;
use crate::first_bytes;

/// Name of the file itself.
pub const MANIFEST: &str = "manifest.json";
/// Most bytes of any other file of the folder, header included: 64 MiB.
pub const MAX_FILE: u64 = 64 << 20;
/// Most bytes of the manifest: 4 MiB.
pub const MAX_MANIFEST: usize = 4 << 20;

const FORMAT: &str = "askmask-model";
const VERSION: u32 = 1;
const MAX_FILES: usize = 4096;
const MAX_TENSORS: usize = 65_536;
const MAX_DIMENSIONS: usize = 8;
const MAX_NAME: usize = 255;

/// Everything a reader has to know before it opens a weight file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    format: String,
    version: u32,
    /// Family of the model.
    pub family: String,
    /// What people call the model.
    pub name: String,
    /// Where its weights come from, such as a hub id.
    pub source: String,
    /// Licence of the weights, as whoever made the folder gave it.
    pub licence: String,
    /// All files but the manifest.
    pub files: Vec<FileEntry>,
    /// All tensors.
    pub tensors: Vec<TensorEntry>,
    /// The same as in `config.json`; absent in dense models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization: Option<QuantizationConfig>,
}

/// One file of the folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct FileEntry {
    /// Plain file name: letters, digits, `.`, `-` and `_`.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// One tensor and the slices it is stored in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorEntry {
    /// Its name in the checkpoint.
    pub name: String,
    /// Type of its numbers.
    pub dtype: Dtype,
    /// Its dimensions; none for a single number.
    pub shape: Vec<usize>,
    /// Its rows in order; one slice unless it is split.
    #[serde(rename = "parts")]
    pub slices: Vec<TensorSlice>,
}

/// Consecutive rows of a tensor, in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TensorSlice {
    /// The file.
    pub file: String,
    /// First byte, counted from the start of the file.
    pub offset: u64,
    /// Count of bytes.
    pub bytes: u64,
    /// Count of rows, that is of steps along the first dimension; 1 for a single number.
    pub rows: usize,
}

/// Who made a model and on which terms it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// What people call the model.
    pub name: String,
    /// Where its weights come from, such as a hub id.
    pub source: String,
    /// Licence of the weights.
    pub licence: String,
}

impl Manifest {
    /// A manifest without files or tensors yet.
    #[must_use]
    pub fn new(family: &str, origin: Origin, quantization: Option<QuantizationConfig>) -> Self {
        Self {
            format: FORMAT.into(),
            version: VERSION,
            family: family.into(),
            name: origin.name,
            source: origin.source,
            licence: origin.licence,
            files: Vec::new(),
            tensors: Vec::new(),
            quantization,
        }
    }

    /// Reads and checks a manifest of one of `families`.
    ///
    /// # Errors
    /// [`Error::Integrity`] naming the file or tensor that is wrong and how;
    /// [`Error::UnsupportedModel`] for another format, version, family or quantization.
    pub fn parse(text: &str, families: &[&str]) -> Result<Self, Error> {
        if text.len() > MAX_MANIFEST {
            return Err(damaged(
                MANIFEST,
                format!("{} bytes, the limit is {MAX_MANIFEST}", text.len()),
            ));
        }
        let text = first_bytes::text(MANIFEST, text.as_bytes())?;
        let kind: Kind = serde_json::from_str(text).map_err(|e| unreadable(&e))?;
        kind.check(families)?;
        let manifest: Self = serde_json::from_str(text).map_err(|e| unreadable(&e))?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Whether it can be believed; [`Manifest::parse`] has asked this already.
    ///
    /// # Errors
    /// As [`Manifest::parse`].
    pub fn check(&self) -> Result<(), Error> {
        if let Some(quantization) = &self.quantization {
            quantization.check()?;
        }
        self.check_all().map_err(|reason| damaged(MANIFEST, reason))
    }

    /// Entry of file `name`.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&FileEntry> {
        self.files.iter().find(|file| file.name == name)
    }

    /// Bytes of all files together, the manifest's own not counted.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    fn check_all(&self) -> Result<(), String> {
        for text in [&self.name, &self.source, &self.licence] {
            if text.len() > MAX_NAME || text.chars().any(char::is_control) {
                return Err("name, source or licence is no short line of text".into());
            }
        }
        let lengths = self.check_files()?;
        self.check_tensors(&lengths)?;
        self.check_overlaps()?;
        self.check_layers()
    }

    /// Lengths of the files by name.
    fn check_files(&self) -> Result<BTreeMap<&str, u64>, String> {
        at_most(self.files.len(), MAX_FILES, "files")?;
        let mut lengths = BTreeMap::new();
        // Some systems take names that differ in case for the same.
        let mut seen = BTreeSet::from([MANIFEST.to_owned()]);
        for file in &self.files {
            file.check()
                .map_err(|reason| format!("file {:?}: {reason}", file.name))?;
            if !seen.insert(file.name.to_ascii_lowercase()) {
                return Err(format!("file {:?} comes twice", file.name));
            }
            lengths.insert(file.name.as_str(), file.bytes);
        }
        for needed in ["config.json", "tokenizer.json"] {
            if !lengths.contains_key(needed) {
                return Err(format!("{needed} is not among the files"));
            }
        }
        Ok(lengths)
    }

    fn check_tensors(&self, lengths: &BTreeMap<&str, u64>) -> Result<(), String> {
        at_most(self.tensors.len(), MAX_TENSORS, "tensors")?;
        let mut seen = BTreeSet::new();
        for tensor in &self.tensors {
            let named = |reason: String| format!("tensor {:?}: {reason}", tensor.name);
            if tensor.name.len() > MAX_NAME || tensor.name.chars().any(char::is_control) {
                return Err(named("its name is no short line of text".into()));
            }
            if !seen.insert(tensor.name.as_str()) {
                return Err(named("it comes twice".into()));
            }
            tensor.check(lengths).map_err(named)?;
        }
        Ok(())
    }

    fn check_overlaps(&self) -> Result<(), String> {
        let mut slices: Vec<(&TensorSlice, &str)> = self
            .tensors
            .iter()
            .flat_map(|tensor| {
                tensor
                    .slices
                    .iter()
                    .map(|slice| (slice, tensor.name.as_str()))
            })
            .collect();
        slices.sort_by_key(|(slice, _)| (slice.file.as_str(), slice.offset));
        for pair in slices.windows(2) {
            if let [(first, a), (second, b)] = pair
                && first.file == second.file
                && first.offset + first.bytes > second.offset
            {
                return Err(format!("tensors {a:?} and {b:?} overlap in {}", first.file));
            }
        }
        Ok(())
    }

    /// The three tensors of a quantized layer are split alike and lie in the same files.
    fn check_layers(&self) -> Result<(), String> {
        let tensors: BTreeMap<&str, &TensorEntry> = self
            .tensors
            .iter()
            .map(|tensor| (tensor.name.as_str(), tensor))
            .collect();
        for scales in &self.tensors {
            let Some(layer) = scales.name.strip_suffix(".scales") else {
                continue;
            };
            for suffix in ["weight", "biases"] {
                let name = format!("{layer}.{suffix}");
                // Whether it is there at all is the loader's question.
                let alike = tensors
                    .get(name.as_str())
                    .is_none_or(|tensor| tensor.cuts().eq(scales.cuts()));
                if !alike {
                    return Err(format!(
                        "tensors {name:?} and {:?} are split differently",
                        scales.name
                    ));
                }
            }
        }
        Ok(())
    }
}

/// The fields that decide whether the others can be understood at all.
#[derive(Deserialize)]
struct Kind {
    format: String,
    version: u32,
    family: String,
}

impl Kind {
    fn check(&self, families: &[&str]) -> Result<(), Error> {
        let known = families.contains(&self.family.as_str());
        if known && (self.format.as_str(), self.version) == (FORMAT, VERSION) {
            return Ok(());
        }
        let families: Vec<String> = families.iter().map(|name| format!("{name:?}")).collect();
        Err(Error::UnsupportedModel {
            reason: format!(
                "{MANIFEST} is of format {:?} version {}, family {:?}; {FORMAT:?} version \
                 {VERSION}, family {} is read",
                self.format,
                self.version,
                self.family,
                families.join(" or ")
            ),
        })
    }
}

impl FileEntry {
    fn check(&self) -> Result<(), String> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let plain = !self.name.is_empty()
            && self.name.len() <= MAX_NAME
            && !self.name.starts_with('.')
            && self.name.chars().all(allowed);
        if !plain {
            return Err("it has no plain file name".into());
        }
        if self.bytes > MAX_FILE {
            return Err(format!("{} bytes, the limit is {MAX_FILE}", self.bytes));
        }
        let hexadecimal = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
        if self.sha256.len() != 64 || !self.sha256.bytes().all(hexadecimal) {
            return Err("its sha256 is not 64 lower-case hexadecimal digits".into());
        }
        Ok(())
    }
}

impl TensorEntry {
    /// Its type and shape.
    #[must_use]
    pub fn info(&self) -> TensorInfo {
        TensorInfo {
            dtype: self.dtype,
            shape: self.shape.clone(),
        }
    }

    /// File and rows of each slice.
    fn cuts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.slices
            .iter()
            .map(|slice| (slice.file.as_str(), slice.rows))
    }

    fn check(&self, lengths: &BTreeMap<&str, u64>) -> Result<(), String> {
        at_most(self.shape.len(), MAX_DIMENSIONS, "dimensions")?;
        let rows = self.shape.first().copied().unwrap_or(1);
        let bytes = self.info().bytes().ok_or("it is beyond any memory")? as u64;
        let row_bytes = bytes.checked_div(rows as u64).unwrap_or_default();
        let mut found = 0_usize;
        for slice in &self.slices {
            let length = lengths
                .get(slice.file.as_str())
                .ok_or_else(|| format!("{:?} is not among the files", slice.file))?;
            let end = slice.offset.checked_add(slice.bytes);
            if end.is_none_or(|end| end > *length) {
                return Err(format!("it passes the end of {}", slice.file));
            }
            if slice.rows == 0 || (slice.rows as u64).checked_mul(row_bytes) != Some(slice.bytes) {
                return Err(format!(
                    "{} bytes are not {} rows of {row_bytes}",
                    slice.bytes, slice.rows
                ));
            }
            found = found.saturating_add(slice.rows);
        }
        if found != rows || rows == 0 {
            return Err(format!("its parts have {found} of {rows} rows"));
        }
        Ok(())
    }
}

fn at_most(count: usize, limit: usize, what: &str) -> Result<(), String> {
    if count <= limit {
        return Ok(());
    }
    Err(format!("{count} {what}, the limit is {limit}"))
}

fn unreadable(error: &serde_json::Error) -> Error {
    damaged(MANIFEST, format!("unreadable: {error}"))
}

#[cfg(test)]
mod tests;
