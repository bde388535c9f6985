//! One linear layer for dense and group-quantized weights.

use burn::tensor::Tensor;

use crate::kernels::QuantizedMatrix;

/// `y = x·Wᵀ + b`. The weight is either dense or stays quantized in memory.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Weight,
    bias: Option<Tensor<1>>,
}

/// The matrix of a [`Linear`], `[out, in]` as PyTorch stores it.
#[derive(Debug, Clone)]
pub enum Weight {
    Dense(Tensor<2>),
    Quantized(QuantizedMatrix),
}

impl Linear {
    #[must_use]
    pub fn new(weight: Weight, bias: Option<Tensor<1>>) -> Self {
        Self { weight, bias }
    }

    /// `[.., in]` → `[.., out]`.
    #[must_use]
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let mut shape = x.dims();
        let rows: usize = shape[..D - 1].iter().product();
        let x = x.reshape([rows, shape[D - 1]]);
        let y = match &self.weight {
            Weight::Dense(weight) => x.matmul(weight.clone().transpose()),
            Weight::Quantized(weight) => weight.matmul(x),
        };
        let y = match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze::<2>(),
            None => y,
        };
        shape[D - 1] = y.dims()[1];
        y.reshape(shape)
    }
}
