//! Evaluation of reasoning segmentation: the field's data sets, their polygons, and its measures.
//!
//! [`datasets::read`] finds pictures and questions; [`datasets::Target::truth`] draws what should
//! be found; [`measures::Measured::of`] compares that with what was found, and
//! [`measures::Summary::of`] makes means with confidence intervals of many questions. Asking is
//! left to the caller: no model and no tensor is known here.
//!
//! The modules in the order of the work:
#![deny(unsafe_code)]
#![warn(missing_docs)]

// Files that somebody named, read and written whole.
pub mod file;
// Pictures, questions and truth of ReasonSeg, RefCOCO, gRefCOCO and askmask-scenes.
pub mod datasets;
// Polygons to masks, as OpenCV and pycocotools fill them.
pub mod polygons;
// Masks and words to figures: gIoU, cIoU, N-acc and others.
pub mod measures;
