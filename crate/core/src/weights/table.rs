//! The one table of a model's tensors: what the loader checks, the converter reads, parts are
//! loaded by and memory is counted from. A family makes it from its configuration.

use std::collections::{BTreeMap, BTreeSet};

use super::{Dtype, QuantizationConfig, TensorInfo, TensorSource};
use crate::error::Error;

/// One tensor that a model needs, as a dense checkpoint holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorSpec {
    /// Its name in the checkpoint.
    pub name: String,
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// The loadable part of the model that it belongs to.
    pub part: &'static str,
    /// Whether it may be stored quantized: as `{layer}.weight`, `.scales` and `.biases`.
    pub matrix: bool,
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

/// Tensors that checkpoints hold beside those that a model needs.
#[derive(Debug, Clone, Default)]
pub struct OtherTensors {
    /// Prefixes of tensors that the model works without and that may be kept.
    pub droppable: Vec<String>,
    /// Last levels of names that are never read, each with the reason.
    pub leftovers: Vec<(&'static str, &'static str)>,
    /// Tensors that are saved a second time.
    pub copies: Vec<TensorCopy>,
}

/// A tensor that is another one, saved once more.
#[derive(Debug, Clone)]
pub struct TensorCopy {
    /// Its name.
    pub name: String,
    /// The tensor that it has to be equal to.
    pub original: String,
    /// The setting that says so.
    pub setting: &'static str,
}

/// Every tensor of one model, in the order of loading.
#[derive(Debug, Clone, Default)]
pub struct TensorTable {
    specs: Vec<TensorSpec>,
    by_name: BTreeMap<String, usize>,
    others: OtherTensors,
}

impl TensorTable {
    /// The table of a model that needs the tensors of `specs`.
    #[must_use]
    pub fn new(specs: Vec<TensorSpec>, others: OtherTensors) -> Self {
        let names = specs.iter().map(|spec| spec.name.clone());
        Self {
            by_name: names.zip(0..).collect(),
            specs,
            others,
        }
    }

