//! Written models are read again, and every kind of damage is noticed.

mod resume;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::rc::Rc;

use half::bf16;
use serde_json::{Value, json};

use super::group::quantize;
use super::options::Store;
use super::plan::Step;
use super::*;
use crate::kernels::QuantParams;
use crate::weights::manifest::{MAX_FILE, Manifest, Origin};
use crate::weights::{
    Bits, Dtype, InMemory, OtherTensors, ReadAt, Stored, TensorSource, TensorSpec, TensorTable,
    damaged, dtype, safetensors,
};

const LINEAR: &str = "decoder.layers.0.mlp.up_proj";

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
            .and_then(|bytes| bytes.get(offset as usize..));
        let bytes = bytes.and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(bytes.ok_or_else(|| damaged(file, "too short"))?);
        Ok(())
    }
}

fn source(tensors: &[(&str, &[usize])]) -> InMemory {
    let info = |shape: &[usize]| TensorInfo {
        dtype: Dtype::Bf16,
        shape: shape.to_vec(),
    };
    let infos: Vec<TensorInfo> = tensors.iter().map(|(_, shape)| info(shape)).collect();
    let named = tensors.iter().zip(&infos);
    let mut bytes = safetensors::header(named.map(|((name, _), info)| (*name, info)));
    for info in &infos {
        let values = (0..info.elements().unwrap()).map(|i| bf16::from_f32((i as f32).sin()));
        bytes.extend(values.flat_map(bf16::to_le_bytes));
    }
    InMemory::new([("model.safetensors".into(), bytes)]).unwrap()
}

/// Every matrix gets four bits, and what a made-up network remembers is dropped.
fn table(source: &dyn TensorSource) -> TensorTable {
    let spec = |name: &str| TensorSpec {
        name: name.to_owned(),
        shape: source.info(name).unwrap().shape.clone(),
        part: "network",
        matrix: true,
        bits: Some(Bits::new("linear", 4)),
    };
    let specs = source.names().into_iter().map(spec).collect();
    let others = OtherTensors {
        droppable: vec!["memory.".into()],
        ..OtherTensors::default()
    };
    TensorTable::new(specs, others)
}

fn planned(source: &dyn TensorSource, config: &Value) -> Result<Plan, Error> {
    Plan::new(source, config, &table(source), &Options::default())
}

fn write(source: &dyn TensorSource, config: &Value) -> (Plan, Memory) {
    let plan = planned(source, config).unwrap();
    let mut files = Memory::default();
    let extras = Extras {
        config,
        tokenizer: b"{}",
        family: "family",
        origin: Origin {
            name: "Tiny".into(),
            ..Origin::default()
        },
    };
    let manifest = plan
        .conversion(extras)
        .unwrap()
        .write(source, &mut files)
        .unwrap();
    let text = String::from_utf8(files.0["manifest.json"].clone()).unwrap();
    assert_eq!(Manifest::parse(&text, &["family"]).unwrap(), manifest);
    (plan, files)
}

fn open(files: Memory) -> Stored {
    let text = String::from_utf8(files.0["manifest.json"].clone()).unwrap();
    Stored::new(
        Manifest::parse(&text, &["family"]).unwrap(),
        Box::new(files),
    )
}

fn small() -> InMemory {
    source(&[
        ("decoder.layers.0.mlp.up_proj.weight", &[4, 64]),
        ("decoder.norm.weight", &[64]),
        ("decoder.start", &[1, 1, 8]),
        ("memory.out_proj.weight", &[4, 64]),
    ])
}

