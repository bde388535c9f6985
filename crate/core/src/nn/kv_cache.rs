//! Preallocated keys and values of one attention layer.

use burn::tensor::{Device, Tensor};

/// Keys and values of one layer, `[1, groups, capacity, width]`, filled from the front.
///
/// The buffers are allocated once. Truncating keeps a prefix, so that every question on a
/// picture starts from the picture's own keys and values.
#[derive(Debug)]
pub struct KvCache {
    // `None` only while a row is being written: the buffer is then the only owner of its
    // memory, and the write happens in place.
    keys: Option<Tensor<4>>,
    values: Option<Tensor<4>>,
    length: usize,
}

impl KvCache {
    #[must_use]
    pub fn new(groups: usize, capacity: usize, width: usize, device: &Device) -> Self {
        Self {
            keys: Some(Tensor::zeros([1, groups, capacity, width], device)),
            values: Some(Tensor::zeros([1, groups, capacity, width], device)),
            length: 0,
        }
    }

    /// Positions filled.
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing is held yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Forgets all positions from `length` on.
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Writes `[1, groups, rows, width]` behind what is held and returns all keys and values up
    /// to there, `[1, groups, len, width]`. The caller keeps `len + rows` within the capacity.
    pub fn append(&mut self, keys: Tensor<4>, values: Tensor<4>) -> (Tensor<4>, Tensor<4>) {
        let start = self.length;
        self.length += keys.dims()[2];
        (
            write(&mut self.keys, start, self.length, keys),
            write(&mut self.values, start, self.length, values),
        )
    }
}

fn write(slot: &mut Option<Tensor<4>>, start: usize, end: usize, rows: Tensor<4>) -> Tensor<4> {
    let buffer = match slot.take() {
        Some(buffer) => buffer.slice_assign(
            [0..1, 0..rows.dims()[1], start..end, 0..rows.dims()[3]],
            rows,
        ),
        None => rows,
    };
    let view = buffer.clone().narrow(2, 0, end);
    *slot = Some(buffer);
    view
}
