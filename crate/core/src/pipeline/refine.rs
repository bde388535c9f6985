//! Clicks and a box become a mask, or a better one.

use super::object::Choice;
use super::{Object, Picture};
use crate::error::Error;
use crate::image::ImageSize;
use crate::mask::BoundingBox;
use crate::models::sam2::{Coordinate, Label, MaskPrompt};
use crate::runtime::host::{Host, Stage};

/// Whether a point belongs to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointLabel {
    Background,
    Foreground,
}

/// A click, in picture pixels: x right, y down.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
    pub label: PointLabel,
}

/// Geometric prompts for one object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prompts {
    pub points: Vec<Point>,
    pub bbox: Option<BoundingBox>,
}

impl Prompts {
    /// The coordinates in the model's square input of `side` pixels, box corners first.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when there is none, or one lies outside a picture of `size`.
    fn coordinates(&self, size: ImageSize, side: usize) -> Result<Vec<Coordinate>, Error> {
        const MAX_POINTS: usize = 256;
        let invalid = |reason: String| Error::InvalidQuery { reason };
        if self.points.is_empty() && self.bbox.is_none() {
            return Err(invalid("a click or a box is needed".into()));
        }
        if self.points.len() > MAX_POINTS {
            return Err(invalid(format!(
                "{} clicks, at most {MAX_POINTS} are taken",
                self.points.len()
            )));
        }
        let corners = self.bbox.iter().flat_map(|b| {
            [
                (b.x0, b.y0, Label::BoxTopLeft),
                (b.x1, b.y1, Label::BoxBottomRight),
            ]
        });
        let points = self.points.iter().map(|p| match p.label {
            PointLabel::Background => (p.x, p.y, Label::Background),
            PointLabel::Foreground => (p.x, p.y, Label::Foreground),
        });
        let (width, height) = (size.width as f32, size.height as f32);
        corners
            .chain(points)
            .map(|(x, y, label)| {
                if (0.0..=width).contains(&x) && (0.0..=height).contains(&y) {
                    let side = side as f32;
                    Ok(Coordinate {
                        x: x / width * side,
                        y: y / height * side,
                        label,
                    })
                } else {
                    Err(invalid(format!(
                        "({x}, {y}) is outside the {width}×{height} picture"
                    )))
                }
            })
            .collect()
    }
}

impl Picture {
    /// Draws or redraws one object from clicks and a box, starting from `previous` if given.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when there is no click and no box or one lies outside the picture,
    /// [`Error::Cancelled`], [`Error::GpuResultInvalid`] and [`Error::DeviceLost`].
    pub async fn refine(
        &self,
        prompts: &Prompts,
        previous: Option<&Object>,
        host: &dyn Host,
    ) -> Result<Object, Error> {
        let inner = &self.model.0;
        let side = inner.config.grounding_encoder.image_size;
        let mask = previous.map(|object| object.low_res_logits().to_vec());
        let cells = inner.config.grounding_encoder.mask_side().pow(2);
        if mask.as_ref().is_some_and(|logits| logits.len() != cells) {
            return Err(Error::InvalidQuery {
                reason: "the object to refine was found by another model".into(),
            });
        }
        let prompt = MaskPrompt::Geometry {
            coordinates: prompts.coordinates(self.size(), side)?,
            mask,
        };
        host.progress(Stage::Mask, 0, Some(1));
        host.checkpoint().await?;
        let run = inner.parts.run(host);
        let object = self.decode_mask(&prompt, Choice::SingleIfStable, &run);
        let object = object.await?;
        host.progress(Stage::Mask, 1, Some(1));
        Ok(object)
    }
}
