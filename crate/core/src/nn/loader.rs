//! Turns named tensors of a checkpoint into layers, and refuses any that do not fit.

use std::collections::BTreeSet;
use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

use burn::tensor::{Device, Tensor, TensorData};

use super::{Embedding, Linear, Weight};
use crate::error::Error;
use crate::kernels::{MAX_BINDING, QuantizedMatrix};
use crate::quantize::group::{QuantParams, QuantizationConfig, Quantized};
use crate::weights::{TensorSource, dtype};

/// Most bytes of a matrix that are in host memory at once, and in one buffer on the device.
const PART: usize = 32 << 20;
const _: () = assert!(PART <= MAX_BINDING);

/// Who waits for a load.
pub trait Watch {
    /// Hears how many bytes were read.
    fn read(&self, bytes: u64);

    /// Comes between layers: lets others run, and ends the load with an error.
    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>>;
}

/// Reads layers by name, noting what is missing, misshapen or never asked for.
///
/// A missing or misshapen tensor does not stop the load at once: a placeholder stands in, so
/// that [`Loader::finish`] can name every problem of the checkpoint in one error.
pub struct Loader<'a> {
    source: &'a Rc<dyn TensorSource>,
    quantization: Option<&'a QuantizationConfig>,
    device: &'a Device,
    /// `None` when only names and shapes are checked and nothing is read.
    watch: Option<&'a dyn Watch>,
    used: BTreeSet<String>,
    bytes: u64,
    missing: Vec<String>,
    misshapen: Vec<String>,
}

impl<'a> Loader<'a> {
    /// A loader that reads, onto `device`.
    #[must_use]
    pub fn new(
        source: &'a Rc<dyn TensorSource>,
        quantization: Option<&'a QuantizationConfig>,
        device: &'a Device,
        watch: &'a dyn Watch,
    ) -> Self {
        Self {
            watch: Some(watch),
            ..Self::checking(source, quantization, device)
        }
    }

    /// A loader that reads nothing: its layers are placeholders, and only [`Loader::finish`] and
    /// [`Loader::bytes`] mean anything. `device` is best the CPU.
    #[must_use]
    pub fn checking(
        source: &'a Rc<dyn TensorSource>,
        quantization: Option<&'a QuantizationConfig>,
        device: &'a Device,
    ) -> Self {
        Self {
            source,
            quantization,
            device,
            watch: None,
            used: BTreeSet::new(),
            bytes: 0,
            missing: Vec::new(),
            misshapen: Vec::new(),
        }
    }

