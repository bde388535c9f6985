//! Products with weights that stay quantized.

mod cpu;
mod gpu;

use burn::tensor::{Device, Tensor};

use crate::quantize::group::Quantized;
use crate::runtime::device::is_gpu;

/// WebGPU's default limit of one storage binding in bytes: what every device can bind.
pub const MAX_BINDING: usize = 128 << 20;

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
    /// When its words pass [`MAX_BINDING`]: larger matrices come in parts.
    #[must_use]
    pub fn new(table: Quantized, device: &Device) -> Self {
        if is_gpu(device) {
            assert!(
                table.bytes() <= MAX_BINDING,
                "a part of {} bytes",
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
