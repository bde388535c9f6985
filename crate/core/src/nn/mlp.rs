//! SAM's small multi-layer perceptron.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::{Linear, Loader};
use crate::error::Error;

/// Linear layers with ReLU between them, named `{name}.layers.N`.
#[derive(Debug, Clone)]
pub struct Mlp {
    layers: Vec<Linear>,
}

impl Mlp {
    /// `widths` lists input, hidden and output widths.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read.
    pub fn load(loader: &mut Loader, name: &str, widths: &[usize]) -> Result<Self, Error> {
        let layers = widths
            .windows(2)
            .enumerate()
            .map(|(i, w)| loader.linear(&format!("{name}.layers.{i}"), w[0], w[1], true))
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
