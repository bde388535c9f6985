//! SAM 2's mask decoder ([Ravi et al. 2024](https://arxiv.org/abs/2408.00714); sam2's
//! [`mask_decoder.py`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/sam/mask_decoder.py)).

use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, sigmoid};
use burn::tensor::module::conv_transpose2d;
use burn::tensor::ops::ConvTransposeOptions;

use super::fpn::Features;
use super::two_way::TwoWay;
use crate::error::Error;
use crate::nn::{LayerNorm, Loader, Mlp};

/// Candidates: one for unambiguous prompts, then three for ambiguous ones.
pub const MASKS: usize = 4;
const EPS: f64 = 1e-6;

/// Turns prompt tokens and image features into mask logits.
#[derive(Debug, Clone)]
pub struct MaskDecoder {
    transformer: TwoWay,
    /// Object score, IoU and mask tokens, `[1, 2 + MASKS, d_model]`.
    output_tokens: Tensor<3>,
    upscale1: (Tensor<4>, Tensor<1>),
    upscale_norm: LayerNorm,
    upscale2: (Tensor<4>, Tensor<1>),
    hypernetworks: Vec<Mlp>,
    iou_head: Mlp,
    object_score_head: Mlp,
}

/// All candidates for one prompt, still on the device.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// Logits, `[MASKS, side/4, side/4]`.
    pub masks: Tensor<3>,
    /// Predicted IoU of each candidate in 0..1, `[MASKS]`.
    pub iou: Tensor<1>,
    /// Logit of the object being there at all, `[1]`.
    pub object_score: Tensor<1>,
    /// Each candidate's mask token, `[MASKS, d_model]`: what video makes object pointers of.
    pub mask_tokens: Tensor<2>,
}

impl MaskDecoder {
    /// Reads the decoder.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader) -> Result<Self, Error> {
        let output_tokens: Vec<Tensor<2>> = vec![
            loader.tensor("obj_score_token.weight")?,
            loader.tensor("iou_token.weight")?,
            loader.tensor("mask_tokens.weight")?,
        ];
        let upscaling = loader.at("output_upscaling");
        let hypernetwork = |i| Mlp::load(&loader.at_index("output_hypernetworks_mlps", i), 3);
        Ok(Self {
            transformer: TwoWay::load(&loader.at("transformer"))?,
            output_tokens: Tensor::cat(output_tokens, 0).unsqueeze(),
            upscale1: (upscaling.tensor("0.weight")?, upscaling.tensor("0.bias")?),
            upscale_norm: LayerNorm::load(&upscaling.at("1"), EPS)?,
            upscale2: (upscaling.tensor("3.weight")?, upscaling.tensor("3.bias")?),
            hypernetworks: (0..MASKS).map(hypernetwork).collect::<Result<_, _>>()?,
            iou_head: Mlp::load(&loader.at("iou_prediction_head"), 3)?,
            object_score_head: Mlp::load(&loader.at("pred_obj_score_head"), 3)?,
        })
    }

    /// All candidates of one prompt.
    ///
    /// # Shapes
    /// - `features.embedding`, `positions`, `dense`: `[1, h, w, d_model]`
    /// - `sparse`: `[1, tokens, d_model]`
    /// - result: see [`Candidates`]
    #[must_use]
    pub fn forward(
        &self,
        features: &Features,
        positions: Tensor<4>,
        sparse: Tensor<3>,
        dense: Tensor<4>,
    ) -> Candidates {
        let [_, height, width, channels] = features.embedding.dims();
        let image = (features.embedding.clone() + dense).reshape([1, height * width, channels]);
        let positions = positions.reshape([1, height * width, channels]);
        let tokens = Tensor::cat(vec![self.output_tokens.clone(), sparse], 1);
        let (tokens, image) = self.transformer.forward(image, positions, tokens);
        let map = image
            .reshape([1, height, width, channels])
            .permute([0, 3, 1, 2]);
        let mask_tokens = tokens.clone().narrow(1, 2, MASKS);
        Candidates {
            masks: self.masks(&mask_tokens, self.upscale(map, features)),
            mask_tokens: mask_tokens.reshape([MASKS, channels]),
            iou: sigmoid(self.iou_head.forward(tokens.clone().narrow(1, 1, 1))).reshape([MASKS]),
            object_score: self
                .object_score_head
                .forward(tokens.narrow(1, 0, 1))
                .reshape([1]),
        }
    }

    /// `[1, d_model, h, w]` → `[1, d_model/8, 4h, 4w]`, joined with the finer features.
    fn upscale(&self, map: Tensor<4>, features: &Features) -> Tensor<4> {
        let double = |x, (weight, bias): &(Tensor<4>, Tensor<1>)| {
            let options = ConvTransposeOptions::new([2, 2], [0, 0], [0, 0], [1, 1], 1);
            conv_transpose2d(x, weight.clone(), Some(bias.clone()), options)
        };
        let x = double(map, &self.upscale1) + features.stride8.clone().permute([0, 3, 1, 2]);
        let x = gelu(self.upscale_norm.forward_channels(x));
        gelu(double(x, &self.upscale2) + features.stride4.clone().permute([0, 3, 1, 2]))
    }

    /// Each mask token's hypernetwork times the upscaled map.
    fn masks(&self, mask_tokens: &Tensor<3>, map: Tensor<4>) -> Tensor<3> {
        let [_, channels, height, width] = map.dims();
        let weights = self
            .hypernetworks
            .iter()
            .enumerate()
            .map(|(i, mlp)| mlp.forward(mask_tokens.clone().narrow(1, i, 1)))
            .collect();
        let weights = Tensor::cat(weights, 1).reshape([MASKS, channels]);
        weights
            .matmul(map.reshape([channels, height * width]))
            .reshape([MASKS, height, width])
    }
}
