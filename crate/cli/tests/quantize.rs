//! `askmask quantize`: browser folders, and nothing at all when something is wrong.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{ModelCopy, QUESTION, ask, askmask, fixture, picture, quantize, tiny};
use serde_json::{Value, json};
use tempfile::TempDir;

fn read(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

/// Names of everything in a folder, hidden files too.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// The tiny model, quantized into `small` of a temporary folder.
fn small() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let small = folder.path().join("small");
    let outcome = quantize(&tiny(), &small, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    (folder, small)
}

#[test]
fn a_browser_folder_can_be_inspected_and_asked() {
    let (folder, small) = small();
    assert_eq!(names(folder.path()), ["small"]);
    let files = [
        "config.json",
        "manifest.json",
        "tokenizer.json",
        "weights-00001.safetensors",
    ];
    assert_eq!(names(&small), files);
    let manifest = read(&small, "manifest.json");
    for (key, value) in [
        ("format", json!("askmask-model")),
        ("version", json!(1)),
        ("name", json!("sa2va_tiny")),
        ("source", json!("owner/tiny")),
        ("licence", json!("MIT")),
    ] {
        assert_eq!(manifest[key], value, "{key}");
    }
    assert_eq!(
        manifest["quantization"],
        read(&small, "config.json")["quantization"]
    );
    assert_eq!(manifest["files"].as_array().unwrap().len(), 3);
    let inspected = askmask(["inspect", small.to_str().unwrap()]);
    assert!(
        inspected.stdout.contains("group-quantized"),
        "{inspected:?}"
    );
    let found = ask(&small, &picture(), QUESTION).json();
    assert!(
        found["text"].as_str().unwrap().starts_with("Sure, it is"),
        "{found}"
    );
    // A second run would write over a model.
    assert_eq!(quantize(&tiny(), &small, &[]).code, Some(2));
    assert_eq!(names(&small), files);
}

#[test]
fn the_report_names_every_kind_of_layer_with_its_error() {
    let folder = TempDir::new().unwrap();
    let bits = [
        "--report",
        "--name",
        "Tiny",
        "--vision-bits",
        "8",
        "--mask-bits",
        "16",
    ];
    let outcome = quantize(&tiny(), &folder.path().join("small"), &bits);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let row = |layers: &str| -> Vec<String> {
        let line = outcome.stdout.lines().find(|line| line.starts_with(layers));
        let line = line.unwrap_or_else(|| panic!("{layers}: {}", outcome.stdout));
        line[layers.len()..]
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let error = |layers: &str| -> f64 { row(layers)[3].trim_end_matches('%').parse().unwrap() };
    let coarse = error("language_model.model.layers.*.mlp.up_proj");
    let fine = error("vision_model.encoder.layers.*.mlp.fc1");
    assert!((1.0..20.0).contains(&coarse), "{coarse}");
    assert!(fine > 0.0 && fine < coarse / 10.0, "{fine} {coarse}");
    assert_eq!(row("vision_model.encoder.layers.*.mlp.fc1")[0], "8");
    assert_eq!(row("grounding_encoder, other tensors")[0], "16");
    assert!(!outcome.stdout.contains("image_encoder.trunk.blocks.*"));
    assert_eq!(
        read(&folder.path().join("small"), "manifest.json")["name"],
        "Tiny"
    );
}

#[test]
fn a_quantized_checkpoint_is_packed_without_changing_a_bit() {
    let folder = TempDir::new().unwrap();
    let small = folder.path().join("small");
    let source = fixture("sa2va_tiny_q");
    let outcome = quantize(&source, &small, &["--report"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(
        outcome.stdout.contains("weights are unchanged"),
        "{outcome:?}"
    );
    let question = read(&source, "expected.json")["question"].clone();
    let question = question.as_str().unwrap_or(QUESTION);
    let (before, after) = [&source, &small]
        .map(|model| ask(model, &source.join("input.png"), question).json())
        .into();
    assert_eq!(before["text"], after["text"]);
    assert_eq!(before["objects"], after["objects"]);
    assert!(!after["objects"].as_array().unwrap().is_empty());
}

#[test]
fn only_video_needs_the_memory_of_earlier_frames() {
    let model = ModelCopy::new();
    model.edit(|tensors, data| {
        let span = [data.len(), data.len() + 8];
        data.extend([0; 8]);
        let entry = json!({"dtype": "BF16", "shape": [4], "data_offsets": span});
        tensors.insert("grounding_encoder.sam2_model.no_obj_ptr".into(), entry);
    });
    let folder = TempDir::new().unwrap();
    for (name, more, summary) in [
        (
            "still",
            &[][..],
            "0 bytes of them for video alone, 1 left out",
        ),
        (
            "video",
            &["--video"],
            "8 bytes of them for video alone, 0 left out",
        ),
    ] {
        let small = folder.path().join(name);
        let outcome = quantize(model.path(), &small, more);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(outcome.stdout.contains(summary), "{outcome:?}");
        let inspected = askmask(["inspect", small.to_str().unwrap()]).stdout;
        assert_eq!(
            inspected.contains("video only"),
            name == "video",
            "{inspected}"
        );
    }
}

#[test]
fn a_checkpoint_with_an_older_tokenizer_gets_a_new_one() {
    let model = ModelCopy::new();
    model.age_tokenizer();
    let folder = TempDir::new().unwrap();
    let small = folder.path().join("small");
    let outcome = quantize(model.path(), &small, &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let found = ask(&small, &picture(), QUESTION).json();
    assert!(
        found["text"].as_str().unwrap().starts_with("Sure, it is"),
        "{found}"
    );
    model.remove("merges.txt");
    let outcome = quantize(model.path(), &folder.path().join("other"), &[]);
    assert!(outcome.refused("unsupported-model").contains("merges.txt"));
}

#[test]
fn fault_08_what_cannot_be_quantized_leaves_nothing_behind() {
    let model = ModelCopy::new();
    model.edit(|tensors, data| {
        let entry = &tensors["language_model.lm_head.weight"];
        let start = entry["data_offsets"][0].as_u64().unwrap() as usize;
        data[start..start + 2].copy_from_slice(&[0xc0, 0x7f]);
    });
    let folder = TempDir::new().unwrap();
    let outcome = quantize(model.path(), &folder.path().join("small"), &[]);
    assert!(
        outcome
            .refused("integrity")
            .contains("language_model.lm_head.weight")
    );
    assert!(names(folder.path()).is_empty());
    let outcome = quantize(&tiny(), &folder.path().join("small"), &["--mask-bits", "3"]);
    outcome.refused("unsupported-model");
    assert!(names(folder.path()).is_empty());
}

#[test]
fn origin_and_licence_must_be_known() {
    let folder = TempDir::new().unwrap();
    let small = folder.path().join("small");
    let model = ModelCopy::new();
    let run = |more: &[&str]| {
        let folders = [model.path(), &small].map(|path| path.to_str().unwrap());
        let words = ["quantize"].into_iter().chain(folders);
        askmask(words.chain(more.iter().copied()))
    };
    assert!(run(&[]).refused("usage").contains("--source"));
    for card in [
        None,
        Some("# Tiny\nlicense: mit"),
        Some("---\ntags: []\n---\n"),
    ] {
        if let Some(card) = card {
            model.write("README.md", card);
        }
        let outcome = run(&["--source", "owner/tiny"]);
        let line = outcome.refused("usage");
        assert!(
            line.contains("README.md") && line.contains("--licence"),
            "{line}"
        );
        assert!(!small.exists());
    }
    model.write("README.md", "---\nlicense: mit\n---\n# Tiny\n");
    let outcome = run(&["--source", "owner/tiny"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(read(&small, "manifest.json")["licence"], "mit");
}

#[test]
fn fault_26_a_changed_or_empty_file_is_named() {
    let (_folder, small) = small();
    for name in ["weights-00001.safetensors", "tokenizer.json", "config.json"] {
        let path = small.join(name);
        let sound = fs::read(&path).unwrap();
        let mut flipped = sound.clone();
        flipped[sound.len() / 2] ^= 1;
        for damaged in [flipped, vec![0; sound.len()], sound[1..].to_vec()] {
            fs::write(&path, damaged).unwrap();
            let outcome = ask(&small, &picture(), QUESTION);
            assert!(outcome.refused("integrity").contains(name), "{outcome:?}");
        }
        fs::write(&path, sound).unwrap();
    }
    fs::remove_file(small.join("weights-00001.safetensors")).unwrap();
    let outcome = ask(&small, &picture(), QUESTION);
    assert!(
        outcome
            .refused("integrity")
            .contains("weights-00001.safetensors")
    );
}
