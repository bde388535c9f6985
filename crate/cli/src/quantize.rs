//! `askmask quantize`: a folder for the browser from a downloaded checkpoint.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use askmask_core::Error;
use askmask_core::models::sa2va;
use askmask_core::quantize::{Extras, Options, Plan, Report, Sink};
use askmask_core::weights::manifest::{Manifest, Origin};
use askmask_core::weights::{TensorTable, card};
use clap::Args;
use indicatif::ProgressBar;

use crate::checkpoint::README;
use crate::fault::Fault;
use crate::inspect::remarks;
use crate::interrupt;
use crate::model::{self, checkpoint, folder_name, folder_of};
use crate::terminal::{print, progress_bar};

const TEMPLATE: &str = "quantize {wide_bar} {bytes}/{total_bytes} {eta}";

#[derive(Args)]
pub struct Arguments {
    /// Folder of a Sa2VA checkpoint: config.json, safetensors weights, and tokenizer.json or
    /// vocab.json with merges.txt. Weights that are quantized already (MLX's layout) are packed
    /// anew without changing a bit; the options about bits then say nothing
    input: PathBuf,
    /// Folder to write, which must not exist or be empty
    output: PathBuf,
    /// What people call the model [default: the input folder's name]
    #[arg(long)]
    name: Option<String>,
    /// Where the weights come from, such as ByteDance/Sa2VA-1B
    #[arg(long)]
    source: String,
    /// Licence of the weights [default: what README.md of the input folder states in its metadata]
    #[arg(long, alias = "license")]
    licence: Option<String>,
    /// Bits of the language model's layers: 4, 8 or 16
    #[arg(long, default_value_t = 4)]
    language_bits: u32,
    /// Bits of the output head
    #[arg(long, default_value_t = 4)]
    head_bits: u32,
    /// Bits of the token embedding
    #[arg(long, default_value_t = 8)]
    embedding_bits: u32,
    /// Bits of the vision tower and connector
    #[arg(long, default_value_t = 4)]
    vision_bits: u32,
    /// Bits of SAM 2's image encoder
    #[arg(long, default_value_t = 4)]
    mask_bits: u32,
    /// Weights that share a scale: 32, 64 or 128
    #[arg(long, default_value_t = 32)]
    group_size: usize,
    /// Keep SAM 2's memory of earlier frames, which only video needs
    #[arg(long)]
    video: bool,
    /// Print size and error of each kind of layer, and what the error would be by MLX's rule
    #[arg(long)]
    report: bool,
}

pub fn run(arguments: &Arguments) -> Result<(), Fault> {
    let input = folder_of(&arguments.input)?;
    let files = checkpoint(input)?;
    let origin = arguments.origin(input)?;
    let tokenizer = files.tokenizer.clone();
    let json = serde_json::from_str(&files.config).map_err(|e| Error::UnsupportedModel {
        reason: format!("config.json: {e}"),
    })?;
    let source = files.check()?;
    let plan = Plan::new(&source.weights, &json, &source.table, &arguments.options())?;
    interrupt::catch();
    let mut sink = PartialFolder::create(&arguments.output)?;
    let extras = Extras {
        config: &json,
        tokenizer: &tokenizer,
        origin,
        family: sa2va::FAMILY,
    };
    let manifest = plan.conversion(extras)?.write(&source.weights, &mut sink)?;
    // The round trip: every file is read again, hashed, checked as a question would check it, and
    // compared with the source.
    let written = model::files(&sink.folder)?.check()?;
    let report = plan.compare(&source.weights, &written.weights)?;
    sink.rename_to_target()?;
    if arguments.report {
        print(&table(&report));
    }
    let peak = sa2va::memory(&source.config, &manifest.tensors)
        .iter()
        .map(|stage| stage.weights + stage.activations + stage.activations_per_tile)
        .max();
    print(&remarks(&source));
    print(&summary(&plan, &manifest, &source.table));
    print(&format!(
        "estimated GPU memory for one tile: {} MiB\n",
        peak.unwrap_or_default() >> 20
    ));
    Ok(())
}

impl Arguments {
    fn options(&self) -> Options {
        let bits = [
            ("language", self.language_bits),
            ("head", self.head_bits),
            ("embedding", self.embedding_bits),
            ("vision", self.vision_bits),
            ("mask", self.mask_bits),
        ];
        Options {
            bits: bits.into(),
            group_size: self.group_size,
            keep_droppable: self.video,
        }
    }

