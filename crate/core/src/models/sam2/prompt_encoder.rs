//! SAM 2's prompt encoder: points, boxes, masks and the language token (Kirillov et al. 2023;
//! sam2's `prompt_encoder.py`).

use std::f32::consts::TAU;

use burn::tensor::activation::gelu;
use burn::tensor::module::conv2d;
use burn::tensor::ops::ConvOptions;
use burn::tensor::{Device, Tensor, TensorData};

use crate::error::Error;
use crate::models::sa2va::GroundingConfig;
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
    /// Reads `{at}.*`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when a file cannot be read.
    pub fn load(loader: &mut Loader, at: &str, config: &GroundingConfig) -> Result<Self, Error> {
        let (width, side) = (config.d_model, config.embedding_side());
        let matrix = format!("{at}.pe_layer.positional_encoding_gaussian_matrix");
        let frequencies = loader.values(&matrix, &[2, width / 2])?.unwrap_or_default();
        let points = (0..4)
            .map(|i| row(loader, &format!("{at}.point_embeddings.{i}.weight"), width))
            .collect::<Result<_, _>>()?;
        let mut encoder = Self {
            not_a_point: row(loader, &format!("{at}.not_a_point_embed.weight"), width)?,
            no_mask: loader.tensor(&format!("{at}.no_mask_embed.weight"), [1, width])?,
            mask: MaskDownscaling::load(loader, &format!("{at}.mask_downscaling"), width)?,
            dense_positions: Tensor::zeros([1; 4], loader.device()),
            frequencies,
            points,
            side,
            image_size: config.image_size,
        };
        encoder.dense_positions = encoder.grid_positions(loader.device());
        Ok(encoder)
    }

    /// The Fourier code of every cell of the image embedding, `[1, side, side, d_model]`.
    #[must_use]
    pub fn dense_positions(&self) -> Tensor<4> {
        self.dense_positions.clone()
    }

    /// Sparse tokens of a `[SEG]` prompt, `[1, 3, d_model]`: the padding point, the encoder's own
    /// padding and the language embedding `[1, 1, d_model]`, as Sa2VA feeds them.
    #[must_use]
    pub fn language(&self, embedding: Tensor<3>) -> Tensor<3> {
        let device = embedding.device();
        let padding = self.tokens(
            &[self.not_a_point.clone(), self.not_a_point.clone()],
            &device,
        );
        Tensor::cat(vec![padding, embedding], 1)
    }

    /// Sparse tokens of points and box corners followed by one padding token,
    /// `[1, coordinates + 1, d_model]`.
    #[must_use]
    pub fn coordinates(&self, coordinates: &[Coordinate], device: &Device) -> Tensor<3> {
        let mut rows: Vec<Vec<f32>> = coordinates.iter().map(|c| self.coordinate(c)).collect();
        rows.push(self.not_a_point.clone());
        self.tokens(&rows, device)
    }

    /// The dense prompt without a mask, `[1, side, side, d_model]`.
    #[must_use]
    pub fn no_mask(&self) -> Tensor<4> {
        let width = self.no_mask.dims()[1];
        self.no_mask
            .clone()
            .reshape([1, 1, 1, width])
            .expand([1, self.side, self.side, width])
    }

    /// The dense prompt of earlier low-resolution logits `[1, 1, 4·side, 4·side]`,
    /// `[1, side, side, d_model]`.
    #[must_use]
    pub fn mask(&self, logits: Tensor<4>) -> Tensor<4> {
        self.mask.forward(logits)
    }

    fn coordinate(&self, coordinate: &Coordinate) -> Vec<f32> {
        // Half a pixel to the pixel's center, then to 0..1.
        let unit = |v: f32| (v + 0.5) / self.image_size as f32;
        let mut code = self.fourier(unit(coordinate.x), unit(coordinate.y));
        for (value, add) in code.iter_mut().zip(&self.points[coordinate.label as usize]) {
            *value += add;
        }
        code
    }

    /// Random Fourier features (Tancik et al. 2020) of a place in 0..1: sines, then cosines.
    fn fourier(&self, x: f32, y: f32) -> Vec<f32> {
        let (fx, fy) = self.frequencies.split_at(self.frequencies.len() / 2);
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

    fn grid_positions(&self, device: &Device) -> Tensor<4> {
        let (side, width) = (self.side, self.frequencies.len());
        let unit = |i: usize| (i as f32 + 0.5) / side as f32;
        let values: Vec<f32> = (0..side * side)
            .flat_map(|i| self.fourier(unit(i % side), unit(i / side)))
            .collect();
        Tensor::from_data(TensorData::new(values, [1, side, side, width]), device)
    }

    fn tokens(&self, rows: &[Vec<f32>], device: &Device) -> Tensor<3> {
        let data = TensorData::new(rows.concat(), [1, rows.len(), self.not_a_point.len()]);
        Tensor::from_data(data, device)
    }
}

fn row(loader: &mut Loader, name: &str, width: usize) -> Result<Vec<f32>, Error> {
    Ok(loader.values(name, &[1, width])?.unwrap_or_default())
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
    fn load(loader: &mut Loader, at: &str, width: usize) -> Result<Self, Error> {
        const CHANNELS: usize = 16;
        let mut conv = |i: usize, output, input, side| -> Result<_, Error> {
            Ok((
                loader.tensor(&format!("{at}.{i}.weight"), [output, input, side, side])?,
                loader.tensor(&format!("{at}.{i}.bias"), [output])?,
            ))
        };
        let conv1 = conv(0, CHANNELS / 4, 1, 2)?;
        let conv2 = conv(3, CHANNELS, CHANNELS / 4, 2)?;
        let conv3 = conv(6, width, CHANNELS, 1)?;
        Ok(Self {
            conv1,
            norm1: LayerNorm::load(loader, &format!("{at}.1"), CHANNELS / 4, EPS)?,
            conv2,
            norm2: LayerNorm::load(loader, &format!("{at}.4"), CHANNELS, EPS)?,
            conv3,
        })
    }

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
