//! Reasoning segmentation: a picture and a question in words become a short answer and masks.
//!
//! [`Model::load`] reads a Sa2VA checkpoint, [`Model::set_image`] encodes a picture once, and
//! [`Picture::ask`] and [`Picture::refine`] reuse that as often as wanted. Nothing here touches
//! files, the network or a browser.
#![deny(unsafe_code)]

pub mod device;
pub mod digest;
pub mod error;
pub mod export;
pub mod generate;
pub mod host;
pub mod image;
pub mod kernels;
pub mod mask;
pub mod metrics;
pub mod nn;
pub mod pipeline;
pub mod polygon;
pub mod preflight;
pub mod processing;
pub mod quant;
pub mod resample;
pub mod rle;
pub mod sa2va;
pub mod sampler;
pub mod tokenizer;
pub mod weights;

pub use device::DeviceKind;
pub use error::Error;
pub use host::{Host, Stage};
pub use image::{ImageSize, RgbImage};
pub use mask::{BoundingBox, Mask};
pub use pipeline::{
    Answer, AskOptions, LoadOptions, MemoryUsage, Model, ModelFiles, Object, Picture, Point,
    PointLabel, Prompts, Token, Trace,
};
