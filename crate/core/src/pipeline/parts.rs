//! Which parts of a model are in memory.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;

use burn::tensor::Device;

use crate::error::Error;
use crate::models::sa2va::{
    self, Config, IMAGE_ENCODER, LANGUAGE, Language, MASK_DECODER, VISION, Vision,
};
use crate::models::sam2::{ImageEncoder, SamHeads};
use crate::nn::{LoadObserver, Loader, Weights};
use crate::runtime::device;
use crate::runtime::host::{Host, Stage};
use crate::runtime::run::{MemoryMeter, Run};
use crate::weights::{TensorSource, TensorTable};

/// What a model costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryUsage {
    /// Bytes held on the GPU, buffers kept for reuse included; 0 on the CPU.
    pub gpu: u64,
    /// The most that were seen, looked at between all steps.
    pub gpu_peak: u64,
    /// How often a part was read again, which only happens in low memory mode.
    pub reloads: u64,
    /// Bytes read for that.
    pub reloaded_bytes: u64,
}

/// What parts are read from, checked already.
pub(super) struct Source {
    pub weights: Rc<dyn TensorSource>,
    pub table: TensorTable,
    pub config: Config,
}

impl Source {
    fn weights(&self) -> Weights<'_> {
        Weights {
            source: &self.weights,
            table: &self.table,
            quantization: self.config.quantization.as_ref(),
        }
    }

    fn bytes(&self, part: &str) -> u64 {
        self.table.bytes(self.weights.as_ref(), part)
    }
}

/// A model's parts. In low memory mode only one of the three large ones is held at a time, and
/// read again from the source when its turn comes.
pub(super) struct Parts {
    source: Source,
    device: Device,
    low_memory: bool,
    vision: Slot<Vision>,
    language: Slot<Language>,
    image_encoder: Slot<ImageEncoder>,
    heads: SamHeads,
    memory: MemoryMeter,
    reloads: Cell<u64>,
    reloaded_bytes: Cell<u64>,
}

/// A part that can be loaded by itself.
trait Part: Sized {
    /// Its name in the table of tensors.
    const NAME: &str;

    async fn load(loader: &Loader<'_>, config: &Config) -> Result<Self, Error>;
}

impl Part for Vision {
    const NAME: &str = VISION;

    async fn load(loader: &Loader<'_>, config: &Config) -> Result<Self, Error> {
        Vision::load(loader, config).await
    }
}

impl Part for Language {
    const NAME: &str = LANGUAGE;

    async fn load(loader: &Loader<'_>, config: &Config) -> Result<Self, Error> {
        Language::load(loader, config).await
    }
}

impl Part for ImageEncoder {
    const NAME: &str = IMAGE_ENCODER;

    async fn load(loader: &Loader<'_>, config: &Config) -> Result<Self, Error> {
        sa2va::image_encoder(loader, config).await
    }
}

struct Slot<T> {
    part: RefCell<Option<Rc<T>>>,
    was_loaded: Cell<bool>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self {
            part: RefCell::new(None),
            was_loaded: Cell::new(false),
        }
    }
}

impl Parts {
    /// Reads all parts, or in low memory mode the first that is needed.
    ///
    /// # Errors
    /// [`Error::Integrity`], [`Error::Cancelled`] and those of the device.
    pub async fn load(
        source: Source,
        device: Device,
        low_memory: bool,
        host: &dyn Host,
    ) -> Result<Self, Error> {
        let mut names = vec![MASK_DECODER, VISION];
        if !low_memory {
            names.extend([LANGUAGE, IMAGE_ENCODER]);
        }
        let total = names.into_iter().map(|name| source.bytes(name)).sum();
        let memory = MemoryMeter::default();
        let reading = Reading::new(&device, &memory, host, total);
        let config = &source.config;
        let loader = Loader::new(source.weights(), &device, &reading);
        let heads = sa2va::sam_heads(&loader, config)?;
        loader.checkpoint().await?;
        let (vision, language, image_encoder) = Default::default();
        Slot::read(&vision, &loader, config).await?;
        if !low_memory {
            Slot::read(&language, &loader, config).await?;
            Slot::read(&image_encoder, &loader, config).await?;
        }
        Ok(Self {
            source,
            device,
            low_memory,
            vision,
            language,
            image_encoder,
            heads,
            memory,
            reloads: Cell::new(0),
            reloaded_bytes: Cell::new(0),
        })
    }

