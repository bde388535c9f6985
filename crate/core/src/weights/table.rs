//! The one table of a model's tensors: what the loader checks, the converter reads, parts are
//! loaded by and memory is counted from. A family makes it from its configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::{QuantizationConfig, TensorInfo, TensorSource};
use crate::error::Error;

/// One tensor that a model needs, as a dense checkpoint holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// The loadable part of the model that it belongs to.
    pub part: &'static str,
    /// How many bits it gets when the model is quantized; `None` for what always stays a float.
    pub bits: Option<Bits>,
}

/// Bits of a matrix that may be quantized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits {
    /// The setting that overrides the default: a name for matrices that are set together.
    pub setting: &'static str,
    /// 4, 8, or 16 for floats.
    pub default: u32,
}

impl Bits {
    #[must_use]
    pub const fn new(setting: &'static str, default: u32) -> Self {
        Self { setting, default }
    }
}

/// Every tensor of one model, in the order of loading.
#[derive(Debug, Clone, Default)]
pub struct TensorTable {
    rows: Vec<Row>,
    by_name: BTreeMap<String, usize>,
    droppable: Vec<String>,
}

impl TensorTable {
    /// `droppable` are prefixes of tensors that checkpoints hold and the model works without.
    #[must_use]
    pub fn new(rows: Vec<Row>, droppable: Vec<String>) -> Self {
        let names = rows.iter().map(|row| row.name.clone());
        Self {
            by_name: names.zip(0..).collect(),
            rows,
            droppable,
        }
    }

    /// All rows in order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of tensor `name`.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.by_name.get(name).map(|&index| &self.rows[index])
    }

    /// Whether the model works without tensor `name`.
    #[must_use]
    pub fn is_droppable(&self, name: &str) -> bool {
        self.droppable
            .iter()
            .any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// The part that stored tensor `name` belongs to; scales and biases of a quantized matrix
    /// belong to the matrix's.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&'static str> {
        let matrix = || {
            let layer = layer_of(name)?;
            self.row(&format!("{layer}.weight"))
        };
        self.row(name).or_else(matrix).map(|row| row.part)
    }

    /// Bytes that `source` stores of `part`.
    #[must_use]
    pub fn bytes(&self, source: &dyn TensorSource, part: &str) -> u64 {
        let of_part = |name: &&str| self.part(name) == Some(part);
        let bytes = |name: &str| source.info(name).and_then(TensorInfo::bytes);
        let names = source.names().into_iter().filter(of_part);
        names.filter_map(bytes).map(|bytes| bytes as u64).sum()
    }

    /// Whether `source` holds exactly these tensors, dense or quantized. Reads none of them.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] naming every missing, misshapen or unused tensor;
    /// [`Error::UnsupportedModel`] when there are quantized matrices and no `quantization`.
    pub fn check(
        &self,
        source: &dyn TensorSource,
        quantization: Option<&QuantizationConfig>,
    ) -> Result<(), Error> {
        let (mut missing, mut misshapen) = (Vec::new(), Vec::new());
        let mut used = BTreeSet::new();
        for row in &self.rows {
            for (name, shape) in row.stored(source, quantization)? {
                match source.info(&name) {
                    None => missing.push(name.clone()),
                    Some(info) if info.shape != shape => {
                        misshapen.push(format!("{name} {:?} instead of {shape:?}", info.shape));
                    }
                    Some(_) => {}
                }
                used.insert(name);
            }
        }
        let unused: Vec<String> = source
            .names()
            .into_iter()
            .filter(|name| !used.contains(*name) && !self.is_droppable(name))
            .map(str::to_owned)
            .collect();
        if missing.is_empty() && misshapen.is_empty() && unused.is_empty() {
            return Ok(());
        }
        Err(Error::WeightsMismatch {
            missing,
            unused,
            misshapen,
        })
    }
}

impl Row {
    /// Names and shapes under which `source` has to store it: its own, or those of packed words,
    /// scales and biases where there are scales.
    fn stored(
        &self,
        source: &dyn TensorSource,
        quantization: Option<&QuantizationConfig>,
    ) -> Result<Vec<(String, Vec<usize>)>, Error> {
        let dense = || vec![(self.name.clone(), self.shape.clone())];
        let (Some(layer), &[rows, columns]) =
            (self.name.strip_suffix(".weight"), self.shape.as_slice())
        else {
            return Ok(dense());
        };
        let Some(params) = QuantizationConfig::params(quantization, source, layer)? else {
            return Ok(dense());
        };
        let words = columns * params.bits as usize / 32;
        let groups = columns / params.group_size;
        Ok(vec![
            (self.name.clone(), vec![rows, words]),
            (format!("{layer}.scales"), vec![rows, groups]),
            (format!("{layer}.biases"), vec![rows, groups]),
        ])
    }
}

/// The layer whose scales or biases tensor `name` may be.
fn layer_of(name: &str) -> Option<&str> {
    name.strip_suffix(".scales")
        .or_else(|| name.strip_suffix(".biases"))
}