    /// The tensor called `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&TensorSpec> {
        self.by_name.get(name).map(|&index| &self.specs[index])
    }

    /// Bits of the matrices that may be quantized, in the order of loading.
    pub fn bits(&self) -> impl Iterator<Item = Bits> {
        self.specs.iter().filter_map(|spec| spec.bits)
    }

    /// Whether the model works without tensor `name`.
    #[must_use]
    pub fn is_droppable(&self, name: &str) -> bool {
        let mut prefixes = self.others.droppable.iter();
        prefixes.any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Why tensor `name` is never read, if it is one of those.
    #[must_use]
    pub fn leftover(&self, name: &str) -> Option<&'static str> {
        let ends = |end: &str| {
            let before = name.strip_suffix(end);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        let mut leftovers = self.others.leftovers.iter();
        let copy = || self.copies().iter().find(|copy| copy.name == name);
        let leftover = leftovers.find(|(end, _)| ends(end)).map(|found| found.1);
        leftover.or_else(|| copy().map(|copy| copy.setting))
    }

    /// Tensors that may be saved a second time.
    #[must_use]
    pub fn copies(&self) -> &[TensorCopy] {
        &self.others.copies
    }

    /// Whether a checkpoint may hold tensor `name`.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        self.part(name).is_some() || self.is_droppable(name) || self.leftover(name).is_some()
    }

    /// The part that stored tensor `name` belongs to; scales and biases of a quantized matrix
    /// belong to the matrix's.
    #[must_use]
    pub fn part(&self, name: &str) -> Option<&'static str> {
        let matrix = || {
            let layer = layer_of(name)?;
            self.get(&format!("{layer}.weight"))
        };
        self.get(name).or_else(matrix).map(|spec| spec.part)
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
    /// [`Error::UnsupportedModel`] when there are quantized matrices and no `quantization`, or
    /// numbers of a type that is not computed.
    pub fn check(
        &self,
        source: &dyn TensorSource,
        quantization: Option<&QuantizationConfig>,
    ) -> Result<(), Error> {
        let (mut missing, mut misshapen) = (Vec::new(), Vec::new());
        let mut mistyped = Vec::new();
        let mut used = BTreeSet::new();
        for spec in &self.specs {
            for (name, shape, kind) in spec.stored(source, quantization)? {
                match source.info(&name) {
                    None => missing.push(name.clone()),
                    Some(info) if info.shape != shape => {
                        misshapen.push(format!("{name} {:?} instead of {shape:?}", info.shape));
                    }
                    Some(info) if !kind.holds(info.dtype) => {
                        mistyped.push((name.clone(), info.dtype));
                    }
                    Some(_) => {}
                }
                used.insert(name);
            }
        }
        if let Some((name, dtype)) = mistyped.first() {
            return Err(Error::UnsupportedModel {
                reason: format!(
                    "{} of the tensors, such as {name}, are of the type {} or others than F16, \
                     BF16, F32 and F64, which are computed: save the model in one of these",
                    mistyped.len(),
                    dtype.name()
                ),
            });
        }
        let unused: BTreeSet<String> = source
            .names()
            .into_iter()
            .filter(|name| !used.contains(*name) && !self.is_droppable(name))
            .map(str::to_owned)
            .collect();
        let unused: Vec<String> = unused.into_iter().collect();
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

impl TensorSpec {
    /// Names, shapes and numbers as which `source` has to store it: its own, or those of packed
    /// words, scales and biases where there are scales.
    fn stored(
        &self,
        source: &dyn TensorSource,
        quantization: Option<&QuantizationConfig>,
    ) -> Result<Vec<(String, Vec<usize>, Numbers)>, Error> {
        let dense = || vec![(self.name.clone(), self.shape.clone(), Numbers::Floats)];
        let layer = self.name.strip_suffix(".weight");
        let (Some(layer), &[rows, columns], true) = (layer, self.shape.as_slice(), self.matrix)
        else {
            return Ok(dense());
        };
        let Some(params) = QuantizationConfig::params(quantization, source, layer)? else {
            return Ok(dense());
        };
        let words = columns * params.bits as usize / 32;
        let groups = columns / params.group_size;
        Ok(vec![
            (self.name.clone(), vec![rows, words], Numbers::Words),
            (
                format!("{layer}.scales"),
                vec![rows, groups],
                Numbers::Floats,
            ),
            (
                format!("{layer}.biases"),
                vec![rows, groups],
                Numbers::Floats,
            ),
        ])
    }
}

/// What a stored tensor consists of.
#[derive(Clone, Copy)]
enum Numbers {
    Floats,
    /// Of packed quants.
    Words,
}

impl Numbers {
    fn holds(self, dtype: Dtype) -> bool {
        match self {
            Self::Floats => dtype.is_float(),
            Self::Words => dtype == Dtype::U32,
        }
    }
}

/// The layer whose scales or biases tensor `name` may be.
fn layer_of(name: &str) -> Option<&str> {
    name.strip_suffix(".scales")
        .or_else(|| name.strip_suffix(".biases"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::{InMemory, safetensors};

    /// A matrix, and an embedding that is always read whole.
    fn table() -> TensorTable {
        let spec = |name: &str, matrix| TensorSpec {
            name: name.into(),
            shape: vec![1, 256],
            part: "network",
            matrix,
            bits: None,
        };
        let specs = vec![spec("linear.weight", true), spec("embed.weight", false)];
        let droppable = vec!["memory.".into()];
        TensorTable::new(
            specs,
            OtherTensors {
                droppable,
                ..OtherTensors::default()
            },
        )
    }

    fn check(tensors: &[(&str, Dtype, usize)]) -> Result<(), Error> {
        let infos: Vec<_> = tensors
            .iter()
            .map(|&(name, dtype, width)| {
                let shape = vec![1, width];
                (name.to_owned(), TensorInfo { dtype, shape })
            })
            .collect();
        let mut bytes = safetensors::header(infos.iter().map(|(n, info)| (n.as_str(), info)));
        let length: usize = infos.iter().filter_map(|(_, info)| info.bytes()).sum();
        bytes.resize(bytes.len() + length, 0);
        let source = InMemory::new([("m".into(), bytes)]).unwrap();
        let block = serde_json::from_str(r#"{"group_size":32,"bits":4}"#).unwrap();
        table().check(&source, Some(&block))
    }

    const PACKED: [(&str, Dtype, usize); 3] = [
        ("linear.weight", Dtype::U32, 32),
        ("linear.scales", Dtype::F16, 8),
        ("linear.biases", Dtype::F16, 8),
    ];

    #[test]
    fn matrices_may_be_quantized() {
        let dense = ("embed.weight", Dtype::F32, 256);
        assert_eq!(check(&[&PACKED[..], &[dense]].concat()), Ok(()));
        let memory = ("memory.frames", Dtype::F32, 9);
        assert_eq!(check(&[&PACKED[..], &[dense, memory]].concat()), Ok(()));
        let error = check(&[("linear.weight", Dtype::F32, 9), ("other", Dtype::F32, 1)]);
        assert_eq!(
            error.unwrap_err().to_string(),
            "the weights do not match the configuration: 1 missing: embed.weight; \
             1 unused: other; 1 misshapen: linear.weight [1, 9] instead of [1, 256]"
        );
    }

    /// What is only ever read whole must not come packed: its values would be too few.
    #[test]
    fn fault_12_other_tensors_may_not_be_quantized() {
        let packed = [
            ("embed.weight", Dtype::F32, 32),
            ("embed.scales", Dtype::F16, 8),
            ("embed.biases", Dtype::F16, 8),
        ];
        let Err(Error::WeightsMismatch {
            misshapen, unused, ..
        }) = check(&[PACKED, packed].concat())
        else {
            panic!("accepted");
        };
        assert_eq!(misshapen, ["embed.weight [1, 32] instead of [1, 256]"]);
        assert_eq!(unused, ["embed.biases", "embed.scales"]);
    }
}
