//! Token embedding table, kept on the CPU: only the rows of text tokens are looked up.

use std::borrow::Cow;

use burn::tensor::{Device, Tensor, TensorData};
use half::bf16;

use crate::error::Error;
use crate::quant::Quantized;

/// `[vocabulary, width]` in host memory, dense or quantized.
#[derive(Debug, Clone)]
pub struct Embedding {
    table: Table,
    width: usize,
}

#[derive(Debug, Clone)]
enum Table {
    F32(Vec<f32>),
    Bf16(Vec<bf16>),
    Quantized(Quantized),
}

impl Embedding {
    /// A dense table, rows of `width`.
    #[must_use]
    pub fn dense(values: Vec<f32>, width: usize) -> Self {
        // Half the memory where it loses nothing, as with every bf16 checkpoint.
        let exact = values.iter().all(|&v| bf16::from_f32(v).to_f32() == v);
        let table = if exact {
            Table::Bf16(values.into_iter().map(bf16::from_f32).collect())
        } else {
            Table::F32(values)
        };
        Self { table, width }
    }

    /// A group-quantized table.
    #[must_use]
    pub fn quantized(table: Quantized, width: usize) -> Self {
        Self {
            table: Table::Quantized(table),
            width,
        }
    }

    /// Rows of `ids` as `[1, ids, width]` on the device.
    ///
    /// # Errors
    /// [`Error::Internal`] when an id is outside the vocabulary.
    pub fn forward(&self, ids: &[u32], device: &Device) -> Result<Tensor<3>, Error> {
        let mut rows = Vec::with_capacity(ids.len() * self.width);
        for &id in ids {
            let row = self.row(id as usize).ok_or_else(|| Error::Internal {
                reason: format!("token {id} is outside the embedding table"),
            })?;
            rows.extend_from_slice(&row);
        }
        let data = TensorData::new(rows, [1, ids.len(), self.width]);
        Ok(Tensor::from_data(data, device))
    }

    fn row(&self, id: usize) -> Option<Cow<'_, [f32]>> {
        let range = id * self.width..(id + 1) * self.width;
        match &self.table {
            Table::F32(values) => values.get(range).map(Cow::Borrowed),
            Table::Bf16(values) => values
                .get(range)
                .map(|row| row.iter().map(|v| v.to_f32()).collect()),
            Table::Quantized(table) => table.dequantize_row(id).map(Cow::Owned),
        }
    }
}
