//! Token embedding table: only the rows of text tokens are looked up, so it stays in its file.

use std::rc::Rc;

use burn::tensor::{Device, Tensor, TensorData};

use crate::error::Error;
use crate::kernels::QuantParams;
use crate::weights::{TensorSource, dtype, quantization};

/// `{name}.weight`, `[vocabulary, width]`, dense or quantized.
#[derive(Clone)]
pub struct Embedding {
    source: Rc<dyn TensorSource>,
    name: String,
    params: Option<QuantParams>,
    width: usize,
}

impl Embedding {
    /// The table of layer `name` in `source`, where it was checked to be.
    #[must_use]
    pub fn new(
        source: Rc<dyn TensorSource>,
        name: &str,
        params: Option<QuantParams>,
        width: usize,
    ) -> Self {
        Self {
            source,
            name: name.to_owned(),
            params,
            width,
        }
    }

    /// Rows of `ids` as `[1, ids, width]` on the device.
    ///
    /// # Errors
    /// [`Error::Internal`] when an id is outside the vocabulary; [`Error::Integrity`] when its
    /// row cannot be read or holds values that are not finite.
    pub fn forward(&self, ids: &[u32], device: &Device) -> Result<Tensor<3>, Error> {
        let mut rows = Vec::with_capacity(ids.len() * self.width);
        for &id in ids {
            rows.extend(self.row(id as usize)?);
        }
        let data = TensorData::new(rows, [1, ids.len(), self.width]);
        Ok(Tensor::from_data(data, device))
    }

    fn row(&self, id: usize) -> Result<Vec<f32>, Error> {
        let name = format!("{}.weight", self.name);
        let unknown = || Error::Internal {
            reason: format!("token {id} is outside the embedding table"),
        };
        let info = self.source.info(&name).ok_or_else(unknown)?;
        if info.shape.first().is_none_or(|&rows| id >= rows) {
            return Err(unknown());
        }
        if let Some(params) = self.params {
            let source = self.source.as_ref();
            let row =
                quantization::read_rows(source, &self.name, self.width, params, &(id..id + 1))?;
            return row.dequantize_row(0).ok_or_else(unknown);
        }
        let bytes = self.source.read_rows(&name, id, 1)?;
        dtype::to_finite_f32(&name, info.dtype, &bytes)
    }
}
