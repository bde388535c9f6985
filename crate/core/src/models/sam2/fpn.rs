//! SAM 2's feature pyramid neck and what the mask decoder keeps of it (sam2's
//! [`image_encoder.py`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/backbones/image_encoder.py),
//! and `forward_image` of `sam2_base.py`).

use burn::tensor::Tensor;

use crate::error::Error;
use crate::nn::{Linear, Loader};

/// 1×1 lateral convolutions of the four stages; the two deepest are joined top-down.
#[derive(Debug, Clone)]
pub struct Fpn {
    /// From the stride-4 stage to the stride-32 one.
    laterals: Vec<Linear>,
    conv_s0: Linear,
    conv_s1: Linear,
}

/// What one picture gives the mask decoder; channels-last.
#[derive(Debug, Clone)]
pub struct Features {
    /// `[1, side/16, side/16, d_model]`.
    pub embedding: Tensor<4>,
    /// `[1, side/4, side/4, d_model/8]`.
    pub stride4: Tensor<4>,
    /// `[1, side/8, side/8, d_model/4]`.
    pub stride8: Tensor<4>,
}

impl Fpn {
    /// Reads the neck, and `conv_s0` and `conv_s1` of the mask decoder.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader) -> Result<Self, Error> {
        // The neck counts from the deepest stage.
        let neck = loader.at("image_encoder.neck");
        let lateral = |stage| neck.at_index("convs", stage).conv1x1("conv");
        Ok(Self {
            laterals: (0..4).rev().map(lateral).collect::<Result<_, _>>()?,
            conv_s0: loader.conv1x1("sam_mask_decoder.conv_s0")?,
            conv_s1: loader.conv1x1("sam_mask_decoder.conv_s1")?,
        })
    }

    /// Pyramid levels of strides 4, 8 and 16.
    ///
    /// # Shapes
    /// - `stages`: the four stages' `[1, h, w, channels]`, finest first
    /// - result: `[1, h, w, d_model]` each; the deepest level only adds to the one before
    #[must_use]
    pub fn pyramid(&self, stages: [Tensor<4>; 4]) -> [Tensor<4>; 3] {
        let [s4, s8, s16, s32] = stages;
        let deepest = self.laterals[3].forward(s32);
        let level2 = self.laterals[2].forward(s16) + upsample(deepest);
        [
            self.laterals[0].forward(s4),
            self.laterals[1].forward(s8),
            level2,
        ]
    }

    /// Reduces the pyramid, three times `[1, h, w, d_model]`, to what the mask decoder reads.
    #[must_use]
    pub fn reduce(&self, pyramid: [Tensor<4>; 3]) -> Features {
        let [level0, level1, level2] = pyramid;
        Features {
            embedding: level2,
            stride4: self.conv_s0.forward(level0),
            stride8: self.conv_s1.forward(level1),
        }
    }
}

/// Nearest-neighbor doubling of a channels-last map.
fn upsample(x: Tensor<4>) -> Tensor<4> {
    let [_, height, width, channels] = x.dims();
    x.reshape([height, 1, width, channels])
        .repeat_dim(1, 2)
        .reshape([2 * height, width, 1, channels])
        .repeat_dim(2, 2)
        .reshape([1, 2 * height, 2 * width, channels])
}
