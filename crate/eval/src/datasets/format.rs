//! How the files of each data set are laid out.

use crate::measures::Convention;

/// A data set's layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// askmask-scenes, this project's benchmark of drawn scenes.
    Scenes,
    /// ReasonSeg of [LISA](https://arxiv.org/abs/2308.00692).
    ReasonSeg,
    /// [RefCOCO, RefCOCO+](https://arxiv.org/abs/1608.00272) and
    /// [RefCOCOg](https://arxiv.org/abs/1511.02283).
    RefCoco,
    /// gRefCOCO of [GRES](https://arxiv.org/abs/2306.00968).
    GRefCoco,
}

impl Format {
    /// Every layout.
    pub const ALL: [Self; 4] = [Self::Scenes, Self::ReasonSeg, Self::RefCoco, Self::GRefCoco];

    /// What lies where, in one line.
    #[must_use]
    pub fn layout(self) -> &'static str {
        match self {
            Self::Scenes => "askmask-scenes: questions.jsonl and PNG pictures",
            Self::ReasonSeg => "ReasonSeg: one JSON beside each picture, in train, val and test",
            Self::RefCoco => "RefCOCO, RefCOCO+ and RefCOCOg: refs(…).p and instances.json",
            Self::GRefCoco => "gRefCOCO: grefs(…).json and instances.json",
        }
    }

    /// Its stable name, as in options and results: lower case, letters only.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scenes => "scenes",
            Self::ReasonSeg => "reasonseg",
            Self::RefCoco => "refcoco",
            Self::GRefCoco => "grefcoco",
        }
    }

    /// The rules by which its papers compute gIoU and cIoU.
    #[must_use]
    pub fn convention(self) -> Convention {
        match self {
            Self::Scenes => Convention::Scenes,
            Self::ReasonSeg | Self::RefCoco => Convention::ReasonSeg,
            Self::GRefCoco => Convention::GRefCoco,
        }
    }
}
