//! What a model will cost on a machine, said before anything is downloaded.

use serde::{Deserialize, Serialize};

use crate::runtime::device::DeviceKind;
use crate::weights::Manifest;
use crate::weights::manifest::StageMemory;

const MIB: u64 = 1 << 20;
/// Every buffer that a model needs is at most this large, see `kernels::MAX_BINDING`.
const BUFFER: u64 = 128 * MIB;
/// Storage buffers that one of our kernels binds.
const BINDINGS: u32 = 6;
/// The page, the program and a tokenizer, whatever the model.
const IDLE_HEAP: u64 = 96 * MIB;
/// Weights on their way to the GPU: one part as stored, as words and in the browser's hands.
const LOADING_HEAP: u64 = 128 * MIB;
/// What 32-bit WebAssembly can address, less what fragmentation costs.
const MAX_HEAP: u64 = 3584 * MIB;
/// GPU memory that any machine with WebGPU can be expected to give a page.
const MODEST: u64 = 1024 * MIB;
/// Share of known memory, in percent, beyond which other programs get in the way.
const COMFORT: u64 = 80;
/// Tile caps that a person can choose.
const TILES: [usize; 3] = [1, 4, 12];

/// The machine that a model shall run on, and how.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
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
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Fits,
    /// It may run, but something is near its limit or not known.
    Tight,
    DoesNotFit,
}

/// What a model will cost, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    pub verdict: Verdict,
    /// Why it is not `Fits`, in whole sentences.
    pub reasons: Vec<String>,
    /// What would make it better, in whole sentences.
    pub suggestions: Vec<String>,
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
pub struct StageCost {
    pub stage: String,
    /// On the GPU; 0 on the CPU.
    pub gpu: u64,
    /// In the page.
    pub heap: u64,
}

/// The peak at one tile cap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TileCost {
    pub max_tiles: usize,
    pub peak: u64,
    pub verdict: Verdict,
}

/// Estimates what the model of `manifest` costs on `machine`.
#[must_use]
pub fn preflight(manifest: &Manifest, machine: &Machine) -> Preflight {
    let download = manifest.bytes().saturating_sub(machine.stored);
    let stages: Vec<StageCost> = manifest
        .memory
        .iter()
        .map(|stage| cost(stage, machine))
        .collect();
    let (verdict, reasons) = judge(manifest, machine);
    Preflight {
        verdict,
        reasons,
        suggestions: suggest(manifest, machine),
        download,
        stages,
        peak: peak(manifest, machine),
        by_tiles: TILES
            .into_iter()
            .map(|max_tiles| {
                let other = Machine {
                    max_tiles,
                    ..*machine
                };
                TileCost {
                    max_tiles,
                    peak: peak(manifest, &other),
                    verdict: judge(manifest, &other).0,
                }
            })
            .collect(),
    }
}

fn cost(stage: &StageMemory, machine: &Machine) -> StageCost {
    // A picture of several tiles is followed by one of the whole.
    let tiles = match machine.max_tiles {
        0 | 1 => 1,
        several => several as u64 + 1,
    };
    let weights = match machine.low_memory {
        true => stage.low_memory_weights,
        false => stage.weights,
    };
    let needed = weights + stage.activations + tiles.saturating_mul(stage.activations_per_tile);
    let (gpu, heap) = match machine.device {
        DeviceKind::Cpu => (0, needed),
        DeviceKind::Gpu if stage.stage == "load" => (needed, LOADING_HEAP),
        DeviceKind::Gpu => (needed, 0),
    };
    StageCost {
        stage: stage.stage.clone(),
        gpu,
        heap: IDLE_HEAP + heap,
    }
}

fn peak(manifest: &Manifest, machine: &Machine) -> u64 {
    let costs = manifest.memory.iter().map(|stage| cost(stage, machine));
    let on_device = |cost: StageCost| match machine.device {
        DeviceKind::Cpu => cost.heap,
        DeviceKind::Gpu => cost.gpu,
    };
    costs.map(on_device).max().unwrap_or_default()
}

