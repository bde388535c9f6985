//! Work in chunks, so that no tensor in between passes what one GPU binding holds.

use burn::tensor::Tensor;

/// Most bytes of a tensor in between: half of WebGPU's default binding limit.
const CHUNK: usize = 64 << 20;

/// `f(x)`, for an `f` that treats every index of dimension `dim` alone, computed for some of them
/// at a time. `bytes` is the size of the largest tensor that `f` makes of all.
#[must_use]
pub fn in_chunks<const D: usize>(
    x: Tensor<D>,
    dim: usize,
    bytes: usize,
    f: impl Fn(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let length = x.dims()[dim];
    let count = bytes.div_ceil(CHUNK).clamp(1, length.max(1));
    if count == 1 {
        return f(x);
    }
    let chunk = length.div_ceil(count);
    let chunks = (0..length)
        .step_by(chunk)
        .map(|start| f(x.clone().narrow(dim, start, chunk.min(length - start))))
        .collect();
    Tensor::cat(chunks, dim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};
    use std::cell::Cell;

    #[test]
    fn chunks_are_joined_in_order() {
        let x = Tensor::<1, Int>::arange(0..35, &Device::flex()).float();
        let x = x.reshape([5, 7]);
        for (bytes, expected) in [
            (0, 1),
            (CHUNK, 1),
            (CHUNK + 1, 2),
            (3 * CHUNK, 3),
            (99 * CHUNK, 7),
        ] {
            let calls = Cell::new(0);
            let y = in_chunks(x.clone(), 1, bytes, |chunk| {
                calls.set(calls.get() + 1);
                chunk * 2.0
            });
            assert_eq!(calls.get(), expected, "{bytes}");
            let doubled = (x.clone() * 2.0).into_data();
            assert_eq!(y.into_data(), doubled);
        }
    }
}
