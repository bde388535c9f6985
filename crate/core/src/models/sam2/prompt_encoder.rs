//! SAM 2's prompt encoder: points, boxes, masks and the language token
//! ([Kirillov et al. 2023](https://arxiv.org/abs/2304.02643); sam2's
//! [`prompt_encoder.py`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/sam/prompt_encoder.py)).

use std::f32::consts::TAU;

use burn::tensor::activation::gelu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use super::config::Sam2Config;
use crate::error::Error;
use crate::nn::{LayerNorm, Loader};

const EPS: f64 = 1e-6;

/// What a prompt coordinate means; the order is that of `point_embeddings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    Background = 0,
    Foreground = 1,
    BoxTopLeft = 2,
    BoxBottomRight = 3,
}

/// A coordinate in pixels of the model's square input, x right, y down, and its meaning.
#[derive(Debug, Clone, Copy)]
pub struct Coordinate {
    pub x: f32,
    pub y: f32,
    pub label: Label,
}

/// What says which object is meant: the one way into mask decoding.
#[derive(Debug, Clone)]
pub enum MaskPrompt {
    /// A language embedding, `[1, 1, d_model]`.
    Embedding(Tensor<3>),
    /// Clicks and box corners, and the logits of an earlier mask.
    Geometry {
        coordinates: Vec<Coordinate>,
        /// `[4·side, 4·side]` row-major, where side is that of the image embedding.
        mask: Option<Vec<f32>>,
    },
}

/// Encodes prompts into sparse tokens and a dense map.
#[derive(Debug, Clone)]
pub struct PromptEncoder {
    /// `[2, d_model/2]`, row-major: random frequencies of x, then of y.
    frequencies: Vec<f32>,
    points: Vec<Vec<f32>>,
    not_a_point: Vec<f32>,
    no_mask: Tensor<2>,
    mask: MaskDownscaling,
    /// Fourier code of the image embedding, `[1, side, side, d_model]`.
    dense_positions: Tensor<4>,
    side: usize,
    image_size: usize,
}

impl PromptEncoder {
    /// Reads the encoder.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn load(loader: &Loader, config: &Sam2Config) -> Result<Self, Error> {
        let (side, device) = (config.embedding_side(), loader.device());
        let frequencies = loader.values("pe_layer.positional_encoding_gaussian_matrix")?;
        let point = |i| loader.at_index("point_embeddings", i).values("weight");
        Ok(Self {
            points: (0..4).map(point).collect::<Result<_, _>>()?,
            not_a_point: loader.values("not_a_point_embed.weight")?,
            no_mask: loader.tensor("no_mask_embed.weight")?,
            mask: MaskDownscaling::load(&loader.at("mask_downscaling"))?,
            dense_positions: grid_positions(&frequencies, side, device),
            frequencies,
            side,
            image_size: config.image_size,
        })
    }

    /// Sparse tokens `[1, tokens, d_model]` and dense map `[1, side, side, d_model]` of a prompt.
    #[must_use]
    pub fn forward(&self, prompt: &MaskPrompt, device: &Device) -> (Tensor<3>, Tensor<4>) {
        match prompt {
            MaskPrompt::Embedding(embedding) => (self.language(embedding.clone()), self.no_mask()),
            MaskPrompt::Geometry { coordinates, mask } => {
                let dense = match mask {
                    Some(logits) => {
                        let side = logits.len().isqrt();
                        let data = TensorData::new(logits.clone(), [1, 1, side, side]);
                        self.mask.forward(Tensor::from_data(data, device))
                    }
                    None => self.no_mask(),
                };
                (self.coordinates(coordinates, device), dense)
            }
        }
    }

    /// The Fourier code of every cell of the image embedding, `[1, side, side, d_model]`.
    #[must_use]
    pub fn dense_positions(&self) -> Tensor<4> {
        self.dense_positions.clone()
    }

    /// Sparse tokens of a `[SEG]` prompt, `[1, 3, d_model]`: the padding point, the encoder's own
    /// padding and the language embedding `[1, 1, d_model]`, as Sa2VA feeds them.
    fn language(&self, embedding: Tensor<3>) -> Tensor<3> {
        let device = embedding.device();
        let padding = self.tokens(
            &[self.not_a_point.clone(), self.not_a_point.clone()],
            &device,
        );
        Tensor::cat(vec![padding, embedding], 1)
    }

    /// Sparse tokens of points and box corners followed by one padding token,
    /// `[1, coordinates + 1, d_model]`.
    fn coordinates(&self, coordinates: &[Coordinate], device: &Device) -> Tensor<3> {
        let mut rows: Vec<Vec<f32>> = coordinates.iter().map(|c| self.coordinate(c)).collect();
        rows.push(self.not_a_point.clone());
        self.tokens(&rows, device)
    }

    /// The dense prompt without a mask, `[1, side, side, d_model]`.
    fn no_mask(&self) -> Tensor<4> {
        let width = self.no_mask.dims()[1];
        self.no_mask
            .clone()
            .reshape([1, 1, 1, width])
            .expand([1, self.side, self.side, width])
    }

    fn coordinate(&self, coordinate: &Coordinate) -> Vec<f32> {
        // Half a pixel to the pixel's center, then to 0..1.
        let unit = |v: f32| (v + 0.5) / self.image_size as f32;
        let mut code = fourier(&self.frequencies, unit(coordinate.x), unit(coordinate.y));
        for (value, add) in code.iter_mut().zip(&self.points[coordinate.label as usize]) {
            *value += add;
        }
        code
    }

    fn tokens(&self, rows: &[Vec<f32>], device: &Device) -> Tensor<3> {
        let data = TensorData::new(rows.concat(), [1, rows.len(), self.not_a_point.len()]);
        Tensor::from_data(data, device)
    }
}

