//! Constraints on a mask: largest, left of, nearest to, and so on.

use askmask_core::error::Error;
use askmask_core::mask::Mask;
use serde::Deserialize;
use serde::de::{IntoDeserializer, value};

use super::Overlap;

/// How a target stands to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relation {
    /// Of the largest area.
    Largest,
    /// Of the smallest area.
    Smallest,
    /// Center of mass furthest left; so on for the next three.
    Leftmost,
    /// Furthest right.
    Rightmost,
    /// Highest up.
    Topmost,
    /// Lowest down.
    Lowest,
    /// Center of mass left of the anchor's; so on for the next three.
    LeftOf,
    /// Right of the anchor.
    RightOf,
    /// Higher up than the anchor.
    Above,
    /// Lower down than the anchor.
    Below,
    /// Center of mass nearer to the anchor's than that of any other.
    NearestTo,
}

impl Relation {
    /// The relation of that name, as askmask-scenes writes it: `left-of`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let known: Result<_, value::Error> = Self::deserialize(name.into_deserializer());
        known.ok()
    }

    /// Whether it is a relation to one other object, rather than among several.
    pub(super) fn needs_anchor(self) -> bool {
        matches!(
            self,
            Self::LeftOf | Self::RightOf | Self::Above | Self::Below | Self::NearestTo
        )
    }
}

/// What a target must satisfy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// How the target stands to the others.
    pub relation: Relation,
    /// The object it is left of, nearest to and so on.
    pub anchor: Option<Mask>,
    /// The objects to choose from, the target among them.
    pub among: Vec<Mask>,
}

/// Size and center of mass of a mask that is not empty.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    pub area: f64,
    pub x: f64,
    pub y: f64,
}

impl Extent {
    /// `None` for an empty mask.
    pub(super) fn of(mask: &Mask) -> Option<Self> {
        let (mut area, mut x, mut y) = (0_u64, 0_u64, 0_u64);
        for (row, values) in mask.data.chunks_exact(mask.size.width.max(1)).enumerate() {
            for (column, _) in values.iter().enumerate().filter(|(_, v)| **v != 0) {
                area += 1;
                x += column as u64;
                y += row as u64;
            }
        }
        let mean = |sum: u64| sum as f64 / area as f64 + 0.5;
        (area > 0).then(|| Self {
            area: area as f64,
            x: mean(x),
            y: mean(y),
        })
    }

    fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }
}

impl Constraint {
    /// Whether a predicted mask satisfies it.
    ///
    /// The mask must overlap one of `among`, and that one is taken to be what was meant; the
    /// mask's own area and center of mass must then stand to the others, or to the anchor, as the
    /// relation says, strictly. An empty mask satisfies nothing.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the masks are of different sizes.
    pub(super) fn holds(&self, mask: &Mask) -> Result<bool, Error> {
        let Some(found) = Extent::of(mask) else {
            return Ok(false);
        };
        let mut candidates: Vec<&Mask> = self.among.iter().collect();
        candidates.retain(|other| Some(*other) != self.anchor.as_ref());
        let mut meant: Option<(usize, f64)> = None;
        for (index, candidate) in candidates.iter().enumerate() {
            let iou = Overlap::of(mask, candidate, None)?.iou();
            if iou > meant.map_or(0.0, |(_, best)| best) {
                meant = Some((index, iou));
            }
        }
        let Some((index, _)) = meant else {
            return Ok(false);
        };
        candidates.swap_remove(index);
        let others = || candidates.iter().filter_map(|mask| Extent::of(mask));
        let anchor = self.anchor.as_ref().and_then(Extent::of);
        let to_anchor = |test: &dyn Fn(Extent) -> bool| anchor.is_some_and(test);
        Ok(match self.relation {
            Relation::Largest => others().all(|o| found.area > o.area),
            Relation::Smallest => others().all(|o| found.area < o.area),
            Relation::Leftmost => others().all(|o| found.x < o.x),
            Relation::Rightmost => others().all(|o| found.x > o.x),
            Relation::Topmost => others().all(|o| found.y < o.y),
            Relation::Lowest => others().all(|o| found.y > o.y),
            Relation::LeftOf => to_anchor(&|a| found.x < a.x),
            Relation::RightOf => to_anchor(&|a| found.x > a.x),
            Relation::Above => to_anchor(&|a| found.y < a.y),
            Relation::Below => to_anchor(&|a| found.y > a.y),
            Relation::NearestTo => {
                to_anchor(&|a| others().all(|o| found.distance(a) < o.distance(a)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::tests::row;

    fn constraint(relation: &str, anchor: Option<&str>, among: &[&str]) -> Constraint {
        Constraint {
            relation: Relation::parse(relation).unwrap(),
            anchor: anchor.map(row),
            among: among.iter().map(|text| row(text)).collect(),
        }
    }

    #[test]
    fn the_largest_is_judged_by_the_mask_itself() {
        let largest = constraint("largest", None, &["##......", "....###."]);
        assert!(largest.holds(&row("....###.")).unwrap());
        assert!(!largest.holds(&row("##......")).unwrap());
        // The right one, but drawn too small.
        assert!(!largest.holds(&row("....##..")).unwrap());
        assert!(!largest.holds(&row("........")).unwrap());
        // Where none of the objects is.
        assert!(!largest.holds(&row("..##....")).unwrap());
    }

    #[test]
    fn the_anchor_is_no_answer() {
        let left = constraint("left-of", Some("....##.."), &["##......", "....##.."]);
        assert!(left.holds(&row("##......")).unwrap());
        assert!(!left.holds(&row("....##..")).unwrap());
        assert!(!left.holds(&row("......##")).unwrap());
    }

    #[test]
    fn nearest_compares_with_the_others() {
        let nearest = constraint("nearest-to", Some("#......."), &["..#.....", ".....#.."]);
        assert!(nearest.holds(&row("..#.....")).unwrap());
        assert!(!nearest.holds(&row(".....#..")).unwrap());
        // Without an anchor there is nothing to be near to.
        let lost = constraint("nearest-to", None, &["..#....."]);
        assert!(!lost.holds(&row("..#.....")).unwrap());
    }

    #[test]
    fn ends_are_strict() {
        let last = constraint("rightmost", None, &["##....", "...##."]);
        assert!(last.holds(&row("...##.")).unwrap());
        assert!(!last.holds(&row("##....")).unwrap());
        assert_eq!(Relation::parse("inside"), None);
    }
}
