//! SAM 2's image encoder: trunk and neck (sam2's
//! [`ImageEncoder`](https://github.com/facebookresearch/sam2/blob/main/sam2/modeling/backbones/image_encoder.py)).

use burn::tensor::Tensor;

use super::config::Sam2Config;
use super::fpn::{Features, Fpn};
use super::hiera::Hiera;
use crate::error::Error;
use crate::nn::Loader;
use crate::runtime::run::Run;
use crate::runtime::trace::TraceStage;

/// Hiera and its neck.
#[derive(Debug, Clone)]
pub struct ImageEncoder {
    trunk: Hiera,
    neck: Fpn,
}

impl ImageEncoder {
    /// Reads trunk and neck.
    ///
    /// # Errors
    /// As [`Loader::tensor`]; those of [`Loader::checkpoint`].
    pub async fn load(loader: &Loader<'_>, config: &Sam2Config) -> Result<Self, Error> {
        Ok(Self {
            trunk: Hiera::load(&loader.at("image_encoder.trunk"), config).await?,
            neck: Fpn::load(loader)?,
        })
    }

    /// Features of a whole picture.
    ///
    /// # Shapes
    /// - `pixels`: `[1, 3, side, side]`, as [`pixel_values`](super::pixel_values) makes them
    /// - result: see [`Features`]
    ///
    /// # Errors
    /// Those of [`Run::block`] and [`Run::trace`].
    pub async fn forward(&self, pixels: Tensor<4>, run: &mut Run<'_>) -> Result<Features, Error> {
        let stages = self.trunk.forward(pixels, run).await?;
        let pyramid = self.neck.pyramid(stages);
        if run.traces() {
            for (level, map) in pyramid.iter().enumerate() {
                let map = map.clone().permute([0, 3, 1, 2]);
                run.trace(TraceStage::Fpn, level, &map).await?;
            }
        }
        Ok(self.neck.reduce(pyramid))
    }

    #[must_use]
    pub fn trunk(&self) -> &Hiera {
        &self.trunk
    }

    #[must_use]
    pub fn neck(&self) -> &Fpn {
        &self.neck
    }
}
