//! What may be chosen about a conversion, and how a tensor is stored in consequence.

use std::collections::BTreeMap;

use crate::error::Error;
use crate::kernels::QuantParams;
use crate::weights::{Bits, TensorInfo};

/// Bits of a value that stays a 16-bit float.
const HALF: u32 = 16;
/// The smallest group, which more shapes divide into than larger ones.
const SMALLEST_GROUP: usize = 32;

/// Bits, groups, and whether tensors are kept that the model works without.
///
/// Only matrices that the model's table gives bits, and whose rows divide into groups, are
/// quantized; everything else becomes f16.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// 4, 8, or 16 for floats, by [`Bits::setting`]; where there is none, the default of the table.
    pub bits: BTreeMap<&'static str, u32>,
    /// Weights that share a scale: 32, 64 or 128.
    pub group_size: usize,
    /// Keeps what can be dropped, such as the memory that only video uses.
    pub keep_droppable: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bits: BTreeMap::new(),
            group_size: SMALLEST_GROUP,
            keep_droppable: false,
        }
    }
}

/// How one tensor is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    /// Bit by bit as it is.
    Copied,
    /// As 16-bit floats.
    Half,
    /// As packed quants, scales and biases.
    Quantized(QuantParams),
}

impl Options {
    /// # Errors
    /// [`Error::UnsupportedModel`] for bits or groups that are not known.
    pub(super) fn check(&self) -> Result<(), Error> {
        let group_size = self.group_size;
        let bits = self.bits.values().copied().filter(|&bits| bits != HALF);
        bits.chain([8])
            .try_for_each(|bits| QuantParams { group_size, bits }.check())
    }

    /// How a tensor is stored to which the table gives these `bits`.
    pub(super) fn store(&self, info: &TensorInfo, bits: Option<Bits>) -> Store {
        if !info.dtype.is_float() {
            return Store::Copied;
        }
        let (Some(Bits { setting, default }), &[_, columns]) = (bits, info.shape.as_slice()) else {
            return Store::Half;
        };
        let bits = self.bits.get(setting).copied().unwrap_or(default);
        [self.group_size, SMALLEST_GROUP]
            .map(|group_size| QuantParams { group_size, bits })
            .into_iter()
            .find(|params| bits != HALF && params.fits(columns))
            .map_or(Store::Half, Store::Quantized)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::Dtype;

    const HEAD: Option<Bits> = Some(Bits::new("head", 4));

    fn info(shape: &[usize]) -> TensorInfo {
        TensorInfo {
            dtype: Dtype::F32,
            shape: shape.to_vec(),
        }
    }

    fn quantized(group_size: usize, bits: u32) -> Store {
        Store::Quantized(QuantParams { group_size, bits })
    }

    #[test]
    fn the_table_and_the_shape_decide() {
        let options = Options::default();
        assert_eq!(options.store(&info(&[100, 64]), HEAD), quantized(32, 4));
        assert_eq!(options.store(&info(&[100, 64]), None), Store::Half);
        assert_eq!(options.store(&info(&[64]), HEAD), Store::Half);
        // No multiple of 32, as in SAM 2's first stage.
        assert_eq!(options.store(&info(&[432, 144]), HEAD), Store::Half);
        let counter = TensorInfo {
            dtype: Dtype::I64,
            shape: vec![],
        };
        assert_eq!(options.store(&counter, None), Store::Copied);
    }

    #[test]
    fn wide_groups_fall_back_to_narrow_ones() {
        let mut options = Options {
            group_size: 128,
            ..Options::default()
        };
        assert_eq!(options.store(&info(&[4, 256]), HEAD), quantized(128, 4));
        assert_eq!(options.store(&info(&[4, 96]), HEAD), quantized(32, 4));
        options.bits.insert("head", HALF);
        assert_eq!(options.store(&info(&[4, 96]), HEAD), Store::Half);
    }

    #[test]
    fn unknown_bits_are_refused() {
        let check = |group_size, bits| {
            let bits = BTreeMap::from([("head", bits)]);
            let options = Options {
                bits,
                group_size,
                ..Options::default()
            };
            options.check()
        };
        assert!(Options::default().check().is_ok());
        assert!(check(64, 16).is_ok());
        assert!(check(32, 3).is_err());
        assert!(check(48, 4).is_err());
    }
}
