//! Scaled dot-product attention in chunks of queries, so that scores stay small.

use burn::tensor::activation::softmax;
use burn::tensor::{Tensor, TensorData};

/// Most score elements held at once: 64 MiB in f32, half of WebGPU's default binding limit.
pub const MAX_SCORES: usize = 16 << 20;

/// Attention ([Vaswani et al. 2017](https://arxiv.org/abs/1706.03762)) with grouped queries
/// ([Ainslie et al. 2023](https://arxiv.org/abs/2305.13245)).
///
/// # Shapes
/// - `q`: `[batch, heads, queries, width]`
/// - `k`, `v`: `[batch, groups, keys, width]`, where `groups` divides `heads`
/// - result: `[batch, heads, queries, width]`
///
/// With `causal`, query `i` sees keys up to `keys − queries + i`: the queries are the last rows
/// of the sequence that the keys hold.
#[must_use]
pub fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>, causal: bool) -> Tensor<4> {
    let [batch, heads, queries, width] = q.dims();
    let [_, groups, keys, _] = k.dims();
    let chunk_rows = (MAX_SCORES / (batch * heads * keys).max(1)).clamp(1, queries);
    let share = heads / groups;
    // Heads that share keys are stacked as rows, so no key is copied.
    let q = (q * (width as f64).powf(-0.5)).reshape([batch * groups, share, queries, width]);
    let k = k.reshape([batch * groups, 1, keys, width]).swap_dims(2, 3);
    let v = v.reshape([batch * groups, 1, keys, width]);
    let mut chunks = Vec::with_capacity(queries.div_ceil(chunk_rows));
    for start in (0..queries).step_by(chunk_rows) {
        let rows = chunk_rows.min(queries - start);
        let chunk_q = q.clone().narrow(2, start, rows);
        let chunk_q = chunk_q.reshape([batch * groups, 1, share * rows, width]);
        let mut scores = chunk_q
            .matmul(k.clone())
            .reshape([batch * groups, share, rows, keys]);
        if causal && queries > 1 {
            scores = scores + causal_bias(start + keys - queries, rows, keys, &q);
        }
        let weights = softmax(scores, 3).reshape([batch * groups, 1, share * rows, keys]);
        let attended = weights.matmul(v.clone());
        chunks.push(attended.reshape([batch * groups, share, rows, width]));
    }
    let joined = match chunks.len() {
        1 => chunks.remove(0),
        _ => Tensor::cat(chunks, 2),
    };
    joined.reshape([batch, heads, queries, width])
}

/// `[1, 1, rows, keys]`: zero where row `i` may look (keys up to `first + i`), else −∞-like.
fn causal_bias(first: usize, rows: usize, keys: usize, like: &Tensor<4>) -> Tensor<4> {
    // Not −∞: a fully masked row would become NaN, and drivers differ on ∞ − ∞.
    const HIDDEN: f32 = -1e30;
    let mut bias = vec![0.0; rows * keys];
    for (i, row) in bias.chunks_exact_mut(keys).enumerate() {
        if let Some(hidden) = row.get_mut(first + i + 1..) {
            hidden.fill(HIDDEN);
        }
    }
    Tensor::from_data(TensorData::new(bias, [1, 1, rows, keys]), &like.device())
}
