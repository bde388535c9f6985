//! Data sets: pictures, questions and what is true of them.
//!
//! A reader never stops at what is wrong with one file or entry: it leaves it out and says so in
//! [`Dataset::faults`]. What a whole data set cannot be read without is an error, a [`Problem`].

mod coco;
mod dataset;
mod format;
mod json;
mod labelme;
mod outline;
mod pickle;
mod problem;
mod read;
mod reason_seg;
mod refer;
mod scenes;
mod selection;
mod target;

pub use dataset::{Dataset, Picture, Question};
pub use format::Format;
pub use problem::{Fault, Problem};
pub use read::read;
pub use selection::Selection;
pub use target::Target;
