//! `text_hidden_fcs`: the state of a `[SEG]` token becomes a prompt of the mask decoder (LISA,
//! [Lai et al. 2024](https://arxiv.org/abs/2308.00692)).

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use crate::error::Error;
use crate::nn::{Linear, Loader};

/// Two linear layers with ReLU between them.
#[derive(Debug, Clone)]
pub struct SegProjection {
    linear1: Linear,
    linear2: Linear,
}

impl SegProjection {
    /// Reads `text_hidden_fcs.{0,2}`.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader) -> Result<Self, Error> {
        Ok(Self {
            linear1: loader.linear("text_hidden_fcs.0")?,
            linear2: loader.linear("text_hidden_fcs.2")?,
        })
    }

    /// `[1, 1, llm width]` → `[1, 1, d_model]`.
    #[must_use]
    pub fn forward(&self, hidden: Tensor<3>) -> Tensor<3> {
        self.linear2.forward(relu(self.linear1.forward(hidden)))
    }
}
