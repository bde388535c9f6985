//! Sound manifests, and every forgery.

use serde_json::{Value, json};

use super::*;

/// A matrix of 3 rows in two parts, quantized, and a single number.
fn sound() -> Value {
    let file =
        |name: &str, bytes: u64| json!({"name": name, "bytes": bytes, "sha256": "0a".repeat(32)});
    let part = |file: &str, offset: u64, bytes: u64, rows: u64| json!({"file": file, "offset": offset, "bytes": bytes, "rows": rows});
    let (a, b) = ("weights-00001.safetensors", "weights-00002.safetensors");
    json!({
        "format": "askmask-model", "version": 1, "family": "known",
        "name": "Tiny", "source": "owner/tiny", "licence": "MIT",
        "files": [file("config.json", 2), file("tokenizer.json", 2), file(a, 100), file(b, 100)],
        "tensors": [
            {"name": "l.weight", "dtype": "U32", "shape": [3, 4],
             "parts": [part(a, 8, 32, 2), part(b, 8, 16, 1)]},
            {"name": "l.scales", "dtype": "F16", "shape": [3, 1],
             "parts": [part(a, 40, 4, 2), part(b, 24, 2, 1)]},
            {"name": "l.biases", "dtype": "F16", "shape": [3, 1],
             "parts": [part(a, 44, 4, 2), part(b, 26, 2, 1)]},
            {"name": "one", "dtype": "F32", "shape": [], "parts": [part(b, 96, 4, 1)]},
        ],
        "quantization": {"group_size": 32, "bits": 4},
    })
}

const FAMILIES: &[&str] = &["known"];

fn parse(json: &Value) -> Result<Manifest, Error> {
    Manifest::parse(&json.to_string(), FAMILIES)
}

fn changed(pointer: &str, value: Value) -> Error {
    let mut json = sound();
    *json.pointer_mut(pointer).expect("a field") = value;
    parse(&json).expect_err(pointer)
}

#[test]
fn a_sound_manifest_is_read_and_written_again() {
    let manifest = parse(&sound()).unwrap();
    assert_eq!(manifest.bytes(), 204);
    assert_eq!(manifest.file("config.json").unwrap().bytes, 2);
    assert_eq!(manifest.tensors[1].dtype, Dtype::F16);
    assert_eq!(serde_json::to_value(&manifest).unwrap(), sound());
    let mut dense = sound();
    dense.as_object_mut().unwrap().remove("quantization");
    assert_eq!(parse(&dense).unwrap().quantization, None);
}

/// Written before memory was computed from configuration and tensors.
#[test]
fn older_manifests_with_estimates_of_memory_are_read() {
    let mut older = sound();
    older["memory"] = json!([{"stage": "load", "weights": 9, "lowMemoryWeights": 3,
        "activations": 5, "activationsPerTile": 1}]);
    let manifest = parse(&older).unwrap();
    assert_eq!(serde_json::to_value(&manifest).unwrap(), sound());
}

#[test]
fn other_formats_versions_and_quantizations_are_unsupported() {
    for (pointer, value) in [
        ("/format", json!("other")),
        ("/version", json!(2)),
        ("/family", json!("other")),
        ("/quantization/bits", json!(3)),
    ] {
        let error = changed(pointer, value);
        assert_eq!(error.code(), "unsupported-model", "{pointer}: {error}");
    }
}

