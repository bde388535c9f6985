//! Prints the parity table: every stage of the fixture models beside the reference
//! implementation, on the CPU backend and on the GPU through wgpu.

use std::collections::BTreeMap;

use askmask_core::DeviceKind;
use askmask_tests::golden::Golden;

fn main() {
    for fixture in ["sa2va_tiny", "sa2va_tiny_q", "sa2va_nano_shape"] {
        let cpu = Golden::run(fixture, DeviceKind::Cpu);
        let gpu = Golden::run(fixture, DeviceKind::Gpu);
        let on_gpu: BTreeMap<_, _> = gpu
            .rows()
            .into_iter()
            .map(|row| (row.stage.clone(), row))
            .collect();
        println!(
            "\n{fixture}\n{:<26}{:>12}{:>14}{:>14}",
            "stage", "largest |x|", "max |Δ| CPU", "max |Δ| GPU"
        );
        for row in cpu.rows() {
            let delta = on_gpu.get(&row.stage).map_or(f32::NAN, |gpu| gpu.delta);
            println!(
                "{:<26}{:>12.4}{:>14.2e}{:>14.2e}",
                row.stage, row.scale, row.delta, delta
            );
        }
        for (device, golden) in [("CPU", &cpu), ("GPU", &gpu)] {
            let same = golden.written() == golden.reference_text();
            println!(
                "{device}: tokens {}, mask IoU {:?}",
                if same { "equal" } else { "DIFFERENT" },
                golden.ious()
            );
        }
    }
}
