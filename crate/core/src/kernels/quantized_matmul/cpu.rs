//! Products with a quantized matrix on the CPU backend.

use std::sync::Arc;

use burn::tensor::{Tensor, TensorData};

use super::matrix::Quantized;

/// Up to this many rows the packed weights are read directly; beyond, unpacking once into
/// dense blocks and letting the library's matrix product run is faster.
const DIRECT_ROWS: usize = 4;
/// Output rows unpacked at a time, which bounds the dense copy.
const BLOCK: usize = 512;

/// A quantized matrix shared by all clones of its layer.
#[derive(Debug, Clone)]
pub struct Matrix(Arc<Quantized>);

impl Matrix {
    pub fn new(table: Quantized) -> Self {
        Self(Arc::new(table))
    }

    /// `[rows, in]` → `[rows, out]`.
    pub fn matmul(&self, x: Tensor<2>) -> Tensor<2> {
        if x.dims()[0] <= DIRECT_ROWS {
            self.direct(x)
        } else {
            self.blocked(&x)
        }
    }

    fn direct(&self, x: Tensor<2>) -> Tensor<2> {
        let device = x.device();
        let [rows, _] = x.dims();
        let columns = self.0.columns();
        let data = x.into_data();
        let Ok(values) = data.as_slice::<f32>() else {
            // The CPU backend's float tensors are f32 throughout.
            unreachable!("CPU activations are f32");
        };
        let mut out = Vec::with_capacity(rows * self.0.rows());
        for row in values.chunks_exact(columns) {
            out.extend((0..self.0.rows()).map(|i| self.0.dot_row(i, row)));
        }
        Tensor::from_data(TensorData::new(out, [rows, self.0.rows()]), &device)
    }

    fn blocked(&self, x: &Tensor<2>) -> Tensor<2> {
        let device = x.device();
        let (rows, columns) = (self.0.rows(), self.0.columns());
        let parts = (0..rows)
            .step_by(BLOCK)
            .map(|start| {
                let count = BLOCK.min(rows - start);
                let mut dense = vec![0.0; count * columns];
                for (i, row) in dense.chunks_exact_mut(columns).enumerate() {
                    self.0.dequantize_into(start + i, row);
                }
                let block =
                    Tensor::<2>::from_data(TensorData::new(dense, [count, columns]), &device);
                x.clone().matmul(block.transpose())
            })
            .collect();
        Tensor::cat(parts, 1)
    }
}
