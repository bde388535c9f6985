//! Quantized matrices in files: the `quantization` block of `config.json`, as MLX writes it, and
//! rows of words, scales and biases.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{TensorSource, dtype, missing};
use crate::error::Error;
use crate::kernels::{QuantParams, Quantized};

/// A default, and overrides by layer name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantizationConfig {
    #[serde(flatten)]
    default: QuantParams,
    #[serde(flatten)]
    layers: BTreeMap<String, QuantParams>,
}

impl QuantizationConfig {
    #[must_use]
    pub fn new(default: QuantParams, layers: BTreeMap<String, QuantParams>) -> Self {
        Self { default, layers }
    }

    /// How layer `name` (without `.weight`) is quantized, if it is.
    #[must_use]
    pub fn of(&self, name: &str) -> QuantParams {
        self.layers.get(name).copied().unwrap_or(self.default)
    }

    /// # Errors
    /// [`Error::UnsupportedModel`] for bits or groups that are not known.
    pub fn check(&self) -> Result<(), Error> {
        self.default.check()?;
        self.layers.values().try_for_each(QuantParams::check)
    }

    /// How layer `name` of `source` is quantized, or `None` when it is dense.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] when it is quantized and there is no block that says how.
    pub fn params(
        block: Option<&Self>,
        source: &dyn TensorSource,
        name: &str,
    ) -> Result<Option<QuantParams>, Error> {
        let scales = format!("{name}.scales");
        match (source.info(&scales), block) {
            (None, _) => Ok(None),
            (Some(_), Some(block)) => Ok(Some(block.of(name))),
            (Some(_), None) => Err(Error::UnsupportedModel {
                reason: format!("{scales} is there, but config.json has no quantization block"),
            }),
        }
    }
}

/// Rows of the quantized matrix of layer `name` as they are stored.
///
/// # Errors
/// [`Error::Integrity`] when they cannot be read or a scale is not finite.
pub fn read_rows(
    source: &dyn TensorSource,
    name: &str,
    columns: usize,
    params: QuantParams,
    rows: &Range<usize>,
) -> Result<Quantized, Error> {
    let read = |suffix: &str| {
        let name = format!("{name}.{suffix}");
        let info = source.info(&name).ok_or_else(|| missing(&name))?;
        let bytes = source.read_rows(&name, rows.start, rows.len())?;
        Ok::<_, Error>((name, info.dtype, bytes))
    };
    let (name, dtype, bytes) = read("weight")?;
    let packed = dtype::to_u32(&name, dtype, &bytes)?;
    drop(bytes);
    let halves = |suffix: &str| {
        let (name, dtype, bytes) = read(suffix)?;
        dtype::to_finite_f16(&name, dtype, &bytes)
    };
    let (scales, biases) = (halves("scales")?, halves("biases")?);
    Quantized::new(rows.len(), columns, params, packed, scales, biases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_mlx_is_read() {
        let json = r#"{"group_size":32,"bits":4,"lm.embed":{"group_size":64,"bits":8}}"#;
        let config: QuantizationConfig = serde_json::from_str(json).unwrap();
        let params = |group_size, bits| QuantParams { group_size, bits };
        assert_eq!(config.of("lm.embed"), params(64, 8));
        assert_eq!(config.of("other"), params(32, 4));
    }
}