    /// Where the layers are put.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Comes between layers.
    ///
    /// # Errors
    /// Those of the [`Watch`], which end the load.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        match self.watch {
            Some(watch) => watch.checkpoint().await,
            None => Ok(()),
        }
    }

    /// A dense tensor of exactly `shape`.
    ///
    /// # Errors
    /// [`Error::Integrity`] when it cannot be read or holds values that are not finite,
    /// [`Error::UnsupportedModel`] when it is larger than one GPU buffer may be.
    pub fn tensor<const D: usize>(
        &mut self,
        name: &str,
        shape: [usize; D],
    ) -> Result<Tensor<D>, Error> {
        let Some(values) = self.values(name, &shape)? else {
            return Ok(Tensor::zeros([1; D], self.device));
        };
        if size_of_val(values.as_slice()) > MAX_BINDING {
            return Err(Error::UnsupportedModel {
                reason: format!("{name} has {shape:?} numbers, more than one GPU buffer holds"),
            });
        }
        Ok(self.upload(values, shape))
    }

    /// The values of a dense tensor of exactly `shape`, or `None` when it does not fit.
    ///
    /// # Errors
    /// [`Error::Integrity`] when it cannot be read or holds values that are not finite.
    pub fn values(&mut self, name: &str, shape: &[usize]) -> Result<Option<Vec<f32>>, Error> {
        if !self.expect(name, shape) {
            return Ok(None);
        }
        let bytes = self.source.read(name)?;
        self.floats(name, &bytes).map(Some)
    }

    /// `{name}.weight` `[output, input]`, dense or quantized, and with `bias` `{name}.bias`.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn linear(
        &mut self,
        name: &str,
        input: usize,
        output: usize,
        bias: bool,
    ) -> Result<Linear, Error> {
        let weight = self.weight(name, input, output, std::slice::from_ref(&(0..output)))?;
        let bias = match bias {
            true => Some(self.tensor(&format!("{name}.bias"), [output])?),
            false => None,
        };
        Ok(Linear::new(weight, bias))
    }

    /// Only the outputs `rows` of a layer without bias that has `output` of them.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn linear_rows(
        &mut self,
        name: &str,
        input: usize,
        output: usize,
        rows: &[Range<usize>],
    ) -> Result<Linear, Error> {
        let weight = self.weight(name, input, output, rows)?;
        Ok(Linear::new(weight, None))
    }

    /// A 1×1 convolution `[output, input, 1, 1]` with bias as the linear layer it is.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn conv1x1(&mut self, name: &str, input: usize, output: usize) -> Result<Linear, Error> {
        let weight = match self.values(&format!("{name}.weight"), &[output, input, 1, 1])? {
            Some(values) => self.upload(values, [output, input]),
            None => Tensor::zeros([1, 1], self.device),
        };
        let bias = self.tensor(&format!("{name}.bias"), [output])?;
        Ok(Linear::new(Weight::Dense(vec![weight]), Some(bias)))
    }

    /// The token embedding `{name}.weight`, `[rows, width]`. It stays where it is stored: only
    /// the rows of text tokens are ever read.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn embedding(&mut self, name: &str, rows: usize, width: usize) -> Result<Embedding, Error> {
        let params = self.params(name)?;
        let bytes = self.bytes;
        match params {
            Some(params) => self.expect_quantized(name, rows, width, params),
            None => self.expect(&format!("{name}.weight"), &[rows, width]),
        };
        self.bytes = bytes;
        let source = Rc::clone(self.source);
        Ok(Embedding::new(source, name, params, width))
    }

    /// Bytes of everything that was asked for so far, as stored.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
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

    /// Rows of matrix `{name}`, in parts that fit one buffer.
    fn weight(
        &mut self,
        name: &str,
        input: usize,
        output: usize,
        rows: &[Range<usize>],
    ) -> Result<Weight, Error> {
        if let Some(params) = self.params(name)? {
            let fits = self.expect_quantized(name, output, input, params);
            let row = input * params.bits as usize / 8 + input / params.group_size * 4;
            let rows = if fits { rows } else { &[] };
            let parts = rows
                .iter()
                .flat_map(|rows| parts(rows.clone(), row))
                .map(|rows| self.quantized_rows(name, input, params, &rows))
                .collect::<Result<_, _>>()?;
            return Ok(Weight::Quantized(parts));
        }
        let name = format!("{name}.weight");
        if !self.expect(&name, &[output, input]) {
            return Ok(Weight::Dense(vec![Tensor::zeros([1, 1], self.device)]));
        }
        let row = input * size_of::<f32>();
        let parts = rows
            .iter()
            .flat_map(|rows| parts(rows.clone(), row))
            .map(|rows| {
                let bytes = self.source.read_rows(&name, rows.start, rows.len())?;
                let values = self.floats(&name, &bytes)?;
                Ok(self.upload(values, [rows.len(), input]))
            })
            .collect::<Result<_, Error>>()?;
        Ok(Weight::Dense(parts))
    }

    /// Notes `name` as used and says whether it is there in `shape` and is to be read. After a
    /// first mismatch nothing more is: the load is lost, only the list of problems still grows.
    fn expect(&mut self, name: &str, shape: &[usize]) -> bool {
        self.used.insert(name.to_owned());
        match self.source.info(name) {
            None => self.missing.push(name.to_owned()),
            Some(info) if info.shape != shape => self
                .misshapen
                .push(format!("{name} {:?} instead of {shape:?}", info.shape)),
            Some(info) => self.bytes += info.bytes().unwrap_or_default() as u64,
        }
        self.watch.is_some() && self.missing.is_empty() && self.misshapen.is_empty()
    }

    /// How layer `name` is quantized, or `None` when it is dense.
    fn params(&self, name: &str) -> Result<Option<QuantParams>, Error> {
        let scales = format!("{name}.scales");
        match (self.source.info(&scales), self.quantization) {
            (None, _) => Ok(None),
            (Some(_), Some(quantization)) => Ok(Some(quantization.of(name))),
            (Some(_), None) => Err(Error::UnsupportedModel {
                reason: format!("{scales} is there, but config.json has no quantization block"),
            }),
        }
    }

    fn expect_quantized(
        &mut self,
        name: &str,
        rows: usize,
        columns: usize,
        QuantParams { bits, group_size }: QuantParams,
    ) -> bool {
        let groups = [rows, columns / group_size];
        self.expect(
            &format!("{name}.weight"),
            &[rows, columns * bits as usize / 32],
        ) & self.expect(&format!("{name}.scales"), &groups)
            & self.expect(&format!("{name}.biases"), &groups)
    }

    fn quantized_rows(
        &self,
        name: &str,
        columns: usize,
        params: QuantParams,
        rows: &Range<usize>,
    ) -> Result<QuantizedMatrix, Error> {
        let table = read_quantized(self.source.as_ref(), name, columns, params, rows)?;
        self.count(table.bytes());
        let device = self.device;
        Ok(
            device
                .memory_persistent_allocations(table, |table| QuantizedMatrix::new(table, device)),
        )
    }

    /// The numbers of dense tensor `name`.
    fn floats(&self, name: &str, bytes: &[u8]) -> Result<Vec<f32>, Error> {
        self.count(bytes.len());
        let Some(info) = self.source.info(name) else {
            return Err(vanished(name));
        };
        dtype::to_finite_f32(name, info.dtype, bytes)
    }

    fn count(&self, bytes: usize) {
        if let Some(watch) = self.watch {
            watch.read(bytes as u64);
        }
    }

    /// Weights get buffers of exactly their size: they are never outgrown or reused.
    fn upload<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        let device = self.device;
        let data = TensorData::new(values, shape);
        device.memory_persistent_allocations(data, |data| Tensor::from_data(data, device))
    }
}

