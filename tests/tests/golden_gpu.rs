//! The fixture models on the GPU through wgpu: a real one, or Mesa's lavapipe. A machine without
//! either fails here. One test, because a process has one GPU device.

use askmask_core::DeviceKind;
use askmask_tests::golden::Golden;

/// Largest |Δ| as a share of a stage's largest value.
const TOLERANCE: f32 = 1e-3;

#[test]
fn every_stage_on_the_gpu() {
    for fixture in ["sa2va_tiny", "sa2va_tiny_q", "sa2va_nano_shape"] {
        let golden = Golden::run(fixture, DeviceKind::Gpu);
        let rows = golden.rows();
        assert!(rows.len() > 10, "{fixture}: {} stages", rows.len());
        for row in rows {
            assert!(row.relative() <= TOLERANCE, "{fixture}: {row:?}");
        }
        assert_eq!(golden.written(), golden.reference_text(), "{fixture}");
        assert!(!golden.ious().is_empty(), "{fixture}");
        assert!(
            golden.ious().iter().all(|&iou| iou >= 0.999),
            "{fixture}: {:?}",
            golden.ious()
        );
    }
}
