//! Operations that Burn does not have, one folder each: the call, its CPU and GPU versions, and
//! what they are tested against.

mod quantized_matmul;

use burn::tensor::Device;

pub use quantized_matmul::{BINDINGS, QuantParams, Quantized, QuantizedMatrix};

/// WebGPU's default limit of one storage binding in bytes: what every device can bind.
pub const MAX_BINDING: usize = 128 << 20;

/// Whether `device` runs shaders.
#[must_use]
pub fn is_gpu(device: &Device) -> bool {
    *device != Device::flex()
}
