//! Operations that Burn does not have: products with weights that stay quantized.

mod cpu;
mod gpu;

use burn::tensor::{Device, Tensor};

use crate::quant::Quantized;

/// A group-quantized `[out, in]` matrix where its device needs it.
#[derive(Debug, Clone)]
pub enum QuantizedMatrix {
    Cpu(cpu::Matrix),
    Gpu(gpu::Matrix),
}

impl QuantizedMatrix {
    /// Moves the matrix to `device`; on the GPU it is uploaded once, still packed.
    #[must_use]
    pub fn new(table: Quantized, device: &Device) -> Self {
        if is_gpu(device) {
            Self::Gpu(gpu::Matrix::upload(&table, device))
        } else {
            Self::Cpu(cpu::Matrix::new(table))
        }
    }

    /// `[rows, in]` → `[rows, out]`: `x·Wᵀ`.
    #[must_use]
    pub fn matmul(&self, x: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Cpu(matrix) => matrix.matmul(x),
            Self::Gpu(matrix) => matrix.matmul(x),
        }
    }
}

/// Whether `device` runs shaders.
#[must_use]
pub fn is_gpu(device: &Device) -> bool {
    *device != Device::flex()
}
