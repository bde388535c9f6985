//! Which parts of a model are in memory.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;

use burn::tensor::Device;

use crate::error::Error;
use crate::models::sa2va::{self, Config, ImageEncoder, Language, Masks, PartBytes, Vision};
use crate::nn::{Loader, Watch};
use crate::runtime::device;
use crate::runtime::host::{Host, Stage};
use crate::weights::TensorSource;

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

/// A model's parts. In low memory mode only one of the three large ones is held at a time, and
/// read again from the source when its turn comes.
pub(super) struct Parts {
    source: Rc<dyn TensorSource>,
    config: Config,
    device: Device,
    low_memory: bool,
    bytes: PartBytes,
    vision: Slot<Vision>,
    language: Slot<Language>,
    image_encoder: Slot<ImageEncoder>,
    masks: Masks,
    usage: Cell<MemoryUsage>,
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
    /// Checks the checkpoint and reads all parts, or in low memory mode the first that is needed.
    ///
    /// # Errors
    /// [`Error::WeightsMismatch`], [`Error::Integrity`], [`Error::Cancelled`] and those of the
    /// device.
    pub async fn load(
        source: Rc<dyn TensorSource>,
        config: Config,
        device: Device,
        low_memory: bool,
        host: &dyn Host,
    ) -> Result<Self, Error> {
        let bytes = sa2va::check(&source, &config).await?;
        let later = match low_memory {
            true => 0,
            false => bytes.language + bytes.image_encoder,
        };
        let reading = Reading::new(&device, host, bytes.masks + bytes.vision + later);
        let mut loader = Loader::new(&source, config.quantization.as_ref(), &device, &reading);
        let masks = Masks::load(&mut loader, &config)?;
        loader.checkpoint().await?;
        loader.finish(|_| true)?;
        let peak = Cell::new(reading.peak.get());
        let parts = Self {
            source: Rc::clone(&source),
            config,
            device: device.clone(),
            low_memory,
            bytes,
            vision: Slot::default(),
            language: Slot::default(),
            image_encoder: Slot::default(),
            masks,
            usage: Cell::default(),
        };
        parts.read_vision(&reading).await?;
        if !low_memory {
            parts.read_language(&reading).await?;
            parts.read_image_encoder(&reading).await?;
        }
        parts.saw(peak.get().max(reading.peak.get()));
        Ok(parts)
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    pub fn source(&self) -> &Rc<dyn TensorSource> {
        &self.source
    }

    pub fn masks(&self) -> &Masks {
        &self.masks
    }

    /// The vision tower and its connector, read first if it is not held.
    ///
    /// # Errors
    /// As [`Parts::load`].
    pub async fn vision(&self, host: &dyn Host) -> Result<Rc<Vision>, Error> {
        if let Some(part) = self.vision.get() {
            return Ok(part);
        }
        let reading = self.make_room(&self.vision, self.bytes.vision, host);
        let part = self.read_vision(&reading).await;
        self.saw(reading.peak.get());
        part
    }

    /// The language model and the projection of its `[SEG]` states.
    ///
    /// # Errors
    /// As [`Parts::load`].
    pub async fn language(&self, host: &dyn Host) -> Result<Rc<Language>, Error> {
        if let Some(part) = self.language.get() {
            return Ok(part);
        }
        let reading = self.make_room(&self.language, self.bytes.language, host);
        let part = self.read_language(&reading).await;
        self.saw(reading.peak.get());
        part
    }

    /// SAM 2's image encoder.
    ///
    /// # Errors
    /// As [`Parts::load`].
    pub async fn image_encoder(&self, host: &dyn Host) -> Result<Rc<ImageEncoder>, Error> {
        if let Some(part) = self.image_encoder.get() {
            return Ok(part);
        }
        let reading = self.make_room(&self.image_encoder, self.bytes.image_encoder, host);
        let part = self.read_image_encoder(&reading).await;
        self.saw(reading.peak.get());
        part
    }

    /// Looks at the memory in use. To be called between steps, where it changes.
    pub fn look(&self) {
        self.saw(device::gpu_bytes(&self.device));
    }

    pub fn usage(&self) -> MemoryUsage {
        self.look();
        MemoryUsage {
            gpu: device::gpu_bytes(&self.device),
            ..self.usage.get()
        }
    }

    fn saw(&self, gpu: u64) {
        let usage = self.usage.get();
        self.usage.set(MemoryUsage {
            gpu_peak: usage.gpu_peak.max(gpu),
            ..usage
        });
    }

    /// Drops every large part and gives their memory back.
    fn release(&self) {
        self.vision.part.take();
        self.language.part.take();
        self.image_encoder.part.take();
        self.device.memory_cleanup();
    }

    /// Drops every large part, for one of `bytes` that takes their place.
    fn make_room<'a, T>(&'a self, slot: &Slot<T>, bytes: u64, host: &'a dyn Host) -> Reading<'a> {
        if self.low_memory {
            self.release();
        }
        if slot.was_loaded.get() {
            let usage = self.usage.get();
            self.usage.set(MemoryUsage {
                reloads: usage.reloads + 1,
                reloaded_bytes: usage.reloaded_bytes + bytes,
                ..usage
            });
        }
        Reading::new(&self.device, host, bytes)
    }

    fn loader<'a>(&'a self, reading: &'a Reading) -> Loader<'a> {
        let quantization = self.config.quantization.as_ref();
        Loader::new(&self.source, quantization, &self.device, reading)
    }

    async fn read_vision(&self, reading: &Reading<'_>) -> Result<Rc<Vision>, Error> {
        let mut loader = self.loader(reading);
        let part = Vision::load(&mut loader, &self.config).await?;
        self.vision.fill(part, loader)
    }

    async fn read_language(&self, reading: &Reading<'_>) -> Result<Rc<Language>, Error> {
        let mut loader = self.loader(reading);
        let part = Language::load(&mut loader, &self.config).await?;
        self.language.fill(part, loader)
    }

    async fn read_image_encoder(&self, reading: &Reading<'_>) -> Result<Rc<ImageEncoder>, Error> {
        let mut loader = self.loader(reading);
        let part = ImageEncoder::load(&mut loader, &self.config).await?;
        self.image_encoder.fill(part, loader)
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        self.release();
    }
}

impl<T> Slot<T> {
    fn get(&self) -> Option<Rc<T>> {
        self.part.borrow().clone()
    }

    fn fill(&self, part: T, loader: Loader) -> Result<Rc<T>, Error> {
        loader.finish(|_| true)?;
        let part = Rc::new(part);
        *self.part.borrow_mut() = Some(Rc::clone(&part));
        self.was_loaded.set(true);
        Ok(part)
    }
}

/// Tells a host how far a load is.
pub(super) struct Reading<'a> {
    device: &'a Device,
    host: &'a dyn Host,
    done: Cell<u64>,
    total: u64,
    peak: Cell<u64>,
}

impl<'a> Reading<'a> {
    fn new(device: &'a Device, host: &'a dyn Host, total: u64) -> Self {
        Self {
            device,
            host,
            done: Cell::new(0),
            total,
            peak: Cell::new(0),
        }
    }
}

impl Watch for Reading<'_> {
    fn read(&self, bytes: u64) {
        let done = self.done.get() + bytes;
        self.done.set(done);
        self.host.progress(Stage::Load, done, Some(self.total));
    }

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(async {
            self.peak
                .set(self.peak.get().max(device::gpu_bytes(self.device)));
            // So that uploads do not pile up, and a device that fails is noticed here.
            device::finish(self.device).await?;
            self.host.checkpoint().await
        })
    }
}
