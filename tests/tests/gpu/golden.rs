//! The fixture models beside the reference implementation.

use askmask_core::DeviceKind;
use askmask_tests::golden::Golden;

/// Largest |Δ| as a share of a stage's largest value.
const TOLERANCE: f32 = 1e-3;

pub fn every_stage_on_the_gpu() {
    for fixture in ["sa2va_tiny", "sa2va_tiny_q", "sa2va_nano_shape"] {
        println!("{fixture}");
        Golden::run(fixture, DeviceKind::Gpu).assert_parity(TOLERANCE);
    }
}
