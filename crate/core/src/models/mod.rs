//! The networks, named as the literature names them, and the families that combine them.

mod intern_vit;
mod limits;
mod qwen2;
pub mod sa2va;
pub mod sam2;
mod settings;

pub use intern_vit::{InternVit, InternVitConfig};
pub use qwen2::{Layer, Qwen2, Qwen2Config, State};
