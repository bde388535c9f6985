//! Pixels that two masks share.

use askmask_core::error::Error;
use askmask_core::mask::Mask;
use serde::{Deserialize, Serialize};

/// Intersection and union of a predicted and a true mask, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Pixels of both.
    pub intersection: u64,
    /// Pixels of either.
    pub union: u64,
    /// Predicted pixels.
    pub predicted: u64,
    /// True pixels.
    pub truth: u64,
}

impl Overlap {
    /// Counts pixels; those of `ignore` count on neither side.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the masks are of different sizes.
    pub fn of(predicted: &Mask, truth: &Mask, ignore: Option<&Mask>) -> Result<Self, Error> {
        predicted.check_same_size(truth)?;
        if let Some(ignore) = ignore {
            predicted.check_same_size(ignore)?;
        }
        let mut overlap = Self::default();
        for (index, (a, b)) in predicted.data.iter().zip(&truth.data).enumerate() {
            let ignored = ignore.is_some_and(|mask| mask.data.get(index).is_some_and(|&v| v != 0));
            if ignored {
                continue;
            }
            overlap.intersection += u64::from(a & b);
            overlap.union += u64::from(a | b);
            overlap.predicted += u64::from(*a);
            overlap.truth += u64::from(*b);
        }
        Ok(overlap)
    }

    /// Intersection over union as the code of LISA has it for ReasonSeg, 0 to 1: I / (U + 1e-5),
    /// and 1 where there is neither truth nor prediction.
    ///
    /// Source: `validate` in [`train_ds.py`][lisa].
    ///
    /// [lisa]: https://github.com/dvlab-research/LISA/blob/main/train_ds.py
    #[must_use]
    pub fn iou_reason_seg(self) -> f64 {
        let empty = if self.union == 0 { 1.0 } else { 0.0 };
        self.intersection as f64 / (self.union as f64 + 1e-5) + empty
    }

    /// Intersection over union, 0 to 1; 0 where there is neither truth nor prediction.
    #[must_use]
    pub fn iou(self) -> f64 {
        if self.union == 0 {
            return 0.0;
        }
        self.intersection as f64 / self.union as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::tests::row;

    #[test]
    fn ignored_pixels_leave_both_sides() {
        let (predicted, truth) = (row("##.#"), row("#.##"));
        let all = Overlap::of(&predicted, &truth, None).unwrap();
        assert_eq!((all.intersection, all.union), (2, 4));
        let some = Overlap::of(&predicted, &truth, Some(&row(".#.#"))).unwrap();
        assert_eq!((some.intersection, some.union), (1, 2));
        assert_eq!((some.predicted, some.truth), (1, 2));
    }

    #[test]
    fn nothing_found_where_nothing_is() {
        let empty = Overlap::of(&row(".."), &row(".."), None).unwrap();
        assert_eq!(empty.iou_reason_seg(), 1.0);
        assert_eq!(empty.iou(), 0.0);
        let false_alarm = Overlap::of(&row("#."), &row(".."), None).unwrap();
        assert_eq!(false_alarm.iou_reason_seg(), 0.0);
    }

    #[test]
    fn sizes_that_differ_are_refused() {
        let (a, b) = (row("#"), row("#."));
        assert!(Overlap::of(&a, &b, None).is_err());
        assert!(Overlap::of(&a, &a, Some(&b)).is_err());
    }
}
