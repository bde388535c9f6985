//! Words to tokens, logits to the next token, tokens to words.

pub mod decode;
pub mod sampler;
pub mod tokenizer;
pub mod unicode;
