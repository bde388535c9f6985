//! A small piece of every layer kind on noise, to compare one device with another.
//!
//! Each part can be loaded with only those layers that its sample runs.

use burn::tensor::{Device, Tensor, TensorData};

use crate::error::Error;
use crate::models::sa2va::{
    Config, Connector, GROUNDING, ImageEncoder, Language, Masks, SegProjection, Vision,
};
use crate::models::sam2::{Coordinate, Features, Fpn, Hiera, Label};
use crate::models::{InternVit, Qwen2};
use crate::nn::Loader;

/// What one layer kind made of noise.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The layer kind, for messages.
    pub stage: &'static str,
    /// Its output, row-major.
    pub values: Tensor<1>,
}

impl Sample {
    fn new<const D: usize>(stage: &'static str, tensor: Tensor<D>) -> Self {
        let count = tensor.dims().iter().product::<usize>();
        Self {
            stage,
            values: tensor.reshape([count]),
        }
    }
}

/// Numbers between −1 and 1 without a pattern, the same everywhere.
pub(crate) fn noise<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let count = shape.iter().product();
    let mut state = 1_u32;
    let values: Vec<f32> = std::iter::repeat_with(|| {
        // Numerical Recipes' linear congruential generator; its upper bits are good enough.
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    })
    .take(count)
    .collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

impl Vision {
    /// Only what [`Vision::sample`] runs.
    ///
    /// # Errors
    /// As [`Vision::load`].
    pub async fn load_sample(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        let mut one_block = config.clone();
        one_block.vision_config.num_hidden_layers = 1;
        Ok(Self {
            tower: InternVit::load(loader, &one_block).await?,
            connector: Connector::load(loader, config)?,
        })
    }

    #[must_use]
    pub fn sample(&self) -> Vec<Sample> {
        let patches = self.tower.sample();
        let width = 4 * patches.dims()[2];
        let shuffled = noise([1, 3, width], &patches.device());
        vec![
            Sample::new("vision tower", patches),
            Sample::new("connector", self.connector.forward(shuffled)),
        ]
    }
}

impl Language {
    /// Only what [`Language::sample`] runs.
    ///
    /// # Errors
    /// As [`Language::load`].
    pub fn load_sample(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        Ok(Self {
            model: Qwen2::load_sample(loader, config)?,
            seg_projection: SegProjection::load(loader, config)?,
        })
    }

    #[must_use]
    pub fn sample(&self, device: &Device) -> Vec<Sample> {
        let (hidden, logits) = self.model.sample(device);
        let embedding = self.seg_projection.forward(hidden.clone());
        vec![
            Sample::new("language model", hidden),
            Sample::new("language model's head", logits),
            Sample::new("projection of [SEG]", embedding),
        ]
    }
}

impl ImageEncoder {
    /// Only what [`ImageEncoder::sample`] runs.
    ///
    /// # Errors
    /// As [`ImageEncoder::load`].
    pub async fn load_sample(loader: &mut Loader<'_>, config: &Config) -> Result<Self, Error> {
        let grounding = &config.grounding_encoder;
        let trunk = format!("{GROUNDING}.image_encoder.trunk");
        Ok(Self {
            trunk: Hiera::load_sample(loader, &trunk, grounding).await?,
            neck: Fpn::load(loader, GROUNDING, grounding)?,
        })
    }

    #[must_use]
    pub fn sample(&self) -> Vec<Sample> {
        let trunk = self.trunk.sample();
        let (width, device) = (trunk.dims()[3] / 2, trunk.device());
        let stages = std::array::from_fn(|stage| {
            let side = 8 >> stage;
            noise([1, side, side, width << stage], &device)
        });
        let neck = self.neck.reduce(self.neck.pyramid(stages));
        vec![
            Sample::new("image encoder", trunk),
            Sample::new("image encoder's neck", neck.embedding),
            Sample::new("image encoder's neck, stride 8", neck.stride8),
            Sample::new("image encoder's neck, stride 4", neck.stride4),
        ]
    }
}

impl Masks {
    #[must_use]
    pub fn sample(&self, config: &Config, device: &Device) -> Vec<Sample> {
        const SIDE: usize = 4;
        let width = config.grounding_encoder.d_model;
        let features = Features {
            embedding: noise([1, SIDE, SIDE, width], device),
            stride8: noise([1, 2 * SIDE, 2 * SIDE, width / 4], device),
            stride4: noise([1, 4 * SIDE, 4 * SIDE, width / 8], device),
        };
        let click = Coordinate {
            x: 10.0,
            y: 20.0,
            label: Label::Foreground,
        };
        let sparse = self.prompt_encoder.coordinates(&[click], device);
        let logits = noise([1, 1, 4 * SIDE, 4 * SIDE], device);
        let dense = self.prompt_encoder.mask(logits);
        let positions = noise([1, SIDE, SIDE, width], device);
        let found = self
            .decoder
            .forward(&features, positions, sparse, dense.clone());
        vec![
            Sample::new("prompt encoder", dense),
            Sample::new("mask decoder", found.masks),
            Sample::new("mask decoder's scores", found.iou),
        ]
    }
}
