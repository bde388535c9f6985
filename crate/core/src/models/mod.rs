//! The networks, named as the literature names them, and the families that combine them.

mod intern_vit;
mod qwen2;
pub mod sa2va;
pub mod sam2;
pub mod sample;

pub use intern_vit::InternVit;
pub use qwen2::{Qwen2, State};
