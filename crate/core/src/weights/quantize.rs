//! Rewrites a checkpoint with quantized weights, one tensor at a time.
//!
//! Memory is bounded by the largest tensor: every file's layout follows from the shapes alone, so
//! headers are written first and tensors streamed behind them.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde_json::Value;

use super::recipe::{Plan, Recipe, Step, Store};
use super::{TensorInfo, TensorSource, dtype, missing, safetensors};
use crate::error::Error;
use crate::quant::{QuantParams, Quantized};

/// Bytes of tensors after which the next shard begins; the browser takes one shard at a time.
const SHARD: usize = 256 << 20;
/// Values quantized at a time.
const BLOCK: usize = 1 << 20;

/// Where the files of the new model go.
pub trait Sink {
    /// Begins file `name`, a plain file name.
    ///
    /// # Errors
    /// Whatever keeps it from being written.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>>;

    /// Hears how many bytes of the source were read, of how many.
    fn progress(&mut self, done: u64, total: u64);
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Weight files in order, with their bytes.
    pub files: Vec<(String, u64)>,
    /// Tensors that were quantized.
    pub quantized: usize,
    /// Tensors that became f16 or were copied.
    pub kept: usize,
    /// Tensors that were left out: SAM 2's video memory, which single pictures never use.
    pub dropped: Vec<String>,
}

/// Quantizes the model in `source` by `recipe`.
///
/// Writes `model.safetensors`, or shards and `model.safetensors.index.json` when it is large, and
/// `config.json`: `config` with a `quantization` block in MLX's form. Other files of the model,
/// such as `tokenizer.json`, are the caller's to copy.
///
/// # Errors
/// [`Error::UnsupportedModel`] for a model that is quantized already or a recipe that is not
/// known, [`Error::Integrity`] when a tensor cannot be read or holds values that are not finite,
/// [`Error::Internal`] when the sink fails.
pub fn quantize_model(
    source: &dyn TensorSource,
    config: &Value,
    recipe: &Recipe,
    sink: &mut dyn Sink,
) -> Result<Summary, Error> {
    let plan = Plan::new(source, recipe)?;
    let config = with_quantization(config, &plan)?;
    let shards = shards(&plan.steps);
    let names: Vec<String> = (1..=shards.len())
        .map(|number| file_name(number, shards.len()))
        .collect();
    let (mut done, total) = (0, source.total_bytes());
    let mut files = Vec::with_capacity(shards.len());
    for (name, steps) in names.iter().zip(&shards) {
        files.push((name.clone(), write_shard(name, steps, source, sink)?));
        done += steps
            .iter()
            .map(|step| source_bytes(source, step))
            .sum::<u64>();
        sink.progress(done, total);
    }
    if shards.len() > 1 {
        write_file(
            "model.safetensors.index.json",
            &index(&names, &shards),
            sink,
        )?;
    }
    write_file("config.json", &config, sink)?;
    let quantized = plan
        .steps
        .iter()
        .filter(|step| matches!(step.store, Store::Quantized(_)))
        .count();
    Ok(Summary {
        files,
        quantized,
        kept: plan.steps.len() - quantized,
        dropped: plan.dropped,
    })
}

fn source_bytes(source: &dyn TensorSource, step: &Step) -> u64 {
    source
        .info(&step.source)
        .and_then(TensorInfo::bytes)
        .unwrap_or_default() as u64
}

/// `config` with MLX's `quantization` block.
fn with_quantization(config: &Value, plan: &Plan) -> Result<Value, Error> {
    let mut config = config.clone();
    let Some(fields) = config.as_object_mut() else {
        return Err(Error::UnsupportedModel {
            reason: "config.json is no object".into(),
        });
    };
    if fields.contains_key("quantization") {
        return Err(Error::UnsupportedModel {
            reason: "the model is quantized already".into(),
        });
    }
    fields.insert(
        "quantization".into(),
        serde_json::json!(plan.quantization()),
    );
    Ok(config)
}

/// Steps by shard: in order, each up to [`SHARD`] bytes unless one tensor alone has more.
fn shards(steps: &[Step]) -> Vec<Vec<&Step>> {
    let mut shards: Vec<Vec<&Step>> = vec![Vec::new()];
    let mut bytes = 0;
    for step in steps {
        if bytes > 0 && bytes + step.bytes() > SHARD {
            shards.push(Vec::new());
            bytes = 0;
        }
        bytes += step.bytes();
        if let Some(shard) = shards.last_mut() {
            shard.push(step);
        }
    }
    shards
}

