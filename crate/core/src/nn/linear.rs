//! One linear layer for dense and group-quantized weights.

use burn::tensor::Tensor;

use crate::kernels::QuantizedMatrix;

/// `y = x·Wᵀ + b`. The weight is either dense or stays quantized in memory.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Weight,
    bias: Option<Tensor<1>>,
}

/// The matrix of a [`Linear`], `[out, in]` as PyTorch stores it, in one or several parts of whole
/// rows.
#[derive(Debug, Clone)]
pub enum Weight {
    Dense(Vec<Tensor<2>>),
    Quantized(Vec<QuantizedMatrix>),
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
        let y = self.weight.product(&x);
        let y = match &self.bias {
            Some(bias) => y + bias.clone().unsqueeze::<2>(),
            None => y,
        };
        shape[D - 1] = y.dims()[1];
        y.reshape(shape)
    }
}

impl Weight {
    /// `[rows, in]` → `[rows, out]`.
    fn product(&self, x: &Tensor<2>) -> Tensor<2> {
        let mut parts: Vec<Tensor<2>> = match self {
            Self::Dense(parts) => parts
                .iter()
                .map(|part| x.clone().matmul(part.clone().transpose()))
                .collect(),
            Self::Quantized(parts) => parts.iter().map(|part| part.matmul(x.clone())).collect(),
        };
        match parts.len() {
            1 => parts.remove(0),
            _ => Tensor::cat(parts, 1),
        }
    }
}
