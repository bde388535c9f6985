//! What a model will cost on a machine, said before anything is downloaded. Facts only: whoever
//! shows them finds the words.

use serde::{Deserialize, Serialize};

use super::device::DeviceKind;
use super::host::Stage;
use crate::kernels::{BINDINGS, MAX_BINDING};
use crate::nn::CHUNK;

/// The page, the program and a tokenizer, whatever the model.
const IDLE_HEAP: u64 = 96 << 20;
/// Weights on their way to the GPU: a chunk as stored, as words, and in the browser's hands.
const LOADING_HEAP: u64 = 4 * CHUNK as u64;
/// What 32-bit WebAssembly can address, less what fragmentation costs.
const MAX_HEAP: u64 = 3584 << 20;
/// GPU memory that any machine with WebGPU can be expected to give a page.
const MODEST: u64 = 1024 << 20;
/// Share of known memory, in percent, beyond which other programs get in the way.
const COMFORT: u64 = 80;
/// Tile caps that a person can choose.
const TILES: [usize; 3] = [1, 4, 12];

/// What a model takes up, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Footprint {
    /// All its files.
    pub files: u64,
    /// Memory at every stage, in order.
    pub stages: Vec<StageMemory>,
}

/// Estimated memory at one stage, in bytes: weights + activations + tiles · per tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageMemory {
    pub stage: Stage,
    /// Weights, when all parts of the model stay in memory.
    pub weights: u64,
    /// Weights, when only the parts at work are there.
    pub low_memory_weights: u64,
    /// Everything else, whatever the picture.
    pub activations: u64,
    /// What each tile of the picture adds.
    pub activations_per_tile: u64,
}

/// The machine that a model shall run on, and how.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Machine {
    pub device: DeviceKind,
    /// Largest GPU buffer, in bytes.
    pub max_buffer_size: u64,
    /// Largest part of a buffer that a shader can see, in bytes.
    pub max_storage_buffer_binding_size: u64,
    /// Storage buffers that a shader can see at once, if known.
    #[serde(default)]
    pub max_buffer_bindings_per_stage: Option<u32>,
    /// Bytes that may still be stored, if known.
    #[serde(default)]
    pub storage_free: Option<u64>,
    /// Bytes of this model that are stored already.
    pub stored: u64,
    /// Bytes of GPU memory, or on the CPU of main memory, if known.
    #[serde(default)]
    pub memory: Option<u64>,
    /// Most tiles of a picture.
    pub max_tiles: usize,
    /// Whether only the part at work is held.
    pub low_memory: bool,
}

/// Whether a model can run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    Fits,
    /// It may run, but something is near its limit or not known.
    Tight,
    DoesNotFit,
}

/// Why a model does not simply fit. Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PreflightReason {
    /// The GPU's buffers are too small.
    BufferLimit { has: u64, needs: u64 },
    /// A shader sees too few buffers at once.
    BindingLimit { has: u32, needs: u32 },
    /// Without a GPU, the page itself cannot hold so much.
    PageMemory { needs: u64, limit: u64 },
    /// There is less memory than is needed.
    MemoryExceeded { needs: u64, has: u64 },
    /// There is little more memory than is needed.
    MemoryTight { needs: u64, has: u64 },
    /// Nobody knows how much GPU memory there is.
    MemoryUnknown { needs: u64 },
    /// The model cannot be kept whole.
    Storage { free: u64, missing: u64 },
}

/// A change that makes it fit, or fit better. Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(
    tag = "kind",
    rename_all = "kebab-case",
    rename_all_fields = "camelCase"
)]
pub enum PreflightSuggestion {
    /// So that the model is kept.
    FreeStorage,
    /// A lower cap of tiles makes `peak` out of `now`.
    FewerTiles {
        max_tiles: usize,
        peak: u64,
        now: u64,
    },
    LowMemory {
        peak: u64,
        now: u64,
    },
    LowMemoryOneTile {
        peak: u64,
        now: u64,
    },
    /// Nothing else helps.
    EmbeddedModel,
}

/// What a model will cost, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    pub fit: Fit,
    /// Why it does not simply fit.
    pub reasons: Vec<PreflightReason>,
    /// What would make it better, smallest change first.
    pub suggestions: Vec<PreflightSuggestion>,
    /// Still to be downloaded.
    pub download: u64,
    pub stages: Vec<StageCost>,
    /// The largest stage, in the memory of the device.
    pub peak: u64,
    /// The same for other tile caps.
    pub by_tiles: Vec<TileCost>,
}

/// Memory at one stage, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
pub struct StageCost {
    pub stage: Stage,
    /// On the GPU; 0 on the CPU.
    pub gpu: u64,
    /// In the page.
    pub heap: u64,
}

/// The peak at one tile cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct TileCost {
    pub max_tiles: usize,
    pub peak: u64,
    pub fit: Fit,
}

impl Footprint {
    /// Estimates what the model costs on `machine`.
    #[must_use]
    pub fn preflight(&self, machine: &Machine) -> Preflight {
        let (fit, reasons) = self.judge(machine);
        let by_tiles = TILES.map(|max_tiles| {
            let other = Machine {
                max_tiles,
                ..*machine
            };
            TileCost {
                max_tiles,
                peak: self.peak(&other),
                fit: self.judge(&other).0,
            }
        });
        Preflight {
            fit,
            reasons,
            suggestions: self.suggest(machine),
            download: self.missing(machine),
            stages: self.stages.iter().map(|s| s.cost(machine)).collect(),
            peak: self.peak(machine),
            by_tiles: by_tiles.into(),
        }
    }

    fn missing(&self, machine: &Machine) -> u64 {
        self.files.saturating_sub(machine.stored)
    }