#[test]
fn a_model_is_rewritten_and_can_be_read() {
    let source = small();
    let (plan, files) = write(&source, &json!({"model_type": "chat"}));
    assert_eq!(plan.dropped(), ["memory.out_proj.weight"]);
    let names: Vec<&String> = files.0.keys().collect();
    assert_eq!(
        names,
        [
            "config.json",
            "manifest.json",
            "tokenizer.json",
            "weights-00001.safetensors"
        ]
    );
    // The weight file is a safetensors file in its own right.
    let file = files.0["weights-00001.safetensors"].clone();
    let plain = InMemory::new([("weights".into(), file)]).unwrap();
    let config: Value = serde_json::from_slice(&files.0["config.json"]).unwrap();
    let written = open(files);
    written.check_hashes().unwrap();
    let names: BTreeSet<&str> = plain.names().into_iter().collect();
    assert!(names.into_iter().eq(written.names()));
    for name in plain.names() {
        assert_eq!(plain.read(name).unwrap(), written.read(name).unwrap());
    }
    let weight = format!("{LINEAR}.weight");
    let values = dtype::to_f32("w", Dtype::Bf16, &source.read(&weight).unwrap()).unwrap();
    let params = QuantParams {
        group_size: 32,
        bits: 4,
    };
    let expected = quantize(&values, 64, params).unwrap();
    let packed = dtype::to_u32("w", Dtype::U32, &written.read(&weight).unwrap()).unwrap();
    assert_eq!(packed, expected.packed());
    let scales = written.read(&format!("{LINEAR}.scales")).unwrap();
    assert_eq!(
        dtype::to_f16("s", Dtype::F16, &scales).unwrap(),
        expected.scales()
    );
    assert_eq!(config["quantization"], json!({"bits": 4, "group_size": 32}));
    assert_eq!(config["model_type"], "chat");
    let report = plan.compare(&source, &written).unwrap();
    let group = &report.groups["decoder.layers.*.mlp.up_proj"];
    assert_eq!((group.bits, group.tensors, group.bytes), (4, 1, 160));
    let error = group.relative_error();
    assert!((0.01..0.1).contains(&error), "{error}");
}

#[test]
fn what_can_be_dropped_is_kept_when_asked_to() {
    let source = small();
    let options = Options {
        keep_droppable: true,
        ..Options::default()
    };
    let plan = Plan::new(&source, &json!({}), &table(&source), &options).unwrap();
    assert!(plan.dropped().is_empty());
    let mut files = Memory::default();
    let extras = Extras {
        config: &json!({}),
        tokenizer: b"",
        family: "family",
        origin: Origin::default(),
    };
    let manifest = plan.conversion(extras).unwrap().write(&source, &mut files);
    // config.json and tokenizer.json count as files, whatever is in them.
    assert!(manifest.unwrap().tensors.len() > 4);
    plan.compare(&source, &open(files)).unwrap();
}

#[test]
fn a_model_that_is_quantized_already_keeps_its_bits() {
    let (_, files) = write(&small(), &json!({}));
    let config: Value = serde_json::from_slice(&files.0["config.json"]).unwrap();
    let first = open(files);
    let (plan, again) = write(&first, &config);
    assert!(plan.repackaged());
    let again = open(again);
    assert_eq!(first.names(), again.names());
    for name in first.names() {
        assert_eq!(first.info(name), again.info(name));
        assert_eq!(first.read(name).unwrap(), again.read(name).unwrap());
    }
    let report = plan.compare(&first, &again).unwrap();
    assert!(report.groups.values().all(|group| group.bits == 0));
    assert_eq!(first.manifest().quantization, again.manifest().quantization);
    let error = planned(&first, &json!({})).unwrap_err();
    assert!(error.to_string().contains("belong together"), "{error}");
}

#[test]
fn damage_behind_the_writers_back_is_noticed() {
    let source = small();
    let (plan, files) = write(&source, &json!({}));
    let stored = open(files.clone());
    let entries: Vec<_> = stored.names().into_iter().map(str::to_owned).collect();
    assert_eq!(entries.len(), 5);
    let file = "weights-00001.safetensors";
    let whole = safetensors::parse(file, &files.0[file], files.0[file].len() as u64).unwrap();
    for name in entries {
        let mut damaged = files.clone();
        // The upper half of the tensor's last number.
        damaged.0.get_mut(file).unwrap()[whole[&name].range.end as usize - 1] ^= 0x7f;
        let damaged = open(damaged);
        let error = plan.compare(&source, &damaged).unwrap_err();
        assert_eq!(error.code(), "integrity", "{name}");
        let error = damaged.check_hashes().unwrap_err();
        assert!(error.to_string().starts_with(file), "{error}");
    }
}

