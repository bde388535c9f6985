//! SAM's small multi-layer perceptron (sam2's `sam2_utils.py`, class
//! [`MLP`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/sam2_utils.py)).

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::{Linear, Loader};
use crate::error::Error;

/// Linear layers with ReLU between them, named `layers.N`.
#[derive(Debug, Clone)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// Reads the first `count` layers.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, count: usize) -> Result<Self, Error> {
        let loader = loader.at("layers");
        let layers = (0..count)
            .map(|i| loader.linear(&i.to_string()))
            .collect::<Result<_, _>>()?;
        Ok(Self { layers })
    }

    /// `[.., input]` → `[.., output]`.
    #[must_use]
    pub fn forward<const D: usize>(&self, mut x: Tensor<D>) -> Tensor<D> {
        for (i, layer) in self.layers.iter().enumerate() {
            if i > 0 {
                x = relu(x);
            }
            x = layer.forward(x);
        }
        x
    }
}