    fn peak(&self, machine: &Machine) -> u64 {
        let costs = self.stages.iter().map(|stage| stage.cost(machine));
        let on_device = |cost: StageCost| match machine.device {
            DeviceKind::Cpu => cost.heap,
            DeviceKind::Gpu => cost.gpu,
        };
        costs.map(on_device).max().unwrap_or_default()
    }

    /// Whether it fits, and why not.
    fn judge(&self, machine: &Machine) -> (Fit, Vec<PreflightReason>) {
        let needs = self.peak(machine);
        let missing = self.missing(machine);
        let reasons: Vec<PreflightReason> = [
            machine.buffer_limit(),
            machine.binding_limit(),
            machine.memory_limit(needs),
            machine.memory_shortage(needs),
            machine.storage_shortage(missing),
        ]
        .into_iter()
        .flatten()
        .collect();
        let fit = reasons.iter().map(PreflightReason::fit).max();
        (fit.unwrap_or(Fit::Fits), reasons)
    }

    /// Changes that make the fit or the peak better, smallest change first.
    fn suggest(&self, machine: &Machine) -> Vec<PreflightSuggestion> {
        use PreflightSuggestion::{EmbeddedModel, FewerTiles, FreeStorage, LowMemory};
        let mut suggestions = Vec::new();
        if machine.storage_shortage(self.missing(machine)).is_some() {
            suggestions.push(FreeStorage);
        }
        // The other changes are about memory alone.
        let machine = &Machine {
            storage_free: None,
            ..*machine
        };
        let (fit, now) = (self.judge(machine).0, self.peak(machine));
        if fit == Fit::Fits {
            return suggestions;
        }
        let mut best = fit;
        let mut consider = |other: Machine, suggestion: &dyn Fn(u64) -> PreflightSuggestion| {
            let (found, peak) = (self.judge(&other).0, self.peak(&other));
            best = best.min(found);
            if found < fit || found == fit && peak < now / 10 * 9 {
                suggestions.push(suggestion(peak));
            }
        };
        let with = |max_tiles, low_memory| Machine {
            max_tiles,
            low_memory,
            ..*machine
        };
        for max_tiles in TILES.into_iter().rev().filter(|&t| t < machine.max_tiles) {
            consider(with(max_tiles, machine.low_memory), &|peak| FewerTiles {
                max_tiles,
                peak,
                now,
            });
        }
        if !machine.low_memory {
            consider(with(machine.max_tiles, true), &|peak| LowMemory {
                peak,
                now,
            });
            if machine.max_tiles > 1 {
                consider(with(1, true), &|peak| {
                    PreflightSuggestion::LowMemoryOneTile { peak, now }
                });
            }
        }
        if best == Fit::DoesNotFit {
            suggestions.push(EmbeddedModel);
        }
        suggestions
    }
}

impl StageMemory {
    fn cost(&self, machine: &Machine) -> StageCost {
        // A picture of several tiles is followed by one of the whole.
        let tiles = match machine.max_tiles {
            0 | 1 => 1,
            several => several as u64 + 1,
        };
        let weights = if machine.low_memory {
            self.low_memory_weights
        } else {
            self.weights
        };
        let needed = weights + self.activations + tiles.saturating_mul(self.activations_per_tile);
        let (gpu, heap) = match machine.device {
            DeviceKind::Cpu => (0, needed),
            DeviceKind::Gpu if self.stage == Stage::Load => (needed, LOADING_HEAP),
            DeviceKind::Gpu => (needed, 0),
        };
        StageCost {
            stage: self.stage,
            gpu,
            heap: IDLE_HEAP + heap,
        }
    }
}

impl Machine {
    fn buffer_limit(&self) -> Option<PreflightReason> {
        let needs = MAX_BINDING as u64;
        let has = self
            .max_buffer_size
            .min(self.max_storage_buffer_binding_size);
        (self.device == DeviceKind::Gpu && has < needs)
            .then_some(PreflightReason::BufferLimit { has, needs })
    }

    fn binding_limit(&self) -> Option<PreflightReason> {
        let needs = BINDINGS as u32;
        let has = self.max_buffer_bindings_per_stage?;
        (self.device == DeviceKind::Gpu && has < needs)
            .then_some(PreflightReason::BindingLimit { has, needs })
    }

    fn memory_limit(&self, needs: u64) -> Option<PreflightReason> {
        let limit = MAX_HEAP;
        (self.device == DeviceKind::Cpu && needs > limit)
            .then_some(PreflightReason::PageMemory { needs, limit })
    }

    fn memory_shortage(&self, needs: u64) -> Option<PreflightReason> {
        match self.memory {
            Some(has) if needs > has => Some(PreflightReason::MemoryExceeded { needs, has }),
            Some(has) if needs > has / 100 * COMFORT => {
                Some(PreflightReason::MemoryTight { needs, has })
            }
            None if self.device == DeviceKind::Gpu && needs > MODEST => {
                Some(PreflightReason::MemoryUnknown { needs })
            }
            _ => None,
        }
    }

    fn storage_shortage(&self, missing: u64) -> Option<PreflightReason> {
        let free = self.storage_free?;
        (free < missing).then_some(PreflightReason::Storage { free, missing })
    }
}

impl PreflightReason {
    fn fit(&self) -> Fit {
        match self {
            Self::BufferLimit { .. }
            | Self::BindingLimit { .. }
            | Self::PageMemory { .. }
            | Self::MemoryExceeded { .. } => Fit::DoesNotFit,
            Self::MemoryTight { .. } | Self::MemoryUnknown { .. } | Self::Storage { .. } => {
                Fit::Tight
            }
        }
    }
}

#[cfg(test)]
mod tests;
