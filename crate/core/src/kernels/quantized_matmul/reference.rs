//! The product by plain tensors: what the quantized one must give, up to rounding.

use burn::tensor::{Device, Tensor, TensorData};

use super::{QuantParams, Quantized, QuantizedMatrix};
use half::f16;

/// The matrix unpacked whole, `[out, in]`.
fn dense(matrix: &Quantized, device: &Device) -> Tensor<2> {
    let (rows, columns) = (matrix.rows(), matrix.columns());
    let mut values = vec![0.0; rows * columns];
    for (row, values) in values.chunks_exact_mut(columns).enumerate() {
        matrix.dequantize_into(row, values);
    }
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// A matrix without a pattern; odd row counts leave the last block of rows unfilled.
fn matrix(rows: usize, columns: usize, params: QuantParams) -> Quantized {
    let mut state = 7_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state
    };
    let words = rows * columns / params.lanes();
    let packed = (0..words).map(|_| next() ^ next() >> 16).collect();
    let groups = rows * columns / params.group_size;
    let mut halves = |scale: f32| -> Vec<f16> {
        let values = (0..groups).map(|_| (next() >> 8) as f32 / (1 << 24) as f32 - 0.5);
        values.map(|value| f16::from_f32(value * scale)).collect()
    };
    let (scales, biases) = (halves(0.02), halves(0.1));
    Quantized::new(rows, columns, params, packed, scales, biases).unwrap()
}

#[test]
fn the_quantized_product_is_the_plain_one() {
    let device = Device::flex();
    for bits in [4, 8] {
        for group_size in [32, 64, 128] {
            for (rows, columns) in [(1, 128), (3, 256), (515, 128)] {
                let matrix = matrix(rows, columns, QuantParams { group_size, bits });
                let weight = dense(&matrix, &device).transpose();
                let quantized = QuantizedMatrix::new(matrix, &device);
                // One row, a few that are read packed, and many that are unpacked in blocks.
                for count in [1, 4, 5, 17] {
                    let values = (0..count * columns).map(|i| (i as f32 * 0.37).sin());
                    let data = TensorData::new(values.collect::<Vec<_>>(), [count, columns]);
                    let x = Tensor::<2>::from_data(data, &device);
                    let found = quantized.matmul(x.clone());
                    let expected = x.clone().matmul(weight.clone());
                    assert_eq!(found.dims(), [count, rows]);
                    // Rounding follows what is summed, not the sum, which may cancel.
                    let summed = x.abs().matmul(weight.clone().abs());
                    let largest = summed.max().into_scalar::<f32>();
                    let delta = (found - expected).abs().max().into_scalar::<f32>();
                    assert!(
                        delta <= 1e-5 * largest,
                        "{bits} bits, groups of {group_size}, {rows}×{columns}, {count} rows: \
                         {delta} of {largest}"
                    );
                }
            }
        }
    }
}
