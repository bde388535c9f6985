//! Faults 7 and 9 to 11: model files are checked before they are believed.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use askmask_core::Error;
use askmask_core::kernels::QuantParams;
use askmask_core::models::sa2va::{self, Config};
use askmask_core::pipeline::FAMILIES;
use askmask_core::quantize::group::{plain_error, quantize};
use askmask_core::quantize::{Extras, Options, Plan, Sink};
use askmask_core::weights::manifest::Origin;
use askmask_core::weights::{
    InMemory, Index, Manifest, ReadAt, Shards, Stored, TensorSource, safetensors,
};
use askmask_tests::sources::total_bytes;
use askmask_tests::{Tensors, bytes, mutations, path};
use serde_json::{Value, json};

fn model() -> Vec<u8> {
    bytes("sa2va_tiny/model.safetensors")
}

#[test]
fn a_whole_model_is_read_the_same_from_memory_and_disk() {
    let memory = InMemory::new([("model.safetensors".into(), model())]).unwrap();
    let folder = Shards::open(&path("sa2va_tiny")).unwrap();
    assert_eq!(memory.names(), folder.names());
    assert_eq!(total_bytes(&memory), total_bytes(&folder));
    for name in memory.names() {
        assert_eq!(memory.info(name), folder.info(name));
        assert_eq!(memory.read(name).unwrap(), folder.read(name).unwrap());
    }
}

#[test]
fn fault_07_headers_longer_than_the_limit_are_refused() {
    for length in [u64::MAX, 1 << 40, safetensors::MAX_HEADER as u64 + 1] {
        let mut file = model();
        file[..8].copy_from_slice(&length.to_le_bytes());
        let error = InMemory::new([("model.safetensors".into(), file)]).unwrap_err();
        assert_eq!(error.code(), "integrity");
        assert!(error.to_string().contains(&length.to_string()), "{error}");
    }
}

#[test]
fn fault_07_damaged_headers_never_panic() {
    let whole = model();
    let header = safetensors::header_length("m", &whole).unwrap() + safetensors::PREFIX;
    // A short header, so that most damage hits what matters.
    let small = small_file();
    for damaged in mutations(&small, 5000).chain(mutations(&whole[..header], 300)) {
        if let Ok(source) = InMemory::new([("m".into(), damaged)]) {
            for name in source.names() {
                let bytes = source.read(name).unwrap().len();
                assert_eq!(Some(bytes), source.info(name).unwrap().bytes());
            }
        }
    }
}

#[test]
fn fault_09_damaged_indices_never_panic_and_never_lead_out() {
    let index = br#"{"metadata":{"total_size":9},"weight_map":{"a":"m-00001.safetensors","b":"m-00002.safetensors"}}"#;
    for damaged in mutations(index, 5000) {
        if let Ok(index) = Index::parse(&damaged) {
            for shard in index.shards() {
                assert!(
                    !shard.contains(['/', '\\', ':', '\0']) && !shard.starts_with('.'),
                    "{shard:?}"
                );
            }
        }
    }
}

#[test]
fn fault_09_a_missing_shard_is_named() {
    let folder = Scratch::new("missing");
    folder.write(
        "model.safetensors.index.json",
        br#"{"weight_map":{"a":"model-00002-of-00002.safetensors"}}"#,
    );
    let error = Shards::open(&folder.0).unwrap_err();
    assert_eq!(error.code(), "integrity");
    assert!(
        error
            .to_string()
            .contains("model-00002-of-00002.safetensors"),
        "{error}"
    );
}

#[test]
fn fault_10_pickled_weights_are_not_opened() {
    let folder = Scratch::new("pickle");
    folder.write("pytorch_model.bin", b"cos\nsystem\n(S'false'\ntR.");
    let error = Shards::open(&folder.0).unwrap_err();
    assert_eq!(error.code(), "unsupported-model");
    assert!(error.to_string().contains("convert"), "{error}");
}

#[test]
fn fault_11_other_files_of_a_repository_are_not_read() {
    let folder = Scratch::new("template");
    folder.write("model.safetensors", &small_file());
    folder.write(
        "chat_template.jinja",
        b"{{ cycler.__init__.__globals__.os.popen('false') }}",
    );
    folder.write("modeling_sa2va_chat.py", b"raise SystemExit");
    assert_eq!(Shards::open(&folder.0).unwrap().names(), ["a", "b"]);
}

