//! Operations that Burn does not have, one folder each.

mod quantized_matmul;

pub use quantized_matmul::{MAX_BINDING, QuantizedMatrix};
