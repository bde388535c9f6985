//! From a prompt by way of the mask decoder's candidates to one object.

use burn::tensor::Tensor;

use super::Picture;
use crate::error::Error;
use crate::image::ImageSize;
use crate::mask::Mask;
use crate::models::sa2va::MaskUpsampling;
use crate::models::sam2::{Candidates, MASKS, MaskPrompt};
use crate::runtime::device::read;
use crate::runtime::run::Run;

/// SAM 2's stability check: a single mask counts as stable when shifting the threshold by this
/// many logits keeps this share of its area.
const STABILITY_DELTA: f32 = 0.05;
const STABILITY_THRESHOLD: f32 = 0.98;
/// SAM 2 clamps logits to ±this before they prompt the decoder again.
const MAX_LOGIT: f32 = 32.0;

/// One segmented object.
#[derive(Debug, Clone)]
pub struct Object {
    /// At the picture's own size.
    pub mask: Mask,
    /// Predicted IoU, 0..1.
    pub score: f32,
    /// Probability that the object is in the picture at all, 0..1.
    pub object_score: f32,
    low_res: Vec<f32>,
}

/// Which candidates may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// The best of the three for ambiguous prompts, as Sa2VA does for `[SEG]`.
    Multimask,
    /// The single one, unless it is unstable, as SAM 2 does for clicks.
    SingleIfStable,
}

impl Object {
    /// Logits at stride 4 of the model's input, `[side, side]` row-major, ±32.
    #[must_use]
    pub fn low_res_logits(&self) -> &[f32] {
        &self.low_res
    }

    /// Reads the candidates of one prompt, chooses one and has its logits, row-major and of the
    /// size that goes with them, drawn at the picture's size.
    async fn choose(
        candidates: Candidates,
        choice: Choice,
        draw: impl FnOnce(&[f32], ImageSize) -> Mask,
    ) -> Result<Self, Error> {
        let [_, height, width] = candidates.masks.dims();
        let area = height * width;
        // One read for everything: each costs a round trip to the GPU.
        let all = Tensor::cat(
            vec![
                candidates.masks.reshape([MASKS * area]),
                candidates.iou,
                candidates.object_score,
            ],
            0,
        );
        let all = read(all).await?;
        let (masks, scores) = all.split_at(MASKS * area);
        check(masks, scores)?;
        let masks: Vec<&[f32]> = masks.chunks_exact(area).collect();
        let best = choice.pick(&masks, &scores[..MASKS]);
        let low = ImageSize { height, width };
        Ok(Self {
            mask: draw(masks[best], low),
            score: scores[best],
            object_score: 1.0 / (1.0 + (-scores[MASKS]).exp()),
            low_res: masks[best]
                .iter()
                .map(|logit| logit.clamp(-MAX_LOGIT, MAX_LOGIT))
                .collect(),
        })
    }
}

impl Picture {
    /// Draws the object that `prompt` means.
    pub(super) async fn decode_mask(
        &self,
        prompt: &MaskPrompt,
        choice: Choice,
        run: &Run<'_>,
    ) -> Result<Object, Error> {
        let inner = &self.model.0;
        let heads = inner.parts.heads();
        let candidates = heads.forward(&self.features, prompt, run).await?;
        run.look();
        let side = inner.config.grounding_encoder.image_size;
        let draw = |logits: &[f32], low| match inner.config.mask_upsampling {
            MaskUpsampling::Bilinear => Mask::from_logits(logits, low, side, self.size()),
            MaskUpsampling::Guided => Mask::from_logits_guided(logits, low, side, self.image()),
        };
        Object::choose(candidates, choice, draw).await
    }
}

impl Choice {
    fn pick(self, masks: &[&[f32]], iou: &[f32]) -> usize {
        let multimask = (1..MASKS).fold(1, |best, i| if iou[i] > iou[best] { i } else { best });
        match self {
            Self::SingleIfStable if stability(masks[0]) >= STABILITY_THRESHOLD => 0,
            _ => multimask,
        }
    }
}

/// Share of the area above −delta that is also above +delta; 1 for an empty mask.
fn stability(mask: &[f32]) -> f32 {
    let above = |threshold: f32| mask.iter().filter(|&&logit| logit > threshold).count() as f32;
    let union = above(-STABILITY_DELTA);
    if union > 0.0 {
        above(STABILITY_DELTA) / union
    } else {
        1.0
    }
}

/// A driver that fails silently gives numbers that are none, or all the same.
fn check(masks: &[f32], scores: &[f32]) -> Result<(), Error> {
    let finite = masks.iter().chain(scores).all(|v| v.is_finite());
    let varied = masks.windows(2).any(|w| w[0] != w[1]);
    if finite && varied {
        return Ok(());
    }
    Err(Error::GpuResultInvalid {
        stage: "mask decoder".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unstable_single_mask_gives_way_to_the_best_of_three() {
        let stable: &[f32] = &[5.0, 5.0, -5.0, -5.0];
        let unstable: &[f32] = &[0.01, 0.02, -0.01, -5.0];
        let iou = [0.9, 0.2, 0.8, 0.3];
        let pick = |single, choice: Choice| choice.pick(&[single, stable, stable, stable], &iou);
        assert_eq!(pick(stable, Choice::SingleIfStable), 0);
        assert_eq!(pick(unstable, Choice::SingleIfStable), 2);
        assert_eq!(pick(stable, Choice::Multimask), 2);
    }

    #[test]
    fn fault_18_nan_and_constant_logits_are_no_masks() {
        assert!(check(&[1.0, f32::NAN], &[0.5]).is_err());
        assert!(check(&[1.0, 1.0], &[0.5]).is_err());
        assert!(check(&[1.0, 2.0], &[f32::INFINITY]).is_err());
        assert!(check(&[1.0, 2.0], &[0.5]).is_ok());
    }
}
