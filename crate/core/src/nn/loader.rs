//! Turns named tensors of a checked checkpoint into layers.

use std::ops::Range;
use std::pin::Pin;
use std::rc::Rc;

use burn::tensor::{Device, Tensor, TensorData};

use super::{Embedding, Linear, Weight};
use crate::error::Error;
use crate::kernels::{MAX_BINDING, QuantParams, QuantizedMatrix};
use crate::weights::{
    QuantizationConfig, TensorSource, TensorSpec, TensorTable, dtype, missing, quantization,
};

/// Most bytes of a matrix that are in host memory at once, and in one buffer on the device.
pub const CHUNK: usize = 32 << 20;
const _: () = assert!(CHUNK <= MAX_BINDING);

/// Who waits for a load.
pub trait LoadObserver {
    /// Hears how many bytes were read.
    fn read(&self, bytes: u64);

    /// Comes between layers: lets others run, and ends the load with an error.
    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>>;
}

/// Files whose tensors are those of its table, see [`TensorTable::check`].
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    /// Where the tensors are read from.
    pub source: &'a Rc<dyn TensorSource>,
    /// Names and shapes.
    pub table: &'a TensorTable,
    /// Bits of the quantized matrices, if there are any.
    pub quantization: Option<&'a QuantizationConfig>,
}

/// Reads layers by name, with the shapes of their table.
#[derive(Clone)]
pub struct Loader<'a> {
    weights: Weights<'a>,
    device: &'a Device,
    observer: &'a dyn LoadObserver,
    /// Stands before every name, a dot between.
    prefix: String,
}

impl<'a> Loader<'a> {
    /// A loader onto `device`.
    #[must_use]
    pub fn new(weights: Weights<'a>, device: &'a Device, observer: &'a dyn LoadObserver) -> Self {
        Self {
            weights,
            device,
            observer,
            prefix: String::new(),
        }
    }

    /// The same for names below `name`.
    #[must_use]
    pub fn at(&self, name: &str) -> Self {
        Self {
            prefix: self.name(name),
            ..self.clone()
        }
    }

    /// The same for names below number `index` of `name`.
    #[must_use]
    pub fn at_index(&self, name: &str, index: usize) -> Self {
        self.at(name).at(&index.to_string())
    }

