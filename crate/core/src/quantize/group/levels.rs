//! The evenly spaced levels of one group, and MLX's rule for them.

use half::f16;

use crate::error::Error;

/// The levels of one group, `quant * scale + bias` for quants from 0 to the top.
#[derive(Clone, Copy)]
pub(super) struct Affine {
    pub(super) scale: f32,
    pub(super) bias: f32,
}

impl Affine {
    /// The quant of the level nearest to `value`. Rounded by a sum that has no place for a
    /// fraction, ties to even as everywhere: faster than the call that some machines need.
    pub(super) fn quant(self, value: f32, top: f32) -> f32 {
        const NO_FRACTION: f32 = (1 << 23) as f32;
        ((value - self.bias) / self.scale).clamp(0.0, top) + NO_FRACTION - NO_FRACTION
    }

    pub(super) fn level(self, quant: f32) -> f32 {
        quant * self.scale + self.bias
    }

    /// As 16-bit floats, or `None` beyond their range.
    pub(super) fn rounded(self) -> Option<Self> {
        let [scale, bias] = [self.scale, self.bias].map(|value| f16::from_f32(value).to_f32());
        (scale.is_finite() && bias.is_finite()).then_some(Self { scale, bias })
    }
}

/// Levels by which quants are chosen, and the same as they are stored.
#[derive(Clone, Copy)]
pub(super) struct Levels {
    pub(super) nominal: Affine,
    pub(super) stored: Affine,
}

impl Levels {
    /// MLX's rule. The bias is the end of the range that is larger in magnitude, and the scale is
    /// fitted so that zero is met exactly, up to f16; the other end may be off by a step.
    pub(super) fn plain(group: &[f32], top: f32) -> Result<Self, Error> {
        const SMALLEST: f32 = 1e-7;
        let (min, max) = range(group);
        let step = ((max - min) / top).max(SMALLEST);
        let (step, edge) = if min.abs() > max.abs() {
            (step, min)
        } else {
            (-step, max)
        };
        let zero = (edge / step).round_ties_even();
        let (scale, bias) = if zero == 0.0 {
            (step, 0.0)
        } else {
            (edge / zero, edge)
        };
        let nominal = Affine { scale, bias };
        let stored = nominal.rounded().ok_or_else(|| Error::Integrity {
            file: "a weight matrix".into(),
            reason: format!("values from {min} to {max} pass the range of 16-bit floats"),
        })?;
        Ok(Self { nominal, stored })
    }
}

/// The largest quant.
pub(super) fn top(bits: u32) -> f32 {
    ((1_u32 << bits) - 1) as f32
}

/// The smallest and the largest value.
pub(super) fn range(group: &[f32]) -> (f32, f32) {
    let min = group.iter().copied().fold(f32::INFINITY, f32::min);
    let max = group.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    (min, max)
}