fn file_name(number: usize, count: usize) -> String {
    match count {
        1 => "model.safetensors".into(),
        _ => format!("model-{number:05}-of-{count:05}.safetensors"),
    }
}

fn index(names: &[String], shards: &[Vec<&Step>]) -> Value {
    let total: usize = shards.iter().flatten().map(|step| step.bytes()).sum();
    let weight_map: BTreeMap<&str, &str> = names
        .iter()
        .zip(shards)
        .flat_map(|(name, steps)| {
            let tensors = steps.iter().flat_map(|step| &step.outputs);
            tensors.map(move |(tensor, _)| (tensor.as_str(), name.as_str()))
        })
        .collect();
    serde_json::json!({"metadata": {"total_size": total}, "weight_map": weight_map})
}

fn write_file(name: &str, json: &Value, sink: &mut dyn Sink) -> Result<(), Error> {
    let mut file = sink.create(name).map_err(|e| unwritten(name, &e))?;
    let text = format!("{json:#}\n");
    file.write_all(text.as_bytes())
        .and_then(|()| file.flush())
        .map_err(|e| unwritten(name, &e))
}

/// Writes one weight file; returns its length.
fn write_shard(
    name: &str,
    steps: &[&Step],
    source: &dyn TensorSource,
    sink: &mut dyn Sink,
) -> Result<u64, Error> {
    let tensors = steps.iter().flat_map(|step| &step.outputs);
    let header = safetensors::header(tensors.map(|(name, info)| (name.as_str(), info)));
    let mut file = sink.create(name).map_err(|e| unwritten(name, &e))?;
    let mut length = 0;
    let mut write = |part: &[u8]| {
        length += part.len() as u64;
        file.write_all(part).map_err(|e| unwritten(name, &e))
    };
    write(&header)?;
    for step in steps {
        write_tensor(step, source, &mut write)?;
    }
    file.flush().map_err(|e| unwritten(name, &e))?;
    Ok(length)
}

fn write_tensor(step: &Step, source: &dyn TensorSource, write: &mut Writer) -> Result<(), Error> {
    let info = source
        .info(&step.source)
        .ok_or_else(|| missing(&step.source))?;
    let data = source.read(&step.source)?;
    match step.store {
        Store::Copied => write(&data),
        Store::Half => write_half(step, info, &data, write),
        Store::Quantized(params) => write_quantized(step, info, params, &data, write),
    }
}

type Writer<'a> = dyn FnMut(&[u8]) -> Result<(), Error> + 'a;

fn write_half(
    step: &Step,
    info: &TensorInfo,
    data: &[u8],
    write: &mut Writer,
) -> Result<(), Error> {
    for block in data.chunks(BLOCK * info.dtype.bytes()) {
        let values = dtype::to_f16(&step.source, info.dtype, block)?;
        let bytes: Vec<u8> = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        write(&bytes)?;
    }
    Ok(())
}

/// Packed words as they are made, then all scales, then all biases.
fn write_quantized(
    step: &Step,
    info: &TensorInfo,
    params: QuantParams,
    data: &[u8],
    write: &mut Writer,
) -> Result<(), Error> {
    let columns = info.shape.last().copied().unwrap_or_default().max(1);
    let rows = (BLOCK / columns).max(1);
    let (mut scales, mut biases) = (Vec::new(), Vec::new());
    for block in data.chunks(rows * columns * info.dtype.bytes()) {
        let values = dtype::to_f32(&step.source, info.dtype, block)?;
        let table =
            Quantized::quantize(&values, columns, params).map_err(|e| named(&step.source, e))?;
        let packed: Vec<u8> = table
            .packed()
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        write(&packed)?;
        scales.extend(table.scales().iter().flat_map(|value| value.to_le_bytes()));
        biases.extend(table.biases().iter().flat_map(|value| value.to_le_bytes()));
    }
    write(&scales)?;
    write(&biases)
}

/// The same fault with the tensor's name.
fn named(tensor: &str, error: Error) -> Error {
    match error {
        Error::Integrity { reason, .. } => Error::Integrity {
            file: tensor.to_owned(),
            reason,
        },
        other => other,
    }
}