    /// Work with these parts.
    pub fn run<'a>(&'a self, host: &'a dyn Host) -> Run<'a> {
        Run::new(host, &self.device, &self.memory)
    }

    /// What the weights are read from.
    pub fn weights(&self) -> Weights<'_> {
        self.source.weights()
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Prompt encoder and mask decoder, which are small and always held.
    pub fn heads(&self) -> &SamHeads {
        &self.heads
    }

    /// The vision tower and its connector, read first if it is not held.
    ///
    /// # Errors
    /// As [`Parts::load`].
    pub async fn vision(&self, host: &dyn Host) -> Result<Rc<Vision>, Error> {
        self.get(&self.vision, host).await
    }

    /// The language model and the projection of its `[SEG]` states.
    ///
    /// # Errors
    /// As [`Parts::load`].
    pub async fn language(&self, host: &dyn Host) -> Result<Rc<Language>, Error> {
        self.get(&self.language, host).await
    }

    /// SAM 2's image encoder.
    ///
    /// # Errors
    /// As [`Parts::load`].
    pub async fn image_encoder(&self, host: &dyn Host) -> Result<Rc<ImageEncoder>, Error> {
        self.get(&self.image_encoder, host).await
    }

    pub fn usage(&self) -> MemoryUsage {
        self.memory.look(&self.device);
        MemoryUsage {
            gpu: device::gpu_bytes(&self.device),
            gpu_peak: self.memory.peak(),
            reloads: self.reloads.get(),
            reloaded_bytes: self.reloaded_bytes.get(),
        }
    }

    async fn get<T: Part>(&self, slot: &Slot<T>, host: &dyn Host) -> Result<Rc<T>, Error> {
        if let Some(part) = slot.part.borrow().clone() {
            return Ok(part);
        }
        if self.low_memory {
            self.release();
        }
        let bytes = self.source.bytes(T::NAME);
        if slot.was_loaded.get() {
            self.reloads.set(self.reloads.get() + 1);
            self.reloaded_bytes.set(self.reloaded_bytes.get() + bytes);
        }
        let reading = Reading::new(&self.device, &self.memory, host, bytes);
        let loader = Loader::new(self.weights(), &self.device, &reading);
        slot.read(&loader, &self.source.config).await
    }

    /// Drops every large part and gives their memory back.
    fn release(&self) {
        self.vision.part.take();
        self.language.part.take();
        self.image_encoder.part.take();
        self.device.memory_cleanup();
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.release();
    }
}

impl<T: Part> Slot<T> {
    async fn read(&self, loader: &Loader<'_>, config: &Config) -> Result<Rc<T>, Error> {
        let part = Rc::new(T::load(loader, config).await?);
        *self.part.borrow_mut() = Some(Rc::clone(&part));
        self.was_loaded.set(true);
        Ok(part)
    }
}

/// Tells a host how far a load is.
struct Reading<'a> {
    device: &'a Device,
    memory: &'a MemoryMeter,
    host: &'a dyn Host,
    done: Cell<u64>,
    total: u64,
}

impl<'a> Reading<'a> {
    fn new(device: &'a Device, memory: &'a MemoryMeter, host: &'a dyn Host, total: u64) -> Self {
        Self {
            device,
            memory,
            host,
            done: Cell::new(0),
            total,
        }
    }
}

impl LoadObserver for Reading<'_> {
    fn read(&self, bytes: u64) {
        let done = self.done.get() + bytes;
        self.done.set(done);
        self.host.progress(Stage::Load, done, Some(self.total));
    }

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(async {
            self.memory.look(self.device);
            // So that uploads do not pile up, and a device that fails is noticed here.
            device::finish(self.device).await?;
            self.host.checkpoint().await
        })
    }
}
