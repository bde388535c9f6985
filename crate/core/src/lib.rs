//! Reasoning segmentation: a picture and a question in words become a short answer and masks.
//!
//! [`Model::load`] reads a Sa2VA checkpoint, [`Model::set_image`] encodes a picture once, and
//! [`Picture::ask`] and [`Picture::refine`] reuse that as often as wanted. Nothing here touches
//! the network or a browser.
//!
//! The modules come in the order of the work.
#![deny(unsafe_code)]

// What can go wrong, with stable codes.
pub mod error;
// What a file is when it is not what its name says.
pub mod first_bytes;
// Bytes of a file to upright pixels, and pixels to other sizes.
pub mod image;
// Words to tokens, logits to the next token, tokens to words.
pub mod language;
// The networks, one file or folder each, and the families that combine them.
pub mod models;
// A mask and the files it can become.
pub mod mask;
// Building blocks of networks that know no family.
pub mod nn;
// Operations that the tensor library lacks, for CPU and GPU.
pub mod kernels;
// Formats of weight files.
pub mod weights;
// Group quantization, and the converter that applies it to a checkpoint.
pub mod quantize;
// The machine: devices, the surrounding program, memory.
pub mod runtime;
// Load, set a picture, ask, refine: the only module that knows every stage.
pub mod pipeline;

pub use error::Error;
pub use image::{ImageSize, RgbImage, SourceImage};
pub use mask::{BoundingBox, Mask};
pub use pipeline::{
    Answer, AskOptions, LoadOptions, MemoryUsage, Model, ModelFiles, Object, Picture, Point,
    PointLabel, Prompts, Token,
};
pub use runtime::device::DeviceKind;
pub use runtime::host::{Host, QuietHost, Stage};
pub use runtime::trace::{TraceEvent, TraceStage};
