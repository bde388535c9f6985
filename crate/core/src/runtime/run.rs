//! One call on one device: what networks report to while they compute.

use std::cell::Cell;
use std::pin::Pin;

use burn::tensor::{Device, Tensor};

use super::device::{self, read};
use super::host::{Host, Stage};
use super::trace::{TraceEvent, TraceStage};
use crate::error::Error;

/// The most GPU memory that was seen in use.
#[derive(Debug, Default)]
pub struct MemoryMeter(Cell<u64>);

impl MemoryMeter {
    /// Looks at what `device` holds now.
    pub fn look(&self, device: &Device) {
        self.0.set(self.0.get().max(device::gpu_bytes(device)));
    }

    /// Bytes, the most that were seen.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.0.get()
    }
}

/// Progress, cancelling, trace and memory of one call.
pub struct Run<'a> {
    /// The program around.
    pub host: &'a dyn Host,
    device: &'a Device,
    memory: &'a MemoryMeter,
    /// Stage, blocks done, and blocks in all.
    counted: Option<(Stage, u64, u64)>,
    pauses: bool,
    /// Which tile, token or object the work is at; the index of its trace events.
    pub item: usize,
}

impl<'a> Run<'a> {
    /// Pauses between blocks of a network, without counting them.
    #[must_use]
    pub fn new(host: &'a dyn Host, device: &'a Device, memory: &'a MemoryMeter) -> Self {
        Self {
            host,
            device,
            memory,
            counted: None,
            pauses: true,
            item: 0,
        }
    }

    /// Tells every block as progress of `stage`, of `total` in all.
    #[must_use]
    pub fn counting(self, stage: Stage, total: usize) -> Self {
        Self {
            counted: Some((stage, 0, total as u64)),
            ..self
        }
    }

    /// Does not pause between blocks: for a single token, which takes no longer than a pause may.
    #[must_use]
    pub fn without_pauses(self) -> Self {
        Self {
            pauses: false,
            ..self
        }
    }

    /// Where the work is done.
    #[must_use]
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// One block of a network is recorded.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when the host asked to stop.
    pub async fn block(&mut self) -> Result<(), Error> {
        if !self.pauses {
            return Ok(());
        }
        self.look();
        if let Some((stage, done, total)) = &mut self.counted {
            *done += 1;
            self.host.progress(*stage, *done, Some(*total));
        }
        self.host.checkpoint().await
    }

    /// Looks at the memory in use. To be called where it changes.
    pub fn look(&self) {
        self.memory.look(self.device);
    }

    /// Whether the host wants traces.
    #[must_use]
    pub fn traces(&self) -> bool {
        self.host.wants_trace()
    }

    /// Waits for the device: one that fails is noticed here, and memory in flight stays bounded.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] and [`Error::DeviceLost`].
    pub async fn finish(&self) -> Result<(), Error> {
        self.look();
        device::finish(self.device).await
    }

    /// Hands `tensor` to a host that wants traces; else does nothing.
    ///
    /// # Errors
    /// As [`Run::finish`].
    pub async fn trace<const D: usize>(
        &self,
        stage: TraceStage,
        index: usize,
        tensor: &Tensor<D>,
    ) -> Result<(), Error> {
        if !self.traces() {
            return Ok(());
        }
        let shape = tensor.dims().to_vec();
        let values = tensor.clone().reshape([shape.iter().product::<usize>()]);
        self.send(stage, index, shape, values).await
    }

    /// Boxed, so that the networks' own futures stay small.
    fn send(
        &self,
        stage: TraceStage,
        index: usize,
        shape: Vec<usize>,
        values: Tensor<1>,
    ) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(async move {
            self.host.trace(TraceEvent {
                stage,
                index,
                shape,
                values: read(values).await?,
            });
            Ok(())
        })
    }

    /// The same for what one block of a network made, which is not told of single tokens.
    ///
    /// # Errors
    /// As [`Run::finish`].
    pub async fn trace_block<const D: usize>(
        &self,
        stage: TraceStage,
        index: usize,
        tensor: &Tensor<D>,
    ) -> Result<(), Error> {
        if self.pauses {
            self.trace(stage, index, tensor).await?;
        }
        Ok(())
    }
}
