//! How good answers are: the field's measures, and where each comes from.
//!
//! A question is measured once, by [`Measured::of`]; what remains of it is a handful of numbers.
//! [`Summary::of`] turns many of them into means with confidence intervals. Nothing here reads
//! files or runs a model.

mod answer;
mod bootstrap;
mod measure;
mod measured;
mod overlap;
mod relation;
mod statement;
mod summary;

pub use answer::{names_all, same_words};
pub use bootstrap::{Interval, Ratio, interval};
pub use measure::{Convention, Measure};
pub use measured::{Measured, Said, Truth};
pub use overlap::Overlap;
pub use relation::{Constraint, Relation};
pub use statement::{Statements, statements};
pub use summary::{Figure, Summary};
