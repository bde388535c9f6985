//! What needs more than one module, on the CPU. One program, because each would link Burn again.

mod borders;
mod chain;
mod codes;
mod conversion;
mod golden;
mod metrics;
mod model_files;
mod nano;
mod parts;
mod photographs;
mod pictures;
mod polygons;
mod queries;
mod qwen2_tokenizer;
mod resample;
mod rle;
mod tiling;