/// Random Fourier features ([Tancik et al. 2020](https://arxiv.org/abs/2006.10739)) of a place in
/// 0..1: sines, then cosines.
fn fourier(frequencies: &[f32], x: f32, y: f32) -> Vec<f32> {
    let (fx, fy) = frequencies.split_at(frequencies.len() / 2);
    let (x, y) = (2.0 * x - 1.0, 2.0 * y - 1.0);
    let angles: Vec<f32> = fx
        .iter()
        .zip(fy)
        .map(|(fx, fy)| TAU * (x * fx + y * fy))
        .collect();
    angles
        .iter()
        .map(|a| a.sin())
        .chain(angles.iter().map(|a| a.cos()))
        .collect()
}

/// The Fourier code of every cell of the image embedding, `[1, side, side, d_model]`.
fn grid_positions(frequencies: &[f32], side: usize, device: &Device) -> Tensor<4> {
    let unit = |i: usize| (i as f32 + 0.5) / side as f32;
    let values: Vec<f32> = (0..side * side)
        .flat_map(|i| fourier(frequencies, unit(i % side), unit(i / side)))
        .collect();
    let data = TensorData::new(values, [1, side, side, frequencies.len()]);
    Tensor::from_data(data, device)
}

/// Convolutions that bring a mask prompt to the size of the image embedding.
#[derive(Debug, Clone)]
struct MaskDownscaling {
    conv1: (Tensor<4>, Tensor<1>),
    norm1: LayerNorm,
    conv2: (Tensor<4>, Tensor<1>),
    norm2: LayerNorm,
    conv3: (Tensor<4>, Tensor<1>),
}

impl MaskDownscaling {
    fn load(loader: &Loader) -> Result<Self, Error> {
        Ok(Self {
            conv1: (loader.tensor("0.weight")?, loader.tensor("0.bias")?),
            norm1: LayerNorm::load(&loader.at("1"), EPS)?,
            conv2: (loader.tensor("3.weight")?, loader.tensor("3.bias")?),
            norm2: LayerNorm::load(&loader.at("4"), EPS)?,
            conv3: (loader.tensor("6.weight")?, loader.tensor("6.bias")?),
        })
    }

    /// `[1, 1, 4·side, 4·side]` → `[1, side, side, d_model]`.
    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let run = |x, (weight, bias): &(Tensor<4>, Tensor<1>), stride| {
            let options = ConvOptions::new([stride; 2], [0, 0], [1, 1], 1);
            conv2d(x, weight.clone(), Some(bias.clone()), options)
        };
        let x = gelu(self.norm1.forward_channels(run(x, &self.conv1, 2)));
        let x = gelu(self.norm2.forward_channels(run(x, &self.conv2, 2)));
        run(x, &self.conv3, 1).permute([0, 2, 3, 1])
    }
}
