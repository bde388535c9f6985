//! Rotary position embedding, rotate-half form.

use burn::tensor::{Device, Tensor, TensorData};

/// Rotary angles ([Su et al. 2021](https://arxiv.org/abs/2104.09864)) for a run of consecutive positions.
#[derive(Debug, Clone)]
pub struct Rotary {
    cos: Tensor<4>,
    sin: Tensor<4>,
}

impl Rotary {
    /// Angles of positions `start .. start + count` for heads of `width`, each `[1, 1, count, width]`.
    #[must_use]
    pub fn new(start: usize, count: usize, width: usize, theta: f64, device: &Device) -> Self {
        let half = width / 2;
        let mut cos = Vec::with_capacity(count * width);
        let mut sin = Vec::with_capacity(count * width);
        for position in start..start + count {
            for i in 0..width {
                // In f32, as the reference computes it: at far positions f64 would differ.
                let exponent = (2 * (i % half)) as f32 / width as f32;
                let angle = position as f32 * (1.0 / (theta as f32).powf(exponent));
                cos.push(angle.cos());
                sin.push(angle.sin());
            }
        }
        let tensor = |data| Tensor::from_data(TensorData::new(data, [1, 1, count, width]), device);
        Self {
            cos: tensor(cos),
            sin: tensor(sin),
        }
    }

    /// Rotates `[batch, heads, count, width]`.
    #[must_use]
    pub fn apply(&self, x: Tensor<4>) -> Tensor<4> {
        let half = x.dims()[3] / 2;
        let first = x.clone().narrow(3, 0, half);
        let second = x.clone().narrow(3, half, half);
        let turned = Tensor::cat(vec![second.neg(), first], 3);
        x * self.cos.clone() + turned * self.sin.clone()
    }
}
