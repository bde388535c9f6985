//! SAM 2 (Ravi et al. 2024): image encoder, prompt encoder and mask decoder.

mod fpn;
mod hiera;
mod mask_decoder;
mod prompt_encoder;
mod two_way;

pub use fpn::{Features, Fpn};
pub use hiera::Hiera;
pub use mask_decoder::{Candidates, MASKS, MaskDecoder};
pub use prompt_encoder::{Coordinate, Label, PromptEncoder};