    fn origin(&self, input: &Path) -> Result<Origin, Fault> {
        let name = self.name.clone();
        let licence = self.licence.clone().or_else(|| card_licence(input));
        let unstated = || {
            let card = input.join(README);
            let reason = format!(
                "{} states no licence: say it with --licence",
                card.display()
            );
            Fault::Usage(reason)
        };
        Ok(Origin {
            name: name.unwrap_or_else(|| folder_name(input)),
            source: self.source.clone(),
            licence: licence.ok_or_else(unstated)?,
        })
    }
}

/// What the model card in a folder says of the licence; without a card nothing.
fn card_licence(folder: &Path) -> Option<String> {
    let card = File::open(folder.join(README)).ok()?;
    let mut start = Vec::new();
    card.take(card::ENOUGH as u64)
        .read_to_end(&mut start)
        .ok()?;
    card::licence(&String::from_utf8_lossy(&start))
}

fn table(report: &Report) -> String {
    let head = format!(
        "{:<64}{:>6}{:>9}{:>13}{:>9}{:>12}\n",
        "layers", "bits", "tensors", "bytes", "error", "MLX's rule"
    );
    let rows = report.groups.iter().map(|(name, group)| {
        let bits = match group.bits {
            0 => "same".to_owned(),
            bits => bits.to_string(),
        };
        let plain = group.plain_relative_error();
        format!(
            "{name:<64}{bits:>6}{:>9}{:>13}{:>8.3}%{:>12}\n",
            group.tensors,
            group.bytes,
            100.0 * group.relative_error(),
            plain.map_or_else(String::new, |error| format!("{:.3}%", 100.0 * error))
        )
    });
    std::iter::once(head).chain(rows).collect()
}

fn summary(plan: &Plan, manifest: &Manifest, table: &TensorTable) -> String {
    let repackaged = if plan.repackaged() {
        "the model was quantized already, its weights are unchanged\n"
    } else {
        ""
    };
    let video = manifest
        .tensors
        .iter()
        .filter(|t| table.is_droppable(&t.name));
    let video: u64 = video.flat_map(|t| &t.slices).map(|slice| slice.bytes).sum();
    format!(
        "{repackaged}{} files, {} bytes; {} tensors, {video} bytes of them for video alone, {} left \
         out (video memory); every file and value checked\n",
        manifest.files.len() + 1,
        manifest.bytes(),
        manifest.tensors.len(),
        plan.dropped().len()
    )
}

/// A folder beside the one to write. It is renamed when everything is in it, and removed
/// otherwise.
struct PartialFolder {
    folder: PathBuf,
    target: PathBuf,
    bar: ProgressBar,
}

impl PartialFolder {
    fn create(target: &Path) -> Result<Self, Fault> {
        let fault = |cause: io::Error| Fault::file(target, cause);
        let occupied = fs::read_dir(target).is_ok_and(|mut files| files.next().is_some());
        let name = target.file_name().map(|name| name.to_string_lossy());
        let (false, Some(name)) = (occupied, name) else {
            return Err(fault(io::Error::other("there is something already")));
        };
        let folder = target.with_file_name(format!(".{name}.{}.partial", std::process::id()));
        fs::create_dir_all(&folder).map_err(fault)?;
        Ok(Self {
            folder,
            target: target.to_owned(),
            bar: progress_bar(TEMPLATE),
        })
    }

    /// Gives the folder its name.
    fn rename_to_target(mut self) -> Result<(), Fault> {
        self.bar.finish_and_clear();
        // An empty folder in its place; Windows would not rename over it.
        let _ = fs::remove_dir(&self.target);
        fs::rename(&self.folder, &self.target).map_err(|cause| Fault::file(&self.target, cause))?;
        self.folder = PathBuf::new();
        Ok(())
    }
}

impl Drop for PartialFolder {
    fn drop(&mut self) {
        if !self.folder.as_os_str().is_empty() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Sink for PartialFolder {
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>> {
        let file = File::create(self.folder.join(name))?;
        Ok(Box::new(BufWriter::new(file)))
    }

    fn progress(&mut self, done: u64, total: u64) -> Result<(), Error> {
        self.bar.set_length(total);
        self.bar.set_position(done);
        interrupt::check()
    }
}
