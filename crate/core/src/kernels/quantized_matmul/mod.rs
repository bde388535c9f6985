//! Products with weights that stay quantized.

mod cpu;
mod gpu;
mod matrix;
#[cfg(test)]
mod reference;

pub use gpu::BINDINGS;
pub use matrix::{QuantParams, Quantized};

use burn::tensor::{Device, Tensor};

use super::{MAX_BINDING, is_gpu};

/// A group-quantized `[out, in]` matrix where its device needs it.
#[derive(Debug, Clone)]
pub enum QuantizedMatrix {
    Cpu(cpu::Matrix),
    Gpu(gpu::Matrix),
}

impl QuantizedMatrix {
    /// Moves the matrix to `device`; on the GPU it is uploaded once, still packed.
    ///
    /// # Panics
    /// When its words pass [`MAX_BINDING`]: larger matrices come in chunks.
    #[must_use]
    pub fn new(table: Quantized, device: &Device) -> Self {
        if is_gpu(device) {
            assert!(
                table.bytes() <= MAX_BINDING,
                "a chunk of {} bytes",
                table.bytes()
            );
            Self::Gpu(gpu::Matrix::upload(table, device))
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
