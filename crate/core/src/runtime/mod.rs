//! The machine that models run on, and the program around them.

pub mod device;
pub mod host;
pub mod preflight;
pub mod run;
pub mod trace;
