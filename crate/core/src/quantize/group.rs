//! Affine group quantization, in the layout of [`Quantized`]: eight bits by MLX's rule, four by
//! least squared error, because few levels have to be placed well.

mod least_squares;
mod levels;

use half::f16;

use crate::error::Error;
use crate::kernels::{QuantParams, Quantized};
use least_squares::search;
use levels::{Levels, top};

/// Quantizes `[rows, columns]`, row-major.
///
/// # Errors
/// [`Error::Integrity`] when the columns do not divide into groups, a value is not finite, or
/// one passes the range of f16.
pub fn quantize(values: &[f32], columns: usize, params: QuantParams) -> Result<Quantized, Error> {
    let rows = values.len() / columns.max(1);
    if let Some(at) = values.iter().position(|v| !v.is_finite()) {
        return Err(Error::Integrity {
            file: "a weight matrix".into(),
            reason: format!("value {at} is {}, which cannot be quantized", values[at]),
        });
    }
    let top = top(params.bits);
    let mut packed = Vec::with_capacity(values.len() / params.lanes());
    let mut scales = Vec::with_capacity(values.len() / params.group_size);
    let mut biases = Vec::with_capacity(scales.capacity());
    for group in values.chunks(params.group_size) {
        let mut levels = Levels::plain(group, top)?;
        if params.bits == 4 {
            levels = search(group, top, levels);
        }
        packed.extend(group.chunks(params.lanes()).map(|lanes| {
            let quants = lanes.iter().map(|&value| levels.nominal.quant(value, top));
            pack(quants, params.bits)
        }));
        scales.push(f16::from_f32(levels.stored.scale));
        biases.push(f16::from_f32(levels.stored.bias));
    }
    Quantized::new(rows, columns, params, packed, scales, biases)
}

/// Sum of squared errors of one group of finite values by MLX's rule.
///
/// # Errors
/// [`Error::Integrity`] when a value passes the range of f16.
pub fn plain_error(group: &[f32], bits: u32) -> Result<f64, Error> {
    let top = top(bits);
    let Levels { nominal, stored } = Levels::plain(group, top)?;
    let error = |&value| f64::from(value - stored.level(nominal.quant(value, top)));
    Ok(group.iter().map(|value| error(value).powi(2)).sum())
}

/// Quants as one word, the first in the lowest bits.
fn pack(quants: impl Iterator<Item = f32>, bits: u32) -> u32 {
    let lanes = quants.enumerate();
    lanes.fold(0, |word, (lane, quant)| {
        word | (quant as u32) << (lane as u32 * bits)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR_BITS: QuantParams = QuantParams {
        group_size: 32,
        bits: 4,
    };

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
                let table = quantize(&values, 256, params).unwrap();
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
        let table = quantize(&wave(128), 64, params).unwrap();
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
        assert!(quantize(&wave(40), 40, params).is_err());
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
        assert!(quantize(&values, 32, params).is_err());
    }

    #[test]
    fn values_beyond_16_bit_floats_are_refused() {
        for bits in [4, 8] {
            let params = QuantParams {
                group_size: 32,
                bits,
            };
            for largest in [7e4, 1e20, f32::MAX] {
                let mut values = wave(32);
                (values[3], values[5]) = (-largest, largest);
                let error = quantize(&values, 32, params).unwrap_err();
                assert!(error.to_string().contains("16-bit"), "{error}");
            }
        }
    }

    /// What MLX's rule and the search leave of a group, as squares.
    fn errors(group: &[f32]) -> (f64, f64) {
        let table = quantize(group, group.len(), FOUR_BITS).unwrap();
        let ours = table.dequantize_row(0).unwrap();
        let pairs = ours.iter().zip(group);
        let error = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
        (plain_error(group, FOUR_BITS.bits).unwrap(), error)
    }

    /// Groups of many widths and offsets, those of one value and of two among them.
    #[test]
    fn no_group_loses_more_than_by_the_rule_of_mlx() {
        let (mut plain_total, mut total) = (0.0, 0.0);
        for seed in 0..500 {
            let [width, offset] = [seed % 7, seed % 5].map(|power| 10_f32.powi(power - 5));
            let levels = [1, 2, 1000][seed as usize % 3];
            let value = |i: i32| ((i + seed) * 7919 % 104_729 % levels) as f32 / levels as f32;
            let group: Vec<f32> = (0..32).map(|i| offset + width * value(i)).collect();
            let (plain, error) = errors(&group);
            assert!(error <= plain * (1.0 + 1e-5), "{seed}: {error} {plain}");
            if levels == 1000 {
                plain_total += plain / f64::from(width).powi(2);
                total += error / f64::from(width).powi(2);
            }
        }
        assert!(total < 0.9 * plain_total, "{total} {plain_total}");
    }

    #[test]
    fn zeros_and_what_has_no_width_are_met() {
        for value in [0.0, 0.75, -3.0, 65504.0, 6e-8] {
            let row = quantize(&[value; 32], 32, FOUR_BITS).unwrap();
            let row = row.dequantize_row(0).unwrap();
            let near = |v: &f32| (v - value).abs() <= value.abs() / 2048.0 + 3e-8;
            assert!(row.iter().all(near), "{value}: {row:?}");
        }
    }
}
