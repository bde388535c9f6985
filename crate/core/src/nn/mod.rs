//! Building blocks shared by every model family.

mod attention;
mod embedding;
mod kv_cache;
mod linear;
mod loader;
mod mlp;
mod norm;
mod pieces;
mod positions;
mod rope;

pub use attention::attention;
pub use embedding::Embedding;
pub use kv_cache::KvCache;
pub use linear::{Linear, Weight};
pub use loader::{Loader, Watch};
pub use mlp::Mlp;
pub use norm::{LayerNorm, RmsNorm};
pub use pieces::in_pieces;
pub use positions::{channels_last, resize_bicubic};
pub use rope::Rotary;
