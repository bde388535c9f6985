//! A group-quantized matrix in the layout that MLX writes: `w ≈ q·scale + bias`.
//!
//! A matrix `[rows, columns]` is cut into groups of consecutive columns. Its quants are packed
//! into 32-bit words along the row, the first in the lowest bits; each group has one scale and
//! one bias. Source: [`mlx.core.quantize`](https://ml-explore.github.io/mlx/build/html/python/_autosummary/mlx.core.quantize.html),
//! mode "affine".

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

    /// Quants in one word.
    #[must_use]
    pub fn lanes(self) -> usize {
        32 / self.bits as usize
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
