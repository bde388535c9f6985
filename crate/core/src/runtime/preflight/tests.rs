//! One model on many machines.

use super::*;
use crate::weights::manifest::{FileEntry, Origin};

const MB: u64 = 1_000_000;

/// Somewhat like Sa2VA-1B: 0.9 GB, of which less than half is at work at a time.
fn model() -> Manifest {
    let mut manifest = Manifest::new(Origin::default(), None);
    manifest.files.push(FileEntry {
        name: "weights-00001.safetensors".into(),
        bytes: 900 * MB,
        sha256: String::new(),
    });
    let stage = |stage: &str, low_memory_weights, activations, activations_per_tile| StageMemory {
        stage: stage.into(),
        weights: 800 * MB,
        low_memory_weights,
        activations,
        activations_per_tile,
    };
    manifest.memory = vec![
        stage("load", 350 * MB, 0, 0),
        stage("encode-image", 350 * MB, 600 * MB, 40 * MB),
        stage("think", 350 * MB, 100 * MB, 30 * MB),
        stage("mask", 50 * MB, 50 * MB, 0),
    ];
    manifest
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
    use Verdict::{DoesNotFit, Fits, Tight};
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
    for (memory, max_tiles, low_memory, peak, verdict) in cases {
        let machine = Machine {
            memory: memory.map(|mb| mb * MB),
            max_tiles,
            low_memory,
            ..laptop()
        };
        let report = preflight(&model(), &machine);
        assert_eq!(report.peak, peak * MB, "{machine:?}");
        assert_eq!(report.verdict, verdict, "{machine:?} {report:?}");
        assert_eq!(report.reasons.is_empty(), verdict == Fits, "{report:?}");
        assert_eq!(
            report.suggestions.is_empty(),
            verdict == Fits || max_tiles == 1,
            "{report:?}"
        );
    }
}

#[test]
fn suggestions_say_what_helps() {
    let suggestions = |memory: u64, max_tiles, low_memory| {
        let machine = Machine {
            memory: Some(memory * MB),
            max_tiles,
            low_memory,
            ..laptop()
        };
        preflight(&model(), &machine).suggestions
    };
    assert_eq!(
        suggestions(1900, 12, false),
        [
            "Try 4 tiles: 1.6 GB instead of 1.9 GB.",
            "Try 1 tile: 1.4 GB instead of 1.9 GB.",
            "Try low memory: 1.5 GB instead of 1.9 GB.",
            "Try low memory with 1 tile: 990 MB instead of 1.9 GB.",
        ]
    );
    assert_eq!(
        suggestions(500, 1, true),
        ["Try the embedded model, which needs no download."]
    );
    assert!(suggestions(8000, 12, false).is_empty());
}

#[test]
fn fault_15_limits_of_the_adapter_decide() {
    let small = Machine {
        max_storage_buffer_binding_size: 64 * MIB,
        ..laptop()
    };
    let report = preflight(&model(), &small);
    assert_eq!(report.verdict, Verdict::DoesNotFit);
    assert_eq!(
        report.reasons,
        ["The GPU takes buffers of at most 68 MB, and 135 MB are needed."]
    );
    let few = Machine {
        max_buffer_bindings_per_stage: Some(4),
        ..laptop()
    };
    assert_eq!(preflight(&model(), &few).verdict, Verdict::DoesNotFit);
}

#[test]
fn storage_that_is_too_small_is_said_before_the_download() {
    let full = Machine {
        storage_free: Some(100 * MB),
        ..laptop()
    };
    let report = preflight(&model(), &full);
    assert_eq!(
        (report.verdict, report.download),
        (Verdict::Tight, 900 * MB)
    );
    assert!(report.reasons[0].contains("until the page is closed"));
    assert!(report.suggestions[0].contains("Free storage"));
    let stored = Machine {
        stored: 850 * MB,
        ..full
    };
    let report = preflight(&model(), &stored);
    assert_eq!((report.verdict, report.download), (Verdict::Fits, 50 * MB));
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
    let report = preflight(&model(), &cpu);
    assert_eq!(report.verdict, Verdict::Fits);
    assert_eq!(report.peak, 1920 * MB + IDLE_HEAP);
    assert!(report.stages.iter().all(|stage| stage.gpu == 0));
    let mut large = model();
    large.memory[1].weights = 4000 * MB;
    let report = preflight(&large, &cpu);
    assert_eq!(report.verdict, Verdict::DoesNotFit);
    assert!(report.reasons[0].contains("without a GPU"));
}

#[test]
fn loading_onto_a_gpu_takes_little_of_the_page() {
    for stage in preflight(&model(), &laptop()).stages {
        assert!(stage.heap <= IDLE_HEAP + 200 * MIB, "{stage:?}");
    }
}

#[test]
fn other_tile_caps_are_beside() {
    let machine = Machine {
        memory: Some(1900 * MB),
        ..laptop()
    };
    let by_tiles = preflight(&model(), &machine).by_tiles;
    let short: Vec<_> = by_tiles
        .iter()
        .map(|t| (t.max_tiles, t.peak / MB, t.verdict))
        .collect();
    assert_eq!(
        short,
        [
            (1, 1440, Verdict::Fits),
            (4, 1600, Verdict::Tight),
            (12, 1920, Verdict::DoesNotFit)
        ]
    );
}

#[test]
fn a_page_describes_its_machine_in_json() {
    let json = r#"{"device":"gpu","maxBufferSize":268435456,"maxStorageBufferBindingSize":134217728,"stored":0,"maxTiles":4,"lowMemory":true}"#;
    let machine: Machine = serde_json::from_str(json).unwrap();
    assert_eq!((machine.device, machine.memory), (DeviceKind::Gpu, None));
    let report = serde_json::to_value(preflight(&model(), &machine)).unwrap();
    assert_eq!(report["verdict"], "tight");
    assert_eq!(report["byTiles"][2]["maxTiles"], 12);
}