fn unwritten(name: &str, error: &io::Error) -> Error {
    Error::Internal {
        reason: format!("{name} cannot be written: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::{Dtype, InMemory};
    use half::bf16;

    #[derive(Default)]
    struct Files {
        files: BTreeMap<String, Vec<u8>>,
        progress: Vec<(u64, u64)>,
    }

    impl Sink for Files {
        fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>> {
            Ok(Box::new(self.files.entry(name.to_owned()).or_default()))
        }

        fn progress(&mut self, done: u64, total: u64) {
            self.progress.push((done, total));
        }
    }

    fn source(tensors: &[(&str, &[usize])]) -> InMemory {
        let infos: Vec<TensorInfo> = tensors
            .iter()
            .map(|(_, shape)| TensorInfo {
                dtype: Dtype::Bf16,
                shape: shape.to_vec(),
            })
            .collect();
        let named = tensors
            .iter()
            .zip(&infos)
            .map(|((name, _), info)| (*name, info));
        let mut bytes = safetensors::header(named);
        for info in &infos {
            let values = (0..info.elements().unwrap()).map(|i| bf16::from_f32((i as f32).sin()));
            bytes.extend(values.flat_map(bf16::to_le_bytes));
        }
        InMemory::new([("model.safetensors".into(), bytes)]).unwrap()
    }

    #[test]
    fn a_model_is_rewritten_and_can_be_read() {
        const LINEAR: &str = "language_model.model.layers.0.mlp.up_proj";
        let source = source(&[
            ("language_model.model.layers.0.mlp.up_proj.weight", &[4, 64]),
            ("language_model.model.norm.weight", &[64]),
            (
                "grounding_encoder.sam2_model.memory_encoder.out_proj.weight",
                &[4, 64],
            ),
        ]);
        let mut sink = Files::default();
        let config = serde_json::json!({"model_type": "sa2va_chat"});
        let summary = quantize_model(&source, &config, &Recipe::default(), &mut sink).unwrap();
        assert_eq!(
            (summary.quantized, summary.kept, summary.dropped.len()),
            (1, 1, 1)
        );
        let file = sink.files["model.safetensors"].clone();
        assert_eq!(
            summary.files,
            [("model.safetensors".to_owned(), file.len() as u64)]
        );
        let written = InMemory::new([("out".into(), file)]).unwrap();
        assert_eq!(
            written.info(&format!("{LINEAR}.weight")).unwrap().shape,
            [4, 8]
        );
        assert_eq!(
            written
                .info("language_model.model.norm.weight")
                .unwrap()
                .dtype,
            Dtype::F16
        );
        let values = dtype::to_f32(
            "w",
            Dtype::Bf16,
            &source.read(&format!("{LINEAR}.weight")).unwrap(),
        )
        .unwrap();
        let expected = Quantized::quantize(
            &values,
            64,
            QuantParams {
                group_size: 32,
                bits: 4,
            },
        )
        .unwrap();
        let scales = dtype::to_f16(
            "s",
            Dtype::F16,
            &written.read(&format!("{LINEAR}.scales")).unwrap(),
        )
        .unwrap();
        assert_eq!(scales, expected.scales());
        let packed = dtype::to_u32(
            "w",
            Dtype::U32,
            &written.read(&format!("{LINEAR}.weight")).unwrap(),
        )
        .unwrap();
        assert_eq!(packed, expected.packed());
        let config: Value = serde_json::from_slice(&sink.files["config.json"]).unwrap();
        assert_eq!(config["quantization"]["bits"], 4);
        assert_eq!(config["model_type"], "sa2va_chat");
        assert_eq!(sink.progress.last().unwrap().1, source.total_bytes());
    }

    #[test]
    fn a_quantized_model_is_not_quantized_again() {
        let config = serde_json::json!({"quantization": {"group_size": 32, "bits": 4}});
        let error = quantize_model(
            &source(&[("a", &[1])]),
            &config,
            &Recipe::default(),
            &mut Files::default(),
        );
        assert_eq!(error.unwrap_err().code(), "unsupported-model");
    }

    #[test]
    fn large_models_are_cut_between_tensors() {
        let step = |bytes: usize| Step {
            source: format!("{bytes}"),
            store: Store::Copied,
            outputs: vec![(
                format!("{bytes}"),
                TensorInfo {
                    dtype: Dtype::U8,
                    shape: vec![bytes],
                },
            )],
        };
        let steps = [
            step(SHARD / 2),
            step(SHARD / 2),
            step(1),
            step(2 * SHARD),
            step(3),
        ];
        let cut = shards(&steps);
        assert_eq!(cut.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1, 1, 1]);
        assert_eq!(file_name(2, 4), "model-00002-of-00004.safetensors");
        let names: Vec<String> = (1..=4).map(|number| file_name(number, 4)).collect();
        let index = index(&names, &cut);
        assert!(super::super::Index::parse(index.to_string().as_bytes()).is_ok());
        assert_eq!(index["weight_map"]["3"], "model-00004-of-00004.safetensors");
    }
}
