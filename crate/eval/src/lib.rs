//! How good masks and answers are: the field's measures, polygons as its tools fill them, and its
//! data sets.

pub mod datasets;
pub mod file;
pub mod measures;
pub mod polygons;
