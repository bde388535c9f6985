//! One linear layer for dense and group-quantized weights.

use burn::tensor::Tensor;

use crate::kernels::QuantizedMatrix;

/// `y = x·Wᵀ + b`. The weight is either dense or stays quantized in memory.
///
/// ```
/// use askmask_core::nn::{Linear, Weight};
/// use burn::tensor::{Device, Tensor};
///
/// let device = Device::flex();
/// let weight = Tensor::from_floats([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], &device);
/// let bias = Tensor::from_floats([0.0, 0.0, 0.5], &device);
/// let linear = Linear::new(Weight::Dense(vec![weight]), Some(bias));
/// let y = linear.forward(Tensor::<2>::from_floats([[3.0, 4.0]], &device));
/// assert_eq!(y.into_data().try_to_vec::<f32>().unwrap(), [3.0, 8.0, 7.5]);
/// ```
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Weight,
    bias: Option<Tensor<1>>,
}

/// The matrix of a [`Linear`], `[out, in]` as PyTorch stores it, in one or several chunks of whole
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
        let mut chunks: Vec<Tensor<2>> = match self {
            Self::Dense(chunks) => chunks
                .iter()
                .map(|chunk| x.clone().matmul(chunk.clone().transpose()))
                .collect(),
            Self::Quantized(chunks) => chunks.iter().map(|chunk| chunk.matmul(x.clone())).collect(),
        };
        match chunks.len() {
            1 => chunks.remove(0),
            _ => Tensor::cat(chunks, 1),
        }
    }
}
