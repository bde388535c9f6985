//! One model on many machines.

use super::*;

const MB: u64 = 1_000_000;
const MIB: u64 = 1 << 20;

/// Somewhat like Sa2VA-1B: 0.9 GB, of which less than half is at work at a time.
fn model() -> Footprint {
    let stage = |stage, low_memory_weights, activations, activations_per_tile| StageMemory {
        stage,
        weights: 800 * MB,
        low_memory_weights,
        activations,
        activations_per_tile,
    };
    Footprint {
        files: 900 * MB,
        stages: vec![
            stage(Stage::Load, 350 * MB, 0, 0),
            stage(Stage::EncodeImage, 350 * MB, 600 * MB, 40 * MB),
            stage(Stage::Think, 350 * MB, 100 * MB, 30 * MB),
            stage(Stage::Mask, 50 * MB, 50 * MB, 0),
        ],
    }
}

fn laptop() -> Machine {
    Machine {
        device: DeviceKind::Gpu,
        max_buffer_size: 2048 * MIB,
        max_storage_buffer_binding_size: 2048 * MIB,
        max_buffer_bindings_per_stage: Some(10),
        storage_free: Some(20_000 * MB),
        stored: 0,
        memory: Some(8000 * MB),
        max_tiles: 12,
        low_memory: false,
    }
}

/// Memory, tiles, low memory, and what is said about them.
#[test]
fn a_model_on_many_machines() {
    use Fit::{DoesNotFit, Fits, Tight};
    let cases = [
        (Some(8000), 12, false, 1920, Fits),
        (Some(2000), 12, false, 1920, Tight),
        (Some(1900), 12, false, 1920, DoesNotFit),
        (Some(1900), 4, false, 1600, Tight),
        (Some(1900), 1, false, 1440, Fits),
        (Some(1400), 12, true, 1470, DoesNotFit),
        (Some(1300), 4, true, 1150, Tight),
        (Some(1300), 1, true, 990, Fits),
        (None, 12, false, 1920, Tight),
        (None, 1, true, 990, Fits),
    ];
    for (memory, max_tiles, low_memory, peak, fit) in cases {
        let machine = Machine {
            memory: memory.map(|mb| mb * MB),
            max_tiles,
            low_memory,
            ..laptop()
        };
        let report = model().preflight(&machine);
        assert_eq!(report.peak, peak * MB, "{machine:?}");
        assert_eq!(report.fit, fit, "{machine:?} {report:?}");
        assert_eq!(report.reasons.is_empty(), fit == Fits, "{report:?}");
        assert_eq!(
            report.suggestions.is_empty(),
            fit == Fits || max_tiles == 1,
            "{report:?}"
        );
    }
}

#[test]
fn suggestions_say_what_helps() {
    use PreflightSuggestion::{EmbeddedModel, FewerTiles, LowMemory, LowMemoryOneTile};
    let now = 1920 * MB;
    let suggestions = |memory: u64, max_tiles, low_memory| {
        let machine = Machine {
            memory: Some(memory * MB),
            max_tiles,
            low_memory,
            ..laptop()
        };
        model().preflight(&machine).suggestions
    };
    assert_eq!(
        suggestions(1900, 12, false),
        [
            FewerTiles {
                max_tiles: 4,
                peak: 1600 * MB,
                now
            },
            FewerTiles {
                max_tiles: 1,
                peak: 1440 * MB,
                now
            },
            LowMemory {
                peak: 1470 * MB,
                now
            },
            LowMemoryOneTile {
                peak: 990 * MB,
                now
            },
        ]
    );
    assert_eq!(suggestions(500, 1, true), [EmbeddedModel]);
    assert!(suggestions(8000, 12, false).is_empty());
}

#[test]
fn fault_15_limits_of_the_adapter_decide() {
    let small = Machine {
        max_storage_buffer_binding_size: 64 * MIB,
        ..laptop()
    };
    let report = model().preflight(&small);
    assert_eq!(report.fit, Fit::DoesNotFit);
    assert_eq!(
        report.reasons,
        [PreflightReason::BufferLimit {
            has: 64 * MIB,
            needs: 128 * MIB
        }]
    );
    // WebGPU promises at least eight; the shader of the quantized product has five.
    for (has, fit) in [(4, Fit::DoesNotFit), (5, Fit::Fits)] {
        let few = Machine {
            max_buffer_bindings_per_stage: Some(has),
            ..laptop()
        };
        assert_eq!(model().preflight(&few).fit, fit, "{has} bindings");
    }
}

#[test]
fn storage_that_is_too_small_is_said_before_the_download() {
    let full = Machine {
        storage_free: Some(100 * MB),
        ..laptop()
    };
    let report = model().preflight(&full);
    assert_eq!((report.fit, report.download), (Fit::Tight, 900 * MB));
    let (free, missing) = (100 * MB, 900 * MB);
    assert_eq!(report.reasons, [PreflightReason::Storage { free, missing }]);
    assert_eq!(report.suggestions, [PreflightSuggestion::FreeStorage]);
    let stored = Machine {
        stored: 850 * MB,
        ..full
    };
    let report = model().preflight(&stored);
    assert_eq!((report.fit, report.download), (Fit::Fits, 50 * MB));
}

#[test]
fn without_a_gpu_everything_is_in_the_page() {
    let cpu = Machine {
        device: DeviceKind::Cpu,
        memory: None,
        max_buffer_size: 0,
        max_storage_buffer_binding_size: 0,
        ..laptop()
    };
    let report = model().preflight(&cpu);
    assert_eq!(report.fit, Fit::Fits);
    assert_eq!(report.peak, 1920 * MB + IDLE_HEAP);
    assert!(report.stages.iter().all(|stage| stage.gpu == 0));
    let mut large = model();
    large.stages[1].weights = 4000 * MB;
    let report = large.preflight(&cpu);
    assert_eq!(report.fit, Fit::DoesNotFit);
    assert!(matches!(
        report.reasons[..],
        [PreflightReason::PageMemory { .. }]
    ));
}

#[test]
fn loading_onto_a_gpu_takes_little_of_the_page() {
    for stage in model().preflight(&laptop()).stages {
        assert!(stage.heap <= IDLE_HEAP + 200 * MIB, "{stage:?}");
    }
}

#[test]
fn other_tile_caps_are_beside() {
    let machine = Machine {
        memory: Some(1900 * MB),
        ..laptop()
    };
    let by_tiles = model().preflight(&machine).by_tiles;
    let short: Vec<_> = by_tiles
        .iter()
        .map(|t| (t.max_tiles, t.peak / MB, t.fit))
        .collect();
    assert_eq!(
        short,
        [
            (1, 1440, Fit::Fits),
            (4, 1600, Fit::Tight),
            (12, 1920, Fit::DoesNotFit)
        ]
    );
}

#[test]
fn a_page_describes_its_machine_in_json() {
    let json = r#"{"device":"gpu","maxBufferSize":268435456,"maxStorageBufferBindingSize":134217728,"stored":0,"maxTiles":4,"lowMemory":true}"#;
    let machine: Machine = serde_json::from_str(json).unwrap();
    assert_eq!((machine.device, machine.memory), (DeviceKind::Gpu, None));
    let report = serde_json::to_value(model().preflight(&machine)).unwrap();
    assert_eq!(report["fit"], "tight");
    assert_eq!(report["byTiles"][2]["maxTiles"], 12);
}
