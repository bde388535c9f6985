//! What becomes of every tensor of a checkpoint.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value;

use super::options::{Options, Store};
use crate::error::Error;
use crate::kernels::QuantParams;
use crate::weights::{Dtype, QuantizationConfig, TensorInfo, TensorSource, TensorTable};

/// A tensor of the source, or a quantized layer's three, and what is written for it. All outputs
/// have the same rows and stay together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub source: String,
    /// Of the source.
    pub info: TensorInfo,
    pub store: Store,
    pub outputs: Vec<(String, TensorInfo)>,
}

/// What becomes of every tensor of one checkpoint.
#[derive(Debug)]
pub struct Plan {
    pub(super) steps: Vec<Rc<Step>>,
    pub(super) quantization: Option<QuantizationConfig>,
    dropped: Vec<String>,
    repackaged: bool,
}

impl Plan {
    /// Plans a model whose `config.json` is `config` and whose tensors are those of `table`. One
    /// that is quantized already keeps every bit of its weights and is only packed anew; the bits
    /// of `options` then say nothing.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] for options that are not known, or a quantization that
    /// `config` and tensors do not agree on.
    pub fn new(
        source: &dyn TensorSource,
        config: &Value,
        table: &TensorTable,
        options: &Options,
    ) -> Result<Self, Error> {
        options.check()?;
        let given = match config.get("quantization").filter(|block| !block.is_null()) {
            Some(block) => Some(
                serde_json::from_value(block.clone())
                    .map_err(|e| unsupported(format!("quantization in config.json: {e}")))?,
            ),
            None => None,
        };
        let packed = source.names().iter().any(|name| name.ends_with(".scales"));
        if packed != given.is_some() {
            return Err(unsupported(
                "quantized tensors and a quantization block in config.json belong together".into(),
            ));
        }
        let (dropped, kept): (Vec<&str>, Vec<&str>) = source
            .names()
            .into_iter()
            .partition(|name| !options.keep_droppable && table.is_droppable(name));
        let mut plan = Self {
            steps: Vec::new(),
            quantization: given,
            dropped: dropped.into_iter().map(str::to_owned).collect(),
            repackaged: packed,
        };
        for name in kept {
            if let Some(info) = source.info(name) {
                let bits = table.get(name).and_then(|spec| spec.bits);
                plan.add(source, name, info, options.store(info, bits));
            }
        }
        if !packed {
            plan.quantization = quantization(&plan.steps, options);
        }
        Ok(plan)
    }

    /// Whether the model was quantized already.
    #[must_use]
    pub fn repackaged(&self) -> bool {
        self.repackaged
    }

    /// Tensors that are left out, because the model works without them.
    #[must_use]
    pub fn dropped(&self) -> &[String] {
        &self.dropped
    }

    /// `config` with this plan's `quantization` block in MLX's form.
    pub(super) fn config(&self, config: &Value) -> Result<Value, Error> {
        let mut config = config.clone();
        let Some(fields) = config.as_object_mut() else {
            return Err(unsupported("config.json is no object".into()));
        };
        if let Some(quantization) = &self.quantization {
            fields.insert("quantization".into(), serde_json::json!(quantization));
        }
        Ok(config)
    }

    fn add(&mut self, source: &dyn TensorSource, name: &str, info: &TensorInfo, store: Store) {
        if !self.repackaged {
            self.steps.push(Rc::new(Step::new(name, info, store)));
            return;
        }
        let layer = |suffix: &str| {
            let layer = name.strip_suffix(suffix)?;
            source.info(&format!("{layer}.scales")).map(|_| layer)
        };
        if layer(".scales").is_some() || layer(".biases").is_some() {
            // Comes with its weight.
            return;
        }
        let mut step = Step::new(name, info, Store::Copied);
        if let Some(layer) = layer(".weight") {
            for name in ["scales", "biases"].map(|suffix| format!("{layer}.{suffix}")) {
                step.outputs
                    .extend(source.info(&name).map(|info| (name.clone(), info.clone())));
            }
        }
        self.steps.push(Rc::new(step));
    }
}

/// The `quantization` block of `config.json`, if anything is quantized.
fn quantization(steps: &[Rc<Step>], options: &Options) -> Option<QuantizationConfig> {
    let layers: BTreeMap<String, QuantParams> = steps
        .iter()
        .filter_map(|step| match step.store {
            Store::Quantized(params) => Some((step.layer().to_owned(), params)),
            _ => None,
        })
        .collect();
    // The commonest is the default, which keeps the list of exceptions short.
    let known = [4, 8].map(|bits| QuantParams {
        group_size: options.group_size,
        bits,
    });
    let default = *known
        .iter()
        .max_by_key(|params| layers.values().filter(|other| other == params).count())?;
    if layers.is_empty() {
        return None;
    }
    let overrides = layers.into_iter().filter(|(_, params)| *params != default);
    Some(QuantizationConfig::new(default, overrides.collect()))
}

impl Step {
    fn new(name: &str, info: &TensorInfo, store: Store) -> Self {
        let tensor = |name: String, dtype, shape| (name, TensorInfo { dtype, shape });
        let outputs = match (store, info.shape.as_slice()) {
            (Store::Quantized(params), &[rows, columns]) => {
                let layer = name.strip_suffix(".weight").unwrap_or(name);
                let words = vec![rows, columns * params.bits as usize / 32];
                let groups = vec![rows, columns / params.group_size];
                vec![
                    tensor(name.to_owned(), Dtype::U32, words),
                    tensor(format!("{layer}.scales"), Dtype::F16, groups.clone()),
                    tensor(format!("{layer}.biases"), Dtype::F16, groups),
                ]
            }
            (Store::Copied, shape) => vec![tensor(name.to_owned(), info.dtype, shape.to_vec())],
            (_, shape) => vec![tensor(name.to_owned(), Dtype::F16, shape.to_vec())],
        };
        Self {
            source: name.to_owned(),
            info: info.clone(),
            store,
            outputs,
        }
    }

    /// The tensor's name without `.weight`.
    pub fn layer(&self) -> &str {
        self.source.strip_suffix(".weight").unwrap_or(&self.source)
    }

    /// Rows of every output.
    pub fn rows(&self) -> usize {
        let first = self.outputs.first();
        first.map_or(0, |(_, info)| info.rows())
    }

    /// Bytes of all outputs together.
    pub fn bytes(&self) -> u64 {
        self.rows() as u64 * self.row_bytes()
    }

    /// Bytes of one row of all outputs together.
    pub fn row_bytes(&self) -> u64 {
        let bytes: usize = self
            .outputs
            .iter()
            .filter_map(|(_, info)| info.row_bytes())
            .sum();
        bytes as u64
    }
}

fn unsupported(reason: String) -> Error {
    Error::UnsupportedModel { reason }
}