/// The verdict and its reasons.
fn judge(manifest: &Manifest, machine: &Machine) -> (Verdict, Vec<String>) {
    let mut verdict = Verdict::Fits;
    let mut reasons = Vec::new();
    let mut found = |worse: Verdict, reason: String| {
        verdict = verdict.max(worse);
        reasons.push(reason);
    };
    let peak = peak(manifest, machine);
    match machine.device {
        DeviceKind::Gpu => {
            let buffer = machine
                .max_buffer_size
                .min(machine.max_storage_buffer_binding_size);
            if buffer < BUFFER {
                let (has, needs) = (size(buffer), size(BUFFER));
                found(
                    Verdict::DoesNotFit,
                    format!("The GPU takes buffers of at most {has}, and {needs} are needed."),
                );
            }
            if let Some(bindings) = machine.max_buffer_bindings_per_stage
                && bindings < BINDINGS
            {
                found(
                    Verdict::DoesNotFit,
                    format!(
                        "A GPU program may use {bindings} buffers here, and {BINDINGS} are needed."
                    ),
                );
            }
        }
        DeviceKind::Cpu => {
            if peak > MAX_HEAP {
                let (needs, most) = (size(peak), size(MAX_HEAP));
                found(
                    Verdict::DoesNotFit,
                    format!("The model needs {needs}, and a page without a GPU can use {most}."),
                );
            }
        }
    }
    match machine.memory {
        Some(memory) if peak > memory => found(
            Verdict::DoesNotFit,
            format!(
                "The model needs {}, and there are {}.",
                size(peak),
                size(memory)
            ),
        ),
        Some(memory) if peak > memory / 100 * COMFORT => found(
            Verdict::Tight,
            format!("The model needs {} of {}.", size(peak), size(memory)),
        ),
        None if machine.device == DeviceKind::Gpu && peak > MODEST => found(
            Verdict::Tight,
            format!(
                "The model needs {} of GPU memory, and browsers do not say how much there is.",
                size(peak)
            ),
        ),
        _ => {}
    }
    let missing = manifest.bytes().saturating_sub(machine.stored);
    if let Some(free) = machine.storage_free
        && free < missing
    {
        found(
            Verdict::Tight,
            format!(
                "The browser stores {} more for this page, and the model has {} to come: it will be kept until the page is closed.",
                size(free),
                size(missing)
            ),
        );
    }
    (verdict, reasons)
}

/// Changes that make the verdict or the peak better, smallest change first.
fn suggest(manifest: &Manifest, machine: &Machine) -> Vec<String> {
    let mut suggestions = Vec::new();
    let missing = manifest.bytes().saturating_sub(machine.stored);
    if machine.storage_free.is_some_and(|free| free < missing) {
        suggestions
            .push("Free storage in the browser's settings, so that the model is kept.".into());
    }
    // The other changes are about memory alone.
    let machine = &Machine {
        storage_free: None,
        ..*machine
    };
    let (verdict, now) = (judge(manifest, machine).0, peak(manifest, machine));
    if verdict == Verdict::Fits {
        return suggestions;
    }
    let mut best = verdict;
    let mut consider = |other: &Machine, what: String| {
        let (found, peak) = (judge(manifest, other).0, peak(manifest, other));
        best = best.min(found);
        if found < verdict || found == verdict && peak < now / 10 * 9 {
            suggestions.push(format!("{what}: {} instead of {}.", size(peak), size(now)));
        }
    };
    for max_tiles in TILES.into_iter().rev().filter(|&t| t < machine.max_tiles) {
        let plural = if max_tiles == 1 { "" } else { "s" };
        consider(
            &Machine {
                max_tiles,
                ..*machine
            },
            format!("Try {max_tiles} tile{plural}"),
        );
    }
    if !machine.low_memory {
        let low_memory = Machine {
            low_memory: true,
            ..*machine
        };
        consider(&low_memory, "Try low memory".into());
        if machine.max_tiles > 1 {
            consider(
                &Machine {
                    max_tiles: 1,
                    ..low_memory
                },
                "Try low memory with 1 tile".into(),
            );
        }
    }
    if best == Verdict::DoesNotFit {
        suggestions.push("Try the embedded model, which needs no download.".into());
    }
    suggestions
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests;
