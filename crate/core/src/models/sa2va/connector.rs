//! Pixel shuffle and `mlp1`: patches of the vision tower become tokens of the language model
//! (InternVL, [Chen et al. 2024](https://arxiv.org/abs/2404.16821)).

use burn::tensor::Tensor;
use burn::tensor::activation::gelu;

use crate::error::Error;
use crate::nn::{LayerNorm, Linear, Loader};

/// PyTorch's default for `LayerNorm`; the checkpoints do not state it.
const EPS: f64 = 1e-5;

/// Merges 2×2 patches and projects them to the language model's width.
#[derive(Debug, Clone)]
pub struct Connector {
    norm: LayerNorm,
    linear1: Linear,
    linear2: Linear,
}

impl Connector {
    /// Reads `mlp1.{0,1,3}`.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader) -> Result<Self, Error> {
        Ok(Self {
            norm: LayerNorm::load(&loader.at("mlp1.0"), EPS)?,
            linear1: loader.linear("mlp1.1")?,
            linear2: loader.linear("mlp1.3")?,
        })
    }

    /// Shuffled patches, `[1, grid²/4, 4·width]` → `[1, grid²/4, llm width]`.
    #[must_use]
    pub fn forward(&self, shuffled: Tensor<3>) -> Tensor<3> {
        let hidden = gelu(self.linear1.forward(self.norm.forward(shuffled)));
        self.linear2.forward(hidden)
    }
}

/// Output of the vision tower, `[1, 1 + grid², width]` → `[1, grid²/4, 4·width]`: the class token
/// is dropped, and token (i, j) holds patches (2i, 2j), (2i, 2j+1), (2i+1, 2j), (2i+1, 2j+1) in
/// this order (InternVL's `ps_version` v2).
#[must_use]
pub fn pixel_shuffle(hidden: Tensor<3>) -> Tensor<3> {
    let [batch, tokens, width] = hidden.dims();
    let half = (tokens - 1).isqrt() / 2;
    hidden
        .narrow(1, 1, tokens - 1)
        .reshape([batch, half, 2, half, 2, width])
        .permute([0, 1, 3, 2, 4, 5])
        .reshape([batch, half * half, 4 * width])
}
