//! Affine group quantization in the layout that MLX writes: `w ≈ q·scale + bias`.
//!
//! A matrix `[rows, columns]` is cut into groups of consecutive columns. Its quants are packed
//! into 32-bit words along the row, the first in the lowest bits; each group has one scale and
//! one bias. Source: `mlx.core.quantize`, mode "affine".

use std::collections::BTreeMap;

use half::f16;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// How one matrix is quantized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantParams {
    /// Columns that share a scale: 32, 64 or 128.
    pub group_size: usize,
    /// Bits of a quant: 4 or 8.
    pub bits: u32,
}

impl QuantParams {
    /// # Errors
    /// [`Error::UnsupportedModel`] for other bits or groups than are known.
    pub fn check(&self) -> Result<(), Error> {
        if [4, 8].contains(&self.bits) && [32, 64, 128].contains(&self.group_size) {
            return Ok(());
        }
        Err(Error::UnsupportedModel {
            reason: format!(
                "quantization to {} bits in groups of {}; 4 or 8 bits in groups of 32, 64 or 128 are known",
                self.bits, self.group_size
            ),
        })
    }

    /// Whether rows of `columns` divide into groups.
    #[must_use]
    pub fn fits(&self, columns: usize) -> bool {
        columns > 0 && columns.is_multiple_of(self.group_size)
    }

    fn lanes(self) -> usize {
        32 / self.bits as usize
    }
}

/// The `quantization` block of `config.json`: a default, and overrides by layer name.
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
}

/// A quantized matrix `[rows, columns]` in host memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantized {
    rows: usize,
    columns: usize,
    params: QuantParams,
    packed: Vec<u32>,
    scales: Vec<f16>,
    biases: Vec<f16>,
}

impl Quantized {
    /// # Errors
    /// [`Error::Integrity`] when the parts do not have the sizes that the shape asks for.
    pub fn new(
        rows: usize,
        columns: usize,
        params: QuantParams,
        packed: Vec<u32>,
        scales: Vec<f16>,
        biases: Vec<f16>,
    ) -> Result<Self, Error> {
        let groups = rows * columns / params.group_size;
        let words = rows * columns / params.lanes();
        if !params.fits(columns)
            || packed.len() != words
            || scales.len() != groups
            || biases.len() != groups
        {
            return Err(Error::Integrity {
                file: "a quantized matrix".into(),
                reason: format!(
                    "{rows}×{columns} needs {words} words and {groups} groups, not {} and {}",
                    packed.len(),
                    scales.len()
                ),
            });
        }
        Ok(Self {
            rows,
            columns,
            params,
            packed,
            scales,
            biases,
        })
    }

    /// Quantizes `[rows, columns]`, row-major, by MLX's rule: the group's value of largest
    /// magnitude and zero are met exactly, up to f16.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the columns do not divide into groups, a value is not finite, or
    /// one passes the range of f16.
    pub fn quantize(values: &[f32], columns: usize, params: QuantParams) -> Result<Self, Error> {
        let rows = values.len() / columns.max(1);
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(Error::Integrity {
                file: "a weight matrix".into(),
                reason: format!("value {at} is {}, which cannot be quantized", values[at]),
            });
        }
        let mut packed = Vec::with_capacity(values.len() / params.lanes());
        let mut scales = Vec::with_capacity(values.len() / params.group_size);
        let mut biases = Vec::with_capacity(scales.capacity());
        for group in values.chunks(params.group_size) {
            let (scale, bias) = affine(group, params.bits);
            packed.extend(
                group
                    .chunks(params.lanes())
                    .map(|lanes| pack(lanes, scale, bias, params.bits)),
            );
            scales.push(narrow(scale)?);
            biases.push(narrow(bias)?);
        }
        Self::new(rows, columns, params, packed, scales, biases)
    }

    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    #[must_use]
    pub fn params(&self) -> QuantParams {
        self.params
    }

    /// `[rows, columns · bits / 32]`.
    #[must_use]
    pub fn packed(&self) -> &[u32] {
        &self.packed
    }

    /// The words of [`Self::packed`], without a copy.
    #[must_use]
    pub fn into_packed(self) -> Vec<u32> {
        self.packed
    }

    /// Bytes of words, scales and biases.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of_val(self.packed.as_slice()) + 4 * self.scales.len()
    }

    /// `[rows, columns / group_size]`.
    #[must_use]
    pub fn scales(&self) -> &[f16] {
        &self.scales
    }

    /// `[rows, columns / group_size]`.
    #[must_use]
    pub fn biases(&self) -> &[f16] {
        &self.biases
    }

    /// Row `index` as numbers, or `None` when there is no such row.
    #[must_use]
    pub fn dequantize_row(&self, index: usize) -> Option<Vec<f32>> {
        let mut row = vec![0.0; self.columns];
        (index < self.rows).then(|| {
            self.dequantize_into(index, &mut row);
            row
        })
    }

    /// Writes row `index`, which must exist, to `row` of `columns` values.
    pub fn dequantize_into(&self, index: usize, row: &mut [f32]) {
        for ((words, scale, bias), values) in self
            .groups(index)
            .zip(row.chunks_exact_mut(self.params.group_size))
        {
            for (&word, values) in words
                .iter()
                .zip(values.chunks_exact_mut(self.params.lanes()))
            {
                for (lane, value) in values.iter_mut().enumerate() {
                    *value = self.quant(word, lane) * scale + bias;
                }
            }
        }
    }

    /// Product of row `index`, which must exist, and `x` of `columns` values.
    #[must_use]
    pub fn dot_row(&self, index: usize, x: &[f32]) -> f32 {
        let mut sum = 0.0;
        for ((words, scale, bias), x) in self
            .groups(index)
            .zip(x.chunks_exact(self.params.group_size))
        {
            let mut quants = 0.0;
            for (&word, x) in words.iter().zip(x.chunks_exact(self.params.lanes())) {
                for (lane, x) in x.iter().enumerate() {
                    quants += self.quant(word, lane) * x;
                }
            }
            sum += scale * quants + bias * x.iter().sum::<f32>();
        }
        sum
    }

    /// Words, scale and bias of each group of row `index`.
    fn groups(&self, index: usize) -> impl Iterator<Item = (&[u32], f32, f32)> {
        let count = self.columns / self.params.group_size;
        let words = self.params.group_size / self.params.lanes();
        let groups = index * count..(index + 1) * count;
        self.packed[groups.start * words..groups.end * words]
            .chunks_exact(words)
            .zip(&self.scales[groups.clone()])
            .zip(&self.biases[groups])
            .map(|((words, scale), bias)| (words, scale.to_f32(), bias.to_f32()))
    }

    fn quant(&self, word: u32, lane: usize) -> f32 {
        let bits = self.params.bits;
        (word >> (lane as u32 * bits) & ((1 << bits) - 1)) as f32
    }
}