#[test]
fn fault_07_every_forged_field_is_refused() {
    let cases = [
        ("/name", json!("a\nb"), "short line"),
        ("/licence", json!("x".repeat(256)), "short line"),
        ("/files/0/name", json!("other.json"), "config.json is not"),
        (
            "/files/2/name",
            json!("WEIGHTS-00002.safetensors"),
            "comes twice",
        ),
        ("/files/2/name", json!("manifest.json"), "comes twice"),
        ("/files/2/bytes", json!(MAX_FILE + 1), "the limit is"),
        ("/files/2/bytes", json!(-1), "unreadable"),
        ("/files/2/sha256", json!("0A".repeat(32)), "sha256"),
        ("/files/2/sha256", json!("0a".repeat(31)), "sha256"),
        ("/files/2/bytes", json!(47), "passes the end"),
        ("/tensors/0/dtype", json!("C64"), "unreadable"),
        ("/tensors/0/dtype", json!("F16"), "are not 2 rows of 8"),
        ("/tensors/0/shape", json!([4, 4]), "3 of 4 rows"),
        ("/tensors/0/shape", json!([0, 4]), "rows"),
        (
            "/tensors/0/shape",
            json!([1_u64 << 31, 1_u64 << 31, 9]),
            "beyond any memory",
        ),
        ("/tensors/0/shape", json!(vec![1; 9]), "9 dimensions"),
        ("/tensors/0/name", json!("one"), "comes twice"),
        ("/tensors/0/name", json!("a\u{7}"), "short line"),
        ("/tensors/0/parts", json!([]), "0 of 3 rows"),
        (
            "/tensors/0/parts/0/file",
            json!("../config.json"),
            "not among the files",
        ),
        (
            "/tensors/0/parts/0/offset",
            json!(u64::MAX),
            "passes the end",
        ),
        ("/tensors/0/parts/0/offset", json!(69), "passes the end"),
        ("/tensors/0/parts/0/offset", json!(9), "overlap"),
        ("/tensors/0/parts/0/bytes", json!(31), "are not 2 rows"),
        ("/tensors/0/parts/0/rows", json!(0), "are not 0 rows"),
        (
            "/tensors/0/parts/0/file",
            json!("weights-00002.safetensors"),
            "overlap",
        ),
    ];
    for (pointer, value, expected) in cases {
        let error = changed(pointer, value.clone());
        assert_eq!(error.code(), "integrity", "{pointer} {value}");
        assert!(
            error.to_string().contains(expected),
            "{pointer} {value}: {error}"
        );
    }
}

#[test]
fn fault_09_file_names_that_lead_elsewhere_are_refused() {
    for name in [
        "", ".hidden", "..", "../a", "/a", "a/b", "a\\b", "C:a", "a b", "ä", "a\0",
    ] {
        let error = changed("/files/3/name", json!(name));
        assert!(
            error.to_string().contains("no plain file name"),
            "{name}: {error}"
        );
    }
}

#[test]
fn parts_of_a_quantized_layer_must_be_split_alike() {
    let mut json = sound();
    json["tensors"][1]["parts"] = json!([
        {"file": "weights-00001.safetensors", "offset": 40, "bytes": 2, "rows": 1},
        {"file": "weights-00002.safetensors", "offset": 30, "bytes": 4, "rows": 2},
    ]);
    let error = parse(&json).unwrap_err();
    assert!(error.to_string().contains("split differently"), "{error}");
}

#[test]
fn counts_and_length_are_limited() {
    let long = format!("{}{}", sound(), " ".repeat(MAX_MANIFEST));
    assert!(
        Manifest::parse(&long, FAMILIES)
            .unwrap_err()
            .to_string()
            .contains("limit")
    );
    let file = |i| json!({"name": format!("f{i}"), "bytes": 0, "sha256": "0a".repeat(32)});
    let files: Vec<Value> = (0..=MAX_FILES).map(file).collect();
    assert!(
        changed("/files", json!(files))
            .to_string()
            .contains("4097 files")
    );
    let tensor = |_| json!({"name": "", "dtype": "U8", "shape": [], "parts": []});
    let tensors: Vec<Value> = (0..=MAX_TENSORS).map(tensor).collect();
    assert!(
        changed("/tensors", json!(tensors))
            .to_string()
            .contains("65537 tensors")
    );
    for text in ["", "{}", "[]", "null", &sound().to_string()[1..]] {
        assert_eq!(
            Manifest::parse(text, FAMILIES).unwrap_err().code(),
            "integrity"
        );
    }
}
