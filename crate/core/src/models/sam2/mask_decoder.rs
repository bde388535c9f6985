//! SAM 2's mask decoder (sam2's `mask_decoder.py`).

use burn::tensor::Tensor;
use burn::tensor::activation::{gelu, sigmoid};
use burn::tensor::module::conv_transpose2d;
use burn::tensor::ops::ConvTransposeOptions;

use super::fpn::Features;
use super::two_way::TwoWay;
use crate::error::Error;
use crate::models::sa2va::GroundingConfig;
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
}

impl MaskDecoder {
    /// Reads `{at}.*`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read.
    pub fn load(loader: &mut Loader, at: &str, config: &GroundingConfig) -> Result<Self, Error> {
        let width = config.d_model;
        let mut token = |name: &str, rows: usize| -> Result<Tensor<3>, Error> {
            let rows: Tensor<2> = loader.tensor(&format!("{at}.{name}.weight"), [rows, width])?;
            Ok(rows.unsqueeze())
        };
        let output_tokens = vec![
            token("obj_score_token", 1)?,
            token("iou_token", 1)?,
            token("mask_tokens", MASKS)?,
        ];
        // Placeholders of a failed load do not line up; the load is refused at its end.
        let fits = output_tokens.iter().all(|t| t.dims()[2] == width);
        let output_tokens = match fits {
            true => Tensor::cat(output_tokens, 1),
            false => Tensor::zeros([1; 3], loader.device()),
        };
        let mut upscale = |i: usize, input, output| -> Result<_, Error> {
            Ok((
                loader.tensor(
                    &format!("{at}.output_upscaling.{i}.weight"),
                    [input, output, 2, 2],
                )?,
                loader.tensor(&format!("{at}.output_upscaling.{i}.bias"), [output])?,
            ))
        };
        let (upscale1, upscale2) = (
            upscale(0, width, width / 4)?,
            upscale(3, width / 4, width / 8)?,
        );
        let iou = config.iou_head_hidden_dim;
        Ok(Self {
            transformer: TwoWay::load(loader, &format!("{at}.transformer"), config)?,
            output_tokens,
            upscale1,
            upscale_norm: LayerNorm::load(
                loader,
                &format!("{at}.output_upscaling.1"),
                width / 4,
                EPS,
            )?,
            upscale2,
            hypernetworks: (0..MASKS)
                .map(|i| {
                    let name = format!("{at}.output_hypernetworks_mlps.{i}");
                    Mlp::load(loader, &name, &[width, width, width, width / 8])
                })
                .collect::<Result<_, _>>()?,
            iou_head: Mlp::load(
                loader,
                &format!("{at}.iou_prediction_head"),
                &[width, iou, iou, MASKS],
            )?,
            object_score_head: Mlp::load(
                loader,
                &format!("{at}.pred_obj_score_head"),
                &[width, width, width, 1],
            )?,
        })
    }

    /// All candidates of one prompt.
    ///
    /// `positions`: `[1, h, w, d_model]`, `sparse`: `[1, tokens, d_model]`, `dense`:
    /// `[1, h, w, d_model]`, where h and w are those of the image embedding.
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
        Candidates {
            masks: self.masks(&tokens, self.upscale(map, features)),
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
    fn masks(&self, tokens: &Tensor<3>, map: Tensor<4>) -> Tensor<3> {
        let [_, channels, height, width] = map.dims();
        let weights = self
            .hypernetworks
            .iter()
            .enumerate()
            .map(|(i, mlp)| mlp.forward(tokens.clone().narrow(1, 2 + i, 1)))
            .collect();
        let weights = Tensor::cat(weights, 1).reshape([MASKS, channels]);
        weights
            .matmul(map.reshape([channels, height * width]))
            .reshape([MASKS, height, width])
    }
}