/// Scale and bias of one group. The bias is the end of the range that is larger in magnitude,
/// and the scale is fitted so that zero is met exactly; the other end may be off by a step.
fn affine(group: &[f32], bits: u32) -> (f32, f32) {
    const SMALLEST: f32 = 1e-7;
    let steps = ((1_u32 << bits) - 1) as f32;
    let min = group.iter().copied().fold(f32::INFINITY, f32::min);
    let max = group.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let step = ((max - min) / steps).max(SMALLEST);
    let (step, edge) = if min.abs() > max.abs() {
        (step, min)
    } else {
        (-step, max)
    };
    let zero = (edge / step).round_ties_even();
    if zero == 0.0 {
        (step, 0.0)
    } else {
        (edge / zero, edge)
    }
}

fn pack(values: &[f32], scale: f32, bias: f32, bits: u32) -> u32 {
    let top = ((1_u32 << bits) - 1) as f32;
    values.iter().enumerate().fold(0, |word, (lane, value)| {
        let quant = ((value - bias) / scale).round_ties_even().clamp(0.0, top);
        word | (quant as u32) << (lane as u32 * bits)
    })
}

fn narrow(value: f32) -> Result<f16, Error> {
    let narrow = f16::from_f32(value);
    if narrow.is_finite() {
        return Ok(narrow);
    }
    Err(Error::Integrity {
        file: "a weight matrix".into(),
        reason: format!("{value} passes the range of 16-bit floats"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 37 % 101) as f32 / 50.0 - 1.0) * 0.3)
            .collect()
    }

    #[test]
    fn error_is_at_most_one_step() {
        for bits in [4, 8] {
            for group_size in [32, 64, 128] {
                let params = QuantParams { group_size, bits };
                let values = wave(3 * 256);
                let table = Quantized::quantize(&values, 256, params).unwrap();
                for (row, expected) in values.chunks(256).enumerate() {
                    let row = table.dequantize_row(row).unwrap();
                    let step = 0.6 / ((1 << bits) - 1) as f32;
                    for (a, b) in row.iter().zip(expected) {
                        assert!((a - b).abs() <= step + 1e-3, "{a} {b}");
                    }
                }
            }
        }
    }

    #[test]
    fn dot_equals_the_product_with_the_unpacked_row() {
        let params = QuantParams {
            group_size: 32,
            bits: 4,
        };
        let table = Quantized::quantize(&wave(128), 64, params).unwrap();
        let x: Vec<f32> = (0..64).map(|i| (i as f32).sin()).collect();
        let row = table.dequantize_row(1).unwrap();
        let expected: f32 = row.iter().zip(&x).map(|(a, b)| a * b).sum();
        assert!((table.dot_row(1, &x) - expected).abs() < 1e-4);
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        let params = QuantParams {
            group_size: 32,
            bits: 4,
        };
        let error = Quantized::new(
            2,
            32,
            params,
            vec![0; 7],
            vec![f16::ONE; 2],
            vec![f16::ONE; 2],
        )
        .unwrap_err();
        assert_eq!(error.code(), "integrity");
        assert!(Quantized::quantize(&wave(40), 40, params).is_err());
        assert!(
            QuantParams {
                group_size: 32,
                bits: 3
            }
            .check()
            .is_err()
        );
    }

    #[test]
    fn values_that_are_no_numbers_are_refused() {
        let params = QuantParams {
            group_size: 32,
            bits: 8,
        };
        let mut values = wave(32);
        values[5] = f32::NAN;
        assert!(Quantized::quantize(&values, 32, params).is_err());
    }

    #[test]
    fn the_configuration_of_mlx_is_read() {
        let json = r#"{"group_size":32,"bits":4,"lm.embed":{"group_size":64,"bits":8}}"#;
        let config: QuantizationConfig = serde_json::from_str(json).unwrap();
        assert_eq!(
            config.of("lm.embed"),
            QuantParams {
                group_size: 64,
                bits: 8
            }
        );
        assert_eq!(
            config.of("other"),
            QuantParams {
                group_size: 32,
                bits: 4
            }
        );
    }
}
