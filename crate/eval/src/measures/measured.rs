//! One answered question as the few numbers that all measures are made of.

use askmask_core::error::Error;
use askmask_core::mask::Mask;
use serde::{Deserialize, Serialize};

use super::answer::{names_all, same_words};
use super::boundary::boundary_f;
use super::statement::statements;
use super::{Constraint, Overlap, Statements};

/// What should have been answered. All masks have the picture's size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    /// Everything that should be segmented; empty where nothing should.
    pub mask: Mask,
    /// Pixels that do not count.
    pub ignore: Option<Mask>,
    /// The answer's words, where they are known.
    pub answer: Option<String>,
    /// What the targets are called, one for each, where that is known.
    pub names: Option<Vec<String>>,
    /// What the target must satisfy.
    pub constraints: Vec<Constraint>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prediction {
    /// The text with `[SEG]` in it.
    pub marked: String,
    /// How many `[SEG]` there are.
    pub segs: u32,
    /// Union of all masks.
    pub mask: Mask,
}

/// What is left of a question once it was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Whether there was something to segment.
    pub targeted: bool,
    /// How many `[SEG]` the answer had.
    pub segs: u32,
    #[serde(flatten)]
    overlap: Overlap,
    /// How well the mask's boundary lies on the true one, 0 to 1; see [`Measure::BoundaryF`].
    ///
    /// [`Measure::BoundaryF`]: super::Measure::BoundaryF
    pub boundary_f: f64,
    /// Whether the answer was the expected one, word for word; here and below nothing where that
    /// is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_words: Option<bool>,
    /// Whether the answer named all targets and nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub named: Option<bool>,
    /// Whether the mask satisfied all constraints of the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constraints: Option<bool>,
    /// What the answer said about its own mask.
    pub statements: Statements,
}

impl Measured {
    /// Measures an answer.
    ///
    /// # Errors
    /// [`Error::InvalidQuery`] when the masks are of different sizes.
    pub fn of(prediction: &Prediction, truth: &Truth) -> Result<Self, Error> {
        let overlap = Overlap::of(&prediction.mask, &truth.mask, truth.ignore.as_ref())?;
        let (predicted, ignore) = (&prediction.mask, truth.ignore.as_ref());
        let boundary_f = boundary_f(predicted, &truth.mask, ignore)?;
        let mut satisfied = None;
        for constraint in &truth.constraints {
            satisfied = Some(satisfied.unwrap_or(true) && constraint.holds(&prediction.mask)?);
        }
        let names = truth.names.as_ref();
        Ok(Self {
            targeted: overlap.truth > 0,
            segs: prediction.segs,
            overlap,
            boundary_f,
            same_words: truth
                .answer
                .as_ref()
                .map(|answer| same_words(&prediction.marked, answer)),
            named: names.map(|names| names_all(&prediction.marked, names)),
            constraints: satisfied,
            statements: statements(&prediction.marked, &prediction.mask, &truth.constraints)?,
        })
    }

    /// Pixels of the answer's mask and of the true one, those to ignore left out.
    #[must_use]
    pub fn overlap(&self) -> Overlap {
        self.overlap
    }
}