    /// Where the layers are put.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.device
    }

    /// Comes between layers.
    ///
    /// # Errors
    /// Those of the [`LoadObserver`], which end the load.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        self.observer.checkpoint().await
    }

    /// Dense tensor `name`, `[..]` as in the table.
    ///
    /// # Errors
    /// [`Error::Integrity`] when it cannot be read or holds values that are not finite,
    /// [`Error::UnsupportedModel`] when it is larger than one GPU buffer may be,
    /// [`Error::Internal`] when the table has no such tensor or one of other dimensions.
    pub fn tensor<const D: usize>(&self, name: &str) -> Result<Tensor<D>, Error> {
        self.dense(&self.name(name))
    }

    /// The values of dense tensor `name`, row-major, on the host.
    ///
    /// # Errors
    /// [`Error::Integrity`] when it cannot be read or holds values that are not finite.
    pub fn values(&self, name: &str) -> Result<Vec<f32>, Error> {
        let name = self.name(name);
        let bytes = self.weights.source.read(&name)?;
        self.floats(&name, &bytes)
    }

    /// `{name}.weight` `[output, input]`, dense or quantized, and `{name}.bias` `[output]` if the
    /// table has one.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn linear(&self, name: &str) -> Result<Linear, Error> {
        let name = self.name(name);
        let [output, _] = self.matrix_shape(&name)?;
        let weight = self.weight(&name, std::slice::from_ref(&(0..output)))?;
        Ok(Linear::new(weight, self.bias(&name)?))
    }

    /// Only the outputs `rows` of a layer without bias.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn linear_rows(&self, name: &str, rows: &[Range<usize>]) -> Result<Linear, Error> {
        Ok(Linear::new(self.weight(&self.name(name), rows)?, None))
    }

    /// A 1×1 convolution `[output, input, 1, 1]` with bias as the linear layer it is.
    ///
    /// # Errors
    /// As [`Loader::tensor`].
    pub fn conv1x1(&self, name: &str) -> Result<Linear, Error> {
        let name = self.name(name);
        let weight: Tensor<4> = self.dense(&join(&name, "weight"))?;
        let [output, input, _, _] = weight.dims();
        let weight = Weight::Dense(vec![weight.reshape([output, input])]);
        Ok(Linear::new(weight, self.bias(&name)?))
    }

    /// The token embedding `{name}.weight`, `[vocabulary, width]`. It stays where it is stored:
    /// only the rows of text tokens are ever read.
    ///
    /// # Errors
    /// [`Error::UnsupportedModel`] when it is quantized without a `quantization` block.
    pub fn embedding(&self, name: &str) -> Result<Embedding, Error> {
        let name = self.name(name);
        let [_, width] = self.matrix_shape(&name)?;
        let source = Rc::clone(self.weights.source);
        Ok(Embedding::new(source, &name, self.params(&name)?, width))
    }

    /// `name` behind the prefix.
    fn name(&self, name: &str) -> String {
        if self.prefix.is_empty() {
            return name.to_owned();
        }
        join(&self.prefix, name)
    }

    // From here on names are whole.

    fn dense<const D: usize>(&self, name: &str) -> Result<Tensor<D>, Error> {
        let shape = &self.spec(name)?.shape;
        let shape = <[usize; D]>::try_from(shape.as_slice()).map_err(|_| misfit(name, shape))?;
        let bytes = self.weights.source.read(name)?;
        let values = self.floats(name, &bytes)?;
        if size_of_val(values.as_slice()) > MAX_BINDING {
            return Err(Error::UnsupportedModel {
                reason: format!("{name} has {shape:?} numbers, more than one GPU buffer holds"),
            });
        }
        Ok(self.upload(values, shape))
    }

    fn bias(&self, name: &str) -> Result<Option<Tensor<1>>, Error> {
        let name = join(name, "bias");
        let spec = self.weights.table.get(&name);
        spec.map(|_| self.dense(&name)).transpose()
    }

    /// Rows of matrix `{name}`, in chunks that fit one buffer.
    fn weight(&self, name: &str, rows: &[Range<usize>]) -> Result<Weight, Error> {
        let [_, input] = self.matrix_shape(name)?;
        let cut = |row_bytes: usize| {
            let ranges = rows.iter().cloned();
            ranges.flat_map(move |rows| chunks(rows, row_bytes))
        };
        if let Some(params) = self.params(name)? {
            let row_bytes = input * params.bits as usize / 8 + input / params.group_size * 4;
            let chunks = cut(row_bytes).map(|rows| self.quantized_rows(name, input, params, &rows));
            return Ok(Weight::Quantized(chunks.collect::<Result<_, _>>()?));
        }
        let name = join(name, "weight");
        let chunks = cut(input * size_of::<f32>()).map(|rows| {
            let source = self.weights.source;
            let bytes = source.read_rows(&name, rows.start, rows.len())?;
            Ok(self.upload(self.floats(&name, &bytes)?, [rows.len(), input]))
        });
        Ok(Weight::Dense(chunks.collect::<Result<_, Error>>()?))
    }

    fn spec(&self, name: &str) -> Result<&'a TensorSpec, Error> {
        let spec = self.weights.table.get(name);
        spec.ok_or_else(|| internal(format!("{name} is not in the table of tensors")))
    }

    fn matrix_shape(&self, name: &str) -> Result<[usize; 2], Error> {
        let shape = &self.spec(&join(name, "weight"))?.shape;
        <[usize; 2]>::try_from(shape.as_slice()).map_err(|_| misfit(name, shape))
    }

    /// How layer `name` is quantized, or `None` when it is dense.
    fn params(&self, name: &str) -> Result<Option<QuantParams>, Error> {
        let Weights {
            source,
            quantization,
            ..
        } = self.weights;
        QuantizationConfig::params(quantization, source.as_ref(), name)
    }

    fn quantized_rows(
        &self,
        name: &str,
        columns: usize,
        params: QuantParams,
        rows: &Range<usize>,
    ) -> Result<QuantizedMatrix, Error> {
        let source = self.weights.source.as_ref();
        let table = quantization::read_rows(source, name, columns, params, rows)?;
        self.observer.read(table.bytes() as u64);
        let device = self.device;
        Ok(
            device
                .memory_persistent_allocations(table, |table| QuantizedMatrix::new(table, device)),
        )
    }

    /// The numbers of dense tensor `name`.
    fn floats(&self, name: &str, bytes: &[u8]) -> Result<Vec<f32>, Error> {
        self.observer.read(bytes.len() as u64);
        let info = self.weights.source.info(name);
        let info = info.ok_or_else(|| missing(name))?;
        dtype::to_finite_f32(name, info.dtype, bytes)
    }

    /// Weights get buffers of exactly their size: they are never outgrown or reused.
    fn upload<const D: usize>(&self, values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
        let device = self.device;
        let data = TensorData::new(values, shape);
        device.memory_persistent_allocations(data, |data| Tensor::from_data(data, device))
    }
}

/// `name` below `prefix`.
fn join(prefix: &str, name: &str) -> String {
    [prefix, ".", name].concat()
}

/// `rows` in ranges of at most [`CHUNK`] bytes, of which one row has `row_bytes`.
fn chunks(rows: Range<usize>, row_bytes: usize) -> impl Iterator<Item = Range<usize>> {
    let count = (CHUNK / row_bytes.max(1)).max(1);
    rows.clone()
        .step_by(count)
        .map(move |start| start..(start + count).min(rows.end))
}

fn misfit(name: &str, shape: &[usize]) -> Error {
    internal(format!("{name} has the shape {shape:?}"))
}

fn internal(reason: String) -> Error {
    Error::Internal { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_are_cut_into_chunks_that_fit() {
        assert_eq!(
            chunks(0..5, CHUNK / 2).collect::<Vec<_>>(),
            [0..2, 2..4, 4..5]
        );
        assert_eq!(chunks(3..5, 2 * CHUNK).collect::<Vec<_>>(), [3..4, 4..5]);
        assert_eq!(chunks(0..3, 4).next(), Some(0..3));
        assert_eq!(chunks(0..0, 4).count(), 0);
    }
}