/// `rows` in ranges of at most [`PART`] bytes, of which one row has `row_bytes`.
fn parts(rows: Range<usize>, row_bytes: usize) -> impl Iterator<Item = Range<usize>> {
    let count = (PART / row_bytes.max(1)).max(1);
    rows.clone()
        .step_by(count)
        .map(move |start| start..(start + count).min(rows.end))
}

/// Rows of the quantized matrix of layer `name` as they are stored.
///
/// # Errors
/// [`Error::Integrity`] when they cannot be read or a scale is not finite.
pub(super) fn read_quantized(
    source: &dyn TensorSource,
    name: &str,
    columns: usize,
    params: QuantParams,
    rows: &Range<usize>,
) -> Result<Quantized, Error> {
    let read = |part: &str| {
        let name = format!("{name}.{part}");
        let info = source.info(&name).ok_or_else(|| vanished(&name))?;
        let bytes = source.read_rows(&name, rows.start, rows.len())?;
        Ok::<_, Error>((name, info.dtype, bytes))
    };
    let (name, dtype, bytes) = read("weight")?;
    let packed = dtype::to_u32(&name, dtype, &bytes)?;
    drop(bytes);
    let halves = |part: &str| {
        let (name, dtype, bytes) = read(part)?;
        dtype::to_finite_f16(&name, dtype, &bytes)
    };
    let (scales, biases) = (halves("scales")?, halves("biases")?);
    Quantized::new(rows.len(), columns, params, packed, scales, biases)
}

fn vanished(name: &str) -> Error {
    Error::Internal {
        reason: format!("{name} vanished while loading"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_cut_into_parts_that_fit() {
        assert_eq!(
            parts(0..5, PART / 2).collect::<Vec<_>>(),
            [0..2, 2..4, 4..5]
        );
        assert_eq!(parts(3..5, 2 * PART).collect::<Vec<_>>(), [3..4, 4..5]);
        assert_eq!(parts(0..3, 4).next(), Some(0..3));
        assert_eq!(parts(0..0, 4).count(), 0);
    }
}
