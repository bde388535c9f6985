//! What the pipeline asks of the program it runs in.

use std::pin::Pin;

use serde::Serialize;

use super::trace::TraceEvent;
use crate::error::Error;

/// A stage of the work that a person can see passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Reading weights; counted in bytes.
    Load,
    /// Encoding the picture for both sides; counted in transformer blocks.
    EncodeImage,
    /// Reading the question and writing the answer; counted in tokens.
    Think,
    /// Drawing masks; counted in objects.
    Mask,
}

impl Stage {
    /// Stable name, kebab-case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::EncodeImage => "encode-image",
            Self::Think => "think",
            Self::Mask => "mask",
        }
    }
}

/// The surroundings of the pipeline: a page's worker, a command line, a test.
pub trait Host {
    /// `done` of `total` units of `stage`; `total` is `None` where it cannot be known.
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>);

    /// The next characters of the answer, complete ones only.
    fn token(&self, text: &str);

    /// Lets the surroundings run, and stops the work with [`Error::Cancelled`] when asked to.
    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>>;

    /// Whether [`Host::trace`] wants to hear. While it does not, nothing is read back.
    fn wants_trace(&self) -> bool {
        false
    }

    /// Hears what a stage computed.
    fn trace(&self, _: TraceEvent) {}
}

/// A host that hears nothing and never stops the work.
#[derive(Debug, Clone, Copy, Default)]
pub struct QuietHost;

impl Host for QuietHost {
    fn progress(&self, _: Stage, _: u64, _: Option<u64>) {}

    fn token(&self, _: &str) {}

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
