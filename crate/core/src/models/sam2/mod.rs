//! SAM 2 ([Ravi et al. 2024](https://arxiv.org/abs/2408.00714)): image encoder, prompt encoder and
//! mask decoder. Feature maps are channels-last, `[1, height, width, channels]`.

mod config;
mod fpn;
mod hiera;
mod image_encoder;
mod image_processor;
mod mask_decoder;
mod prompt_encoder;
mod sam_heads;
mod two_way;

pub use config::Sam2Config;
pub use fpn::{Features, Fpn};
pub use hiera::{Block, BlockSizes, Hiera, PatchEmbedding, block_sizes};
pub use image_encoder::ImageEncoder;
pub use image_processor::pixel_values;
pub use mask_decoder::{Candidates, MASKS, MaskDecoder};
pub use prompt_encoder::{Coordinate, Label, MaskPrompt, PromptEncoder};
pub use sam_heads::SamHeads;
