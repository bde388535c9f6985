//! `text_hidden_fcs`: the state of a `[SEG]` token becomes a prompt of the mask decoder (LISA,
//! Lai et al. 2024).

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

use super::config::Config;
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
    /// [`Error::Integrity`] when a file cannot be read.
    pub fn load(loader: &mut Loader, config: &Config) -> Result<Self, Error> {
        let width = config.llm_config.hidden_size;
        let output = config.grounding_encoder.d_model;
        Ok(Self {
            linear1: loader.linear("text_hidden_fcs.0", width, width, true)?,
            linear2: loader.linear("text_hidden_fcs.2", width, output, true)?,
        })
    }

    /// `[1, 1, llm width]` → `[1, 1, d_model]`.
    #[must_use]
    pub fn forward(&self, hidden: Tensor<3>) -> Tensor<3> {
        self.linear2.forward(relu(self.linear1.forward(hidden)))
    }
}