#[test]
fn values_that_are_no_numbers_are_refused_by_name() {
    let info = TensorInfo {
        dtype: Dtype::F32,
        shape: vec![1, 32],
    };
    let name = format!("{LINEAR}.weight");
    let mut bytes = safetensors::header([(name.as_str(), &info)]);
    bytes.extend(f32::NAN.to_le_bytes().repeat(32));
    let source = InMemory::new([("m".into(), bytes)]).unwrap();
    let plan = planned(&source, &json!({})).unwrap();
    let extras = Extras {
        config: &json!({}),
        tokenizer: b"",
        family: "family",
        origin: Origin::default(),
    };
    let conversion = plan.conversion(extras).unwrap();
    let error = conversion.write(&source, &mut Memory::default());
    assert!(error.unwrap_err().to_string().starts_with(&name));
}

#[test]
fn files_stay_below_the_limit_and_layers_together() {
    let step = |name: &str, rows: usize, row_bytes: usize| {
        let info = TensorInfo {
            dtype: Dtype::U8,
            shape: vec![rows, row_bytes / 2],
        };
        let output = |part| (format!("{name}.{part}"), info.clone());
        Rc::new(Step {
            source: name.into(),
            info: info.clone(),
            store: Store::Copied,
            outputs: ["weight", "scales"].map(output).to_vec(),
        })
    };
    let limit = MAX_FILE as usize;
    // Two that fill a file but for its header, so that the second is cut; one that takes more than
    // a file, and a small one behind it.
    let steps = [
        step("a", 8, limit / 16),
        step("b", 8, limit / 16),
        step("c", 100, limit / 45),
        step("d", 1, 2),
    ];
    let files = layout::files(&steps).unwrap();
    assert_eq!(files.len(), 4);
    for file in &files {
        let tensors: Vec<_> = file.iter().flat_map(layout::RowBlock::tensors).collect();
        let header = safetensors::header(tensors.iter().map(|(name, info)| (name.as_str(), info)));
        let data: usize = tensors.iter().map(|(_, info)| info.bytes().unwrap()).sum();
        assert!((header.len() + data) as u64 <= MAX_FILE);
    }
    let blocks: Vec<_> = files.iter().flatten().collect();
    for step in &steps {
        let own = blocks.iter().filter(|block| Rc::ptr_eq(&block.step, step));
        let rows: Vec<usize> = own.flat_map(|block| block.rows.clone()).collect();
        assert!(rows.into_iter().eq(0..step.rows()), "{}", step.source);
    }
    let name = |block: &layout::RowBlock| block.tensors()[0].0.clone();
    assert_eq!(name(blocks[0]), "a.weight@0");
    assert_eq!(name(blocks[1]), "a.weight@2");
    assert_eq!(name(blocks.last().unwrap()), "d.weight");
    assert!(blocks.iter().all(|block| block.data_bytes() <= 8 << 20));
    assert!(layout::files(&[step("e", 1, 2 * limit)]).is_err());
}

#[test]
fn a_split_tensor_is_read_as_one() {
    // Rows of 2^20 values, so that 40 rows of halves pass a file.
    const NAME: &str = "table";
    let info = TensorInfo {
        dtype: Dtype::U8,
        shape: vec![40, 2 << 20],
    };
    let mut bytes = safetensors::header([(NAME, &info)]);
    bytes.extend((0..info.bytes().unwrap()).map(|i| (i >> 20) as u8));
    let source = InMemory::new([("m".into(), bytes)]).unwrap();
    let (plan, files) = write(&source, &json!({}));
    let stored = open(files);
    assert_eq!(stored.manifest().files.len(), 4);
    assert_eq!(
        stored.read_rows(NAME, 19, 2).unwrap(),
        source.read_rows(NAME, 19, 2).unwrap()
    );
    assert_eq!(stored.read(NAME).unwrap(), source.read(NAME).unwrap());
    plan.compare(&source, &stored).unwrap();
}

#[test]
fn cancelling_stops_the_work() {
    struct Cancelled;
    impl Sink for Cancelled {
        fn create(&mut self, _: &str) -> io::Result<Box<dyn Write + '_>> {
            Ok(Box::new(io::sink()))
        }

        fn progress(&mut self, _: u64, _: u64) -> Result<(), Error> {
            Err(Error::Cancelled)
        }
    }
    let source = small();
    let plan = planned(&source, &json!({})).unwrap();
    let extras = Extras {
        config: &json!({}),
        tokenizer: b"",
        family: "family",
        origin: Origin::default(),
    };
    assert_eq!(
        plan.conversion(extras)
            .unwrap()
            .write(&source, &mut Cancelled),
        Err(Error::Cancelled)
    );
}
