//! Work in pieces, so that no tensor in between passes what one GPU binding holds.

use burn::tensor::Tensor;

/// Most bytes of a tensor in between: half of WebGPU's default binding limit.
const PIECE: usize = 64 << 20;

/// `f(x)`, for an `f` that treats every index of dimension `dim` alone, computed for some of them
/// at a time. `bytes` is the size of the largest tensor that `f` makes of all.
#[must_use]
pub fn in_pieces<const D: usize>(
    x: Tensor<D>,
    dim: usize,
    bytes: usize,
    f: impl Fn(Tensor<D>) -> Tensor<D>,
) -> Tensor<D> {
    let length = x.dims()[dim];
    let count = bytes.div_ceil(PIECE).clamp(1, length.max(1));
    if count == 1 {
        return f(x);
    }
    let piece = length.div_ceil(count);
    let parts = (0..length)
        .step_by(piece)
        .map(|start| f(x.clone().narrow(dim, start, piece.min(length - start))))
        .collect();
    Tensor::cat(parts, dim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Int};
    use std::cell::Cell;

    #[test]
    fn pieces_are_joined_in_order() {
        let x = Tensor::<1, Int>::arange(0..35, &Device::flex()).float();
        let x = x.reshape([5, 7]);
        for (bytes, expected) in [
            (0, 1),
            (PIECE, 1),
            (PIECE + 1, 2),
            (3 * PIECE, 3),
            (99 * PIECE, 7),
        ] {
            let calls = Cell::new(0);
            let y = in_pieces(x.clone(), 1, bytes, |piece| {
                calls.set(calls.get() + 1);
                piece * 2.0
            });
            assert_eq!(calls.get(), expected, "{bytes}");
            let doubled = (x.clone() * 2.0).into_data();
            assert_eq!(y.into_data(), doubled);
        }
    }
}
