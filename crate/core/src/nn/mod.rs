//! Building blocks that every network shares, and the loader that fills them.

mod attention;
mod chunks;
mod embedding;
mod kv_cache;
mod linear;
mod loader;
mod mlp;
mod norm;
mod positions;
mod rope;

pub use attention::{MAX_SCORES, attention};
pub use chunks::in_chunks;
pub use embedding::Embedding;
pub use kv_cache::KvCache;
pub use linear::{Linear, Weight};
pub use loader::{CHUNK, LoadObserver, Loader, Weights};
pub use mlp::Mlp;
pub use norm::{LayerNorm, RmsNorm};
pub use positions::{channels_last, resize_bicubic};
pub use rope::Rotary;
