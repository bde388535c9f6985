//! Every measure as a fraction that one question contributes to.

use serde::Serialize;

use super::Measured;
use super::bootstrap::Ratio;

/// By which data set's rules gIoU and cIoU are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Convention {
    /// ReasonSeg and RefCOCO as `validate` in [LISA's `train_ds.py`][lisa] has them: every
    /// question counts; gIoU is the mean of [`Overlap::iou_reason_seg`][iou], cIoU is
    /// ΣI / (ΣU + 1e-10).
    ///
    /// [lisa]: https://github.com/dvlab-research/LISA/blob/main/train_ds.py
    /// [iou]: super::Overlap::iou_reason_seg
    ReasonSeg,
    /// The same formulas over questions that have a target; the others have their own measures.
    Scenes,
    /// gRefCOCO as [ReLA's `refer_evaluation.py`][rela] has it: a question without target counts
    /// 1 for gIoU when the mask is empty and 0 otherwise; cIoU is ΣI / ΣU.
    ///
    /// [rela]: https://github.com/henghuiding/ReLA/blob/main/gres_model/evaluation/refer_evaluation.py
    GRefCoco,
}

/// What is reported, serialized as its stable name. Every measure is a share or mean from 0 to 1;
/// more is better for all but [`Measure::FalseRefusals`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Mean IoU; see [`Convention`].
    #[serde(rename = "giou")]
    GIou,
    /// Summed intersection over summed union; see [`Convention`].
    #[serde(rename = "ciou")]
    CIou,
    /// Mean contour accuracy F of DAVIS, over the questions that gIoU counts: how well the mask's
    /// boundary lies on the true one, within 4 of 640 parts of the picture's longer side.
    BoundaryF,
    /// Share of targeted questions with an IoU of at least 0.7.
    #[serde(rename = "pr@0.7")]
    Pr70,
    /// The same for 0.8.
    #[serde(rename = "pr@0.8")]
    Pr80,
    /// The same for 0.9.
    #[serde(rename = "pr@0.9")]
    Pr90,
    /// N-acc of [GRES](https://arxiv.org/abs/2306.00968): share of questions without target whose
    /// mask is empty.
    NAcc,
    /// T-acc of GRES: share of questions with target whose mask is not empty.
    TAcc,
    /// Share of questions without target that were answered without `[SEG]`.
    FalsePremiseRight,
    /// Share of questions with target that were answered without `[SEG]`.
    FalseRefusals,
    /// Share of questions answered with `[SEG]` if there is a target and without if not.
    Presence,
    /// Share of questions with constraints whose mask satisfies them.
    #[serde(rename = "constraint_satisfaction")]
    Constraints,
    /// Share of checkable statements in answers that are true of their masks.
    #[serde(rename = "step_consistency")]
    Steps,
    /// Mean IoU where the answer named its targets.
    AnswerGuidedIou,
    /// Share of answers that named their targets.
    #[serde(rename = "targets_named")]
    Named,
    /// Share of answers in the expected words.
    SameWords,
}

impl Measure {
    /// Every measure, in the order in which they are reported.
    pub const ALL: [Self; 16] = [
        Self::GIou,
        Self::CIou,
        Self::BoundaryF,
        Self::Pr70,
        Self::Pr80,
        Self::Pr90,
        Self::NAcc,
        Self::TAcc,
        Self::FalsePremiseRight,
        Self::FalseRefusals,
        Self::Presence,
        Self::Constraints,
        Self::Steps,
        Self::AnswerGuidedIou,
        Self::Named,
        Self::SameWords,
    ];

    /// What is added to the sum that this measure is divided by, so that it is never 0.
    pub(super) fn epsilon(self, convention: Convention) -> f64 {
        match (self, convention) {
            (Self::CIou, Convention::ReasonSeg | Convention::Scenes) => 1e-10,
            _ => 0.0,
        }
    }

    /// What one question adds to the measure; a denominator of 0 where it does not apply.
    pub(super) fn of(self, question: &Measured, convention: Convention) -> Ratio {
        let targeted = question.targeted;
        let pointed = question.segs > 0;
        let overlap = question.overlap();
        let precise = |least: f64| share(targeted, overlap.iou() >= least);
        match self {
            Self::GIou => giou(question, convention),
            Self::CIou => match convention {
                Convention::Scenes if !targeted => Ratio::default(),
                _ => Ratio {
                    numerator: overlap.intersection as f64,
                    denominator: overlap.union as f64,
                },
            },
            Self::BoundaryF => match convention {
                Convention::Scenes if !targeted => Ratio::default(),
                _ => Ratio {
                    numerator: question.boundary_f,
                    denominator: 1.0,
                },
            },
            Self::Pr70 => precise(0.7),
            Self::Pr80 => precise(0.8),
            Self::Pr90 => precise(0.9),
            Self::NAcc => share(!targeted, overlap.predicted == 0),
            Self::TAcc => share(targeted, overlap.predicted > 0),
            Self::FalsePremiseRight => share(!targeted, !pointed),
            Self::FalseRefusals => share(targeted, !pointed),
            Self::Presence => share(true, pointed == targeted),
            Self::Constraints => known(question.constraints),
            Self::Steps => Ratio {
                numerator: f64::from(question.statements.right),
                denominator: f64::from(question.statements.checked),
            },
            Self::AnswerGuidedIou => match question.named {
                Some(true) if targeted => giou(question, convention),
                _ => Ratio::default(),
            },
            Self::Named => known(question.named),
            Self::SameWords => known(question.same_words),
        }
    }
}

fn giou(question: &Measured, convention: Convention) -> Ratio {
    let overlap = question.overlap();
    let value = match convention {
        Convention::Scenes if !question.targeted => return Ratio::default(),
        Convention::Scenes | Convention::ReasonSeg => overlap.iou_reason_seg(),
        Convention::GRefCoco if question.targeted => overlap.iou(),
        Convention::GRefCoco => f64::from(u8::from(overlap.predicted == 0)),
    };
    Ratio {
        numerator: value,
        denominator: 1.0,
    }
}

fn share(applies: bool, right: bool) -> Ratio {
    Ratio {
        numerator: f64::from(u8::from(applies && right)),
        denominator: f64::from(u8::from(applies)),
    }
}

fn known(right: Option<bool>) -> Ratio {
    share(right.is_some(), right == Some(true))
}