/// Eight bits are MLX's; four are NumPy's, whose sums of 64 bits choose the same here as ours of 32.
#[test]
fn quantization_equals_mlx_and_the_least_squares_of_numpy() {
    let tensors = Tensors::open("quantize.safetensors");
    let weight = tensors.f32("weight");
    for group_size in [32, 64, 128] {
        for bits in [4, 8] {
            let name = |part| format!("g{group_size}_b{bits}_{part}");
            let ours = quantize(&weight, 256, QuantParams { group_size, bits }).unwrap();
            let packed: Vec<u8> = ours
                .packed()
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect();
            let scales: Vec<f32> = ours.scales().iter().map(|v| v.to_f32()).collect();
            let biases: Vec<f32> = ours.biases().iter().map(|v| v.to_f32()).collect();
            assert_eq!(scales, tensors.f32(&name("scales")), "{group_size} {bits}");
            assert_eq!(biases, tensors.f32(&name("biases")), "{group_size} {bits}");
            assert_eq!(
                packed,
                tensors.bytes(&name("packed")),
                "{group_size} {bits}"
            );
            let rows: Vec<f32> = (0..ours.rows())
                .flat_map(|row| ours.dequantize_row(row).unwrap())
                .collect();
            assert_eq!(
                rows,
                tensors.f32(&name("dequantized")),
                "{group_size} {bits}"
            );
            let theirs = tensors.f32(&name("mlx_error"));
            for (group, theirs) in weight.chunks(group_size).zip(theirs) {
                let plain = plain_error(group, bits).unwrap();
                assert!((plain - f64::from(theirs)).abs() <= 1e-6 * plain, "{plain}");
            }
        }
    }
}

#[test]
fn a_quantized_model_has_every_tensor_of_its_source() {
    let source = Shards::open(&path("sa2va_tiny")).unwrap();
    let text = String::from_utf8(bytes("sa2va_tiny/config.json")).unwrap();
    let (config, json): (Config, Value) = (
        Config::parse(&text).unwrap(),
        serde_json::from_str(&text).unwrap(),
    );
    let table = sa2va::table(&config);
    let plan = Plan::new(&source, &json, &table, &Options::default()).unwrap();
    let mut files = Memory::default();
    let extras = Extras {
        config: &json,
        tokenizer: &bytes("sa2va_tiny/tokenizer.json"),
        origin: Origin::default(),
        family: sa2va::FAMILY,
    };
    let conversion = plan.conversion(extras).unwrap();
    let manifest = conversion.write(&source, &mut files).unwrap();
    let written = Stored::new(manifest, Box::new(files.clone()));
    for name in source.names() {
        let dropped = plan.dropped().iter().any(|dropped| dropped == name);
        assert_eq!(written.info(name).is_some(), !dropped, "{name}");
    }
    assert!(total_bytes(&written) < total_bytes(&source));
    let config: Value = serde_json::from_slice(&files.0["config.json"]).unwrap();
    let embedding = &config["quantization"]["language_model.model.embed_tokens"];
    assert_eq!(embedding["bits"], 8);
    written.check_hashes().unwrap();
    let report = plan.compare(&source, &written).unwrap();
    let quantized = report.groups.values().filter(|group| group.bits == 4);
    assert!(quantized.count() >= 10, "{report:?}");
}

/// Damaged manifests are refused or describe files that can be read without harm.
#[test]
fn fault_07_damaged_manifests_never_panic() {
    let whole = small_manifest();
    let mut read = 0;
    for damaged in mutations(&whole, 3000) {
        let Ok(text) = String::from_utf8(damaged) else {
            continue;
        };
        let Ok(manifest) = Manifest::parse(&text, FAMILIES) else {
            continue;
        };
        read += 1;
        let bytes = manifest.bytes();
        let stored = Stored::new(manifest, Box::new(Memory::default()));
        assert!(total_bytes(&stored) <= bytes);
        for name in stored.names() {
            assert!(stored.read(name).is_err());
        }
    }
    assert!(read > 0);
}

#[derive(Default, Clone)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Sink for Memory {
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>> {
        Ok(Box::new(self.0.entry(name.to_owned()).or_default()))
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<(), Error> {
        assert!(done <= total);
        Ok(())
    }
}

impl ReadAt for Memory {
    fn read_at(&self, file: &str, offset: u64, buffer: &mut [u8]) -> Result<(), Error> {
        let bytes = self
            .0
            .get(file)
            .and_then(|file| file.get(offset as usize..));
        let bytes = bytes.and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or(Error::Integrity {
            file: file.into(),
            reason: "too short".into(),
        })?);
        Ok(())
    }
}

/// Two tensors of which one is split.
fn small_manifest() -> Vec<u8> {
    let hash = "0f".repeat(32);
    let part = |file, offset, bytes, rows| json!({"file": file, "offset": offset, "bytes": bytes, "rows": rows});
    let file = |name, bytes| json!({"name": name, "bytes": bytes, "sha256": hash});
    json!({
        "format": "askmask-model", "version": 1, "family": "sa2va", "name": "n", "source": "s", "licence": "l",
        "files": [file("config.json", 2), file("tokenizer.json", 2), file("a", 20), file("b", 9)],
        "tensors": [
            {"name": "x", "dtype": "F16", "shape": [3, 2], "parts": [part("a", 8, 8, 2), part("b", 0, 4, 1)]},
            {"name": "y", "dtype": "F32", "shape": [], "parts": [part("a", 16, 4, 1)]},
        ],
    })
    .to_string()
    .into_bytes()
}

fn small_file() -> Vec<u8> {
    let header = br#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}"#;
    [&(header.len() as u64).to_le_bytes()[..], header, &[0; 32]].concat()
}

/// A folder that is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("askmask-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.0.join(name), bytes).unwrap();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
