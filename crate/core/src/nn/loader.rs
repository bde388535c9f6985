//! Turns named tensors of a checkpoint into layers, and refuses any that do not fit.

use std::collections::BTreeSet;

use burn::tensor::{Device, Tensor, TensorData};

use super::{Embedding, Linear, Weight};
use crate::error::Error;
use crate::kernels::QuantizedMatrix;
use crate::quant::{QuantParams, QuantizationConfig, Quantized};
use crate::weights::{TensorSource, dtype};

/// Reads layers by name, noting what is missing, misshapen or never asked for.
///
/// A missing or misshapen tensor does not stop the load at once: a placeholder stands in, so
/// that [`Loader::finish`] can name every problem of the checkpoint in one error.
pub struct Loader<'a> {
    source: &'a dyn TensorSource,
    quantization: Option<&'a QuantizationConfig>,
    device: &'a Device,
    used: BTreeSet<String>,
    missing: Vec<String>,
    misshapen: Vec<String>,
    progress: &'a dyn Fn(u64),
}

impl<'a> Loader<'a> {
    /// `progress` hears the bytes of each tensor read.
    #[must_use]
    pub fn new(
        source: &'a dyn TensorSource,
        quantization: Option<&'a QuantizationConfig>,
        device: &'a Device,
        progress: &'a dyn Fn(u64),
    ) -> Self {
        Self {
            source,
            quantization,
            device,
            used: BTreeSet::new(),
            missing: Vec::new(),
            misshapen: Vec::new(),
            progress,
        }
    }

    /// Where the layers are put.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.device
    }

    /// A dense tensor of exactly `shape`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the file cannot be read.
    pub fn tensor<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Tensor<D>, Error> {
        Ok(match self.values(name, &shape)? {
            Some(values) => Tensor::from_data(TensorData::new(values, shape), self.device),
            None => Tensor::zeros([1; D], self.device),
        })
    }

    /// The values of a dense tensor of exactly `shape`, or `None` when it does not fit.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the file cannot be read.
    pub fn values(&mut self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, Error> {
        if !self.expect(name, shape) {
            return Ok(None);
        }
        let Some(info) = self.source.info(name) else {
            return Ok(None);
        };
        let bytes = self.source.read(name)?;
        (self.progress)(bytes.len() as u64);
        dtype::to_f32(name, info.dtype, &bytes).map(Some)
    }

    /// `{name}.weight` `[output, input]`, dense or quantized, and with `bias` `{name}.bias`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the file cannot be read.
    pub fn linear(
        &mut self,
        name: &str,
        input: usize,
        output: usize,
        bias: bool,
    ) -> Result<Linear, Error> {
        let weight = match self.quantized(name, output, input)? {
            Some(table) => Weight::Quantized(QuantizedMatrix::new(table, self.device)),
            None => Weight::Dense(self.tensor(&format!("{name}.weight"), [output, input])?),
        };
        let bias = match bias {
            true => Some(self.tensor(&format!("{name}.bias"), [output])?),
            false => None,
        };
        Ok(Linear::new(weight, bias))
    }

    /// A 1×1 convolution `[output, input, 1, 1]` with bias as the linear layer it is.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the file cannot be read.
    pub fn conv1x1(&mut self, name: &str, input: usize, output: usize) -> Result<Linear, Error> {
        let weight = match self.values(&format!("{name}.weight"), &[output, input, 1, 1])? {
            Some(values) => {
                Tensor::from_data(TensorData::new(values, [output, input]), self.device)
            }
            None => Tensor::zeros([1, 1], self.device),
        };
        let bias = self.tensor(&format!("{name}.bias"), [output])?;
        Ok(Linear::new(Weight::Dense(weight), Some(bias)))
    }

    /// The token embedding `{name}.weight`, `[rows, width]`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when the file cannot be read.
    pub fn embedding(&mut self, name: &str, rows: usize, width: usize) -> Result<Embedding, Error> {
        if let Some(table) = self.quantized(name, rows, width)? {
            return Ok(Embedding::quantized(table, width));
        }
        let values = self.values(&format!("{name}.weight"), &[rows, width])?;
        Ok(Embedding::dense(values.unwrap_or_default(), width))
    }

    /// Ends the load.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`] naming every missing, misshapen or unused tensor; names that
    /// `ignored` accepts may stay unused.
    pub fn finish(self, ignored: impl Fn(&str) -> bool) -> Result<(), Error> {
        let unused: Vec<String> = self
            .source
            .names()
            .into_iter()
            .filter(|name| !self.used.contains(*name) && !ignored(name))
            .map(str::to_owned)
            .collect();
        if self.missing.is_empty() && self.misshapen.is_empty() && unused.is_empty() {
            return Ok(());
        }
        Err(Error::WeightsMismatch {
            missing: self.missing,
            unused,
            misshapen: self.misshapen,
        })
    }

    /// Notes `name` as used and says whether it is there in `shape`. After a first mismatch
    /// nothing more is read: the load is lost, only the list of problems still grows.
    fn expect(&mut self, name: &str, shape: &[usize]) -> bool {
        self.used.insert(name.to_owned());
        match self.source.info(name) {
            None => self.missing.push(name.to_owned()),
            Some(info) if info.shape != shape => self
                .misshapen
                .push(format!("{name} {:?} instead of {shape:?}", info.shape)),
            Some(_) => {}
        }
        self.missing.is_empty() && self.misshapen.is_empty()
    }

    /// The quantized matrix of layer `name`, or `None` when the layer is dense.
    fn quantized(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
    ) -> Result<Option<Quantized>, Error> {
        let scales = format!("{name}.scales");
        if self.source.info(&scales).is_none() {
            return Ok(None);
        }
        let Some(params) = self.quantization.map(|q| q.of(name)) else {
            return Err(Error::UnsupportedModel {
                reason: format!("{scales} is there, but config.json has no quantization block"),
            });
        };
        let (weight, biases) = (format!("{name}.weight"), format!("{name}.biases"));
        let QuantParams { bits, group_size } = params;
        let packed_shape = [rows, columns * bits as usize / 32];
        let group_shape = [rows, columns / group_size];
        let fits = self.expect(&weight, &packed_shape)
            & self.expect(&scales, &group_shape)
            & self.expect(&biases, &group_shape);
        if !fits {
            return Ok(Some(Quantized::empty(params)));
        }
        let packed = dtype::to_u32(&weight, self.dtype(&weight)?, &self.read(&weight)?)?;
        let scales = dtype::to_f16(&scales, self.dtype(&scales)?, &self.read(&scales)?)?;
        let biases = dtype::to_f16(&biases, self.dtype(&biases)?, &self.read(&biases)?)?;
        Quantized::new(rows, columns, params, packed, scales, biases).map(Some)
    }

    fn dtype(&self, name: &str) -> Result<dtype::Dtype, Error> {
        match self.source.info(name) {
            Some(info) => Ok(info.dtype),
            None => Err(Error::Internal {
                reason: format!("{name} vanished while loading"),
            }),
        }
    }

    fn read(&self, name: &str) -> Result<std::borrow::Cow<'_, [u8]>, Error> {
        let bytes = self.source.read(name)?;
        (self.progress)(bytes.len() as u64);
        Ok(bytes)
    }
}
