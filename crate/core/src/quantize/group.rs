//! Affine group quantization by MLX's rule, see [`Quantized`] for the layout.

use half::f16;

use crate::error::Error;
use crate::kernels::{QuantParams, Quantized};

/// Quantizes `[rows, columns]`, row-major, by MLX's rule: the group's value of largest
/// magnitude and zero are met exactly, up to f16.
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
    Quantized::new(rows, columns, params, packed, scales, biases)
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
}
