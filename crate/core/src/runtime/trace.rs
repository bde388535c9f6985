//! Recording what every stage computed, for proofs against the reference implementation and for
//! showing how words become a mask.

use std::cell::RefCell;
use std::collections::BTreeMap;

use burn::tensor::Tensor;

use crate::error::Error;
use crate::runtime::device::read;

/// Collects stage results by name while the pipeline runs. What one stage makes in several parts
/// (tiles, prompt rows, tokens) is joined in the order of computation.
#[derive(Debug, Default)]
pub struct Trace {
    parts: RefCell<BTreeMap<String, Vec<Tensor<1>>>>,
}

impl Trace {
    /// Keeps a copy of `tensor`, row-major, on its device.
    pub fn record<const D: usize>(&self, name: &str, tensor: &Tensor<D>) {
        let values = tensor
            .clone()
            .reshape([tensor.dims().iter().product::<usize>()]);
        self.parts
            .borrow_mut()
            .entry(name.to_owned())
            .or_default()
            .push(values);
    }

    /// The values of every stage by name.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] when they cannot be read.
    pub async fn finish(self) -> Result<BTreeMap<String, Vec<f32>>, Error> {
        let mut stages = BTreeMap::new();
        for (name, parts) in self.parts.into_inner() {
            let mut values = Vec::new();
            for part in parts {
                values.extend(read(part).await?);
            }
            stages.insert(name, values);
        }
        Ok(stages)
    }
}

/// Records through an optional trace.
pub fn record<const D: usize>(trace: Option<&Trace>, name: &str, tensor: &Tensor<D>) {
    if let Some(trace) = trace {
        trace.record(name, tensor);
    }
}
