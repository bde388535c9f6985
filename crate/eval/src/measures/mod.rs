//! How good answers are: the field's measures, and where each comes from.
//!
//! A question is measured once, by [`Measured::of`]; what remains of it is a handful of numbers.
//! [`Summary::of`] turns many of them into means with confidence intervals. Nothing here reads
//! files or runs a model.
//!
//! IoU of single masks and their means follow the code of the data sets: LISA's for ReasonSeg and
//! RefCOCO, ReLA's for gRefCOCO. Each item names its source. Boundaries are those of DAVIS.

mod answer;
mod bootstrap;
mod boundary;
mod distance;
mod measure;
mod measured;
mod overlap;
mod relation;
mod statement;
mod summary;

pub use bootstrap::Interval;
pub use measure::{Convention, Measure};
pub use measured::{Measured, Prediction, Truth};
pub use overlap::Overlap;
pub use relation::{Constraint, Relation};
pub use statement::Statements;
pub use summary::{Figure, Summary};

#[cfg(test)]
mod tests {
    use askmask_core::{ImageSize, Mask};

    /// A mask of one row, `#` inside.
    pub(super) fn row(text: &str) -> Mask {
        let size = ImageSize {
            height: 1,
            width: text.len(),
        };
        Mask::new(size, text.bytes().map(|b| u8::from(b == b'#')).collect()).unwrap()
    }
}
