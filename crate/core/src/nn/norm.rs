//! Normalization layers over the last dimension, and SAM's over channels.

use burn::tensor::Tensor;
use burn::tensor::module::layer_norm;

use super::Loader;
use crate::error::Error;

/// Layer normalization ([Ba et al. 2016](https://arxiv.org/abs/1607.06450)) over the last dimension, with weight and bias.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f64,
}

impl LayerNorm {
    /// Reads `weight` and `bias`, each `[width]`.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, eps: f64) -> Result<Self, Error> {
        Ok(Self {
            weight: loader.tensor("weight")?,
            bias: loader.tensor("bias")?,
            eps,
        })
    }

    /// `[.., width]` → `[.., width]`.
    #[must_use]
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        layer_norm(x, self.weight.clone(), Some(self.bias.clone()), self.eps)
    }

    /// The same over the channels of `[batch, channels, height, width]`: SAM's `LayerNorm2d`.
    #[must_use]
    pub fn forward_channels(&self, x: Tensor<4>) -> Tensor<4> {
        self.forward(x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2])
    }
}

/// Root mean square normalization
/// ([Zhang & Sennrich 2019](https://arxiv.org/abs/1910.07467)), as Qwen2 and InternViT's q/k use it.
#[derive(Debug, Clone)]
pub struct RmsNorm {
    weight: Tensor<1>,
    eps: f64,
}

impl RmsNorm {
    /// Reads `weight`, `[width]`.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, eps: f64) -> Result<Self, Error> {
        Ok(Self {
            weight: loader.tensor("weight")?,
            eps,
        })
    }

    /// `[.., width]` → `[.., width]`.
    #[must_use]
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let mean_square = x.clone().square().mean_dim(D - 1);
        let scale = (mean_square + self.eps).sqrt().recip();
        x * scale * self.weight.clone().unsqueeze::<D>()
    }
}
