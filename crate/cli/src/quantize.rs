//! `askmask quantize`: a smaller model folder from a dense one.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use askmask_core::Error;
use askmask_core::sa2va::Config;
use askmask_core::weights::quantize::{Sink, quantize_model};
use askmask_core::weights::{Folder, Recipe};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::fault::Fault;
use crate::host::say;
use crate::model::text;

#[derive(Args)]
pub struct Arguments {
    /// Folder of the dense model
    input: PathBuf,
    /// Folder to write, which must not hold a model yet
    output: PathBuf,
    /// Bits of the language model's layers
    #[arg(long, default_value_t = 4)]
    language_bits: u32,
    /// Bits of the output head
    #[arg(long, default_value_t = 4)]
    head_bits: u32,
    /// Bits of the token embedding
    #[arg(long, default_value_t = 8)]
    embedding_bits: u32,
    /// Bits of the vision tower and connector
    #[arg(long, default_value_t = 8)]
    vision_bits: u32,
    /// Bits of SAM 2's image encoder
    #[arg(long, default_value_t = 8)]
    mask_bits: u32,
    /// Weights that share a scale: 32, 64 or 128
    #[arg(long, default_value_t = 32)]
    group_size: usize,
}

pub fn run(arguments: &Arguments) -> Result<(), Fault> {
    let config = text(&arguments.input.join("config.json"))?;
    Config::parse(&config)?;
    let config = serde_json::from_str(&config).map_err(|e| Error::UnsupportedModel {
        reason: e.to_string(),
    })?;
    let source = Folder::open(&arguments.input)?;
    let recipe = Recipe {
        language_bits: arguments.language_bits,
        head_bits: arguments.head_bits,
        embedding_bits: arguments.embedding_bits,
        vision_bits: arguments.vision_bits,
        mask_bits: arguments.mask_bits,
        group_size: arguments.group_size,
    };
    let mut sink = FolderSink::new(&arguments.output)?;
    let summary = quantize_model(&source, &config, &recipe, &mut sink)?;
    sink.bar.finish_and_clear();
    let tokenizer = arguments.input.join("tokenizer.json");
    let copy = std::fs::copy(&tokenizer, arguments.output.join("tokenizer.json"));
    copy.map_err(|cause| Fault::file(&tokenizer, &cause))?;
    for (name, bytes) in &summary.files {
        say(&format!("{name}: {bytes} bytes\n"));
    }
    say(&format!(
        "{} tensors quantized, {} kept, {} left out (video memory)\n",
        summary.quantized,
        summary.kept,
        summary.dropped.len()
    ));
    Ok(())
}

/// Writes into a new folder.
struct FolderSink {
    folder: PathBuf,
    bar: ProgressBar,
}

impl FolderSink {
    fn new(folder: &Path) -> Result<Self, Fault> {
        let fault = |cause: &io::Error| Fault::file(folder, cause);
        std::fs::create_dir_all(folder).map_err(|cause| fault(&cause))?;
        if folder.join("config.json").exists() {
            return Err(fault(&io::Error::other("there is a model already")));
        }
        let bar = if io::stderr().is_terminal() {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) =
            ProgressStyle::with_template("quantize {wide_bar} {bytes}/{total_bytes} {eta}")
        {
            bar.set_style(style);
        }
        Ok(Self {
            folder: folder.to_owned(),
            bar,
        })
    }
}

impl Sink for FolderSink {
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Write + '_>> {
        Ok(Box::new(BufWriter::new(File::create(
            self.folder.join(name),
        )?)))
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }
}
