//! `askmask`: segment pictures in words on the command line.
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used))]

mod address;
mod ask;
mod cache;
mod checkpoint;
mod device;
mod eval;
mod fault;
mod fetch;
mod hash;
mod host;
mod inspect;
mod interrupt;
mod model;
mod outputs;
mod points;
mod quantize;
mod raw;
mod terminal;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use fault::Fault;

/// Ask a picture in words, get an answer and a pixel-exact mask. Everything stays on this machine.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Answer a question about a picture and draw masks
    Ask(ask::Arguments),
    /// Measure a model on a data set of pictures, questions and masks
    Eval(eval::Arguments),
    /// Say what is in a model folder, what of it is not used, and whether it can be run
    ///
    /// Reads names, shapes and settings, no weights. Ends with 2 and the reason where `ask` and
    /// `quantize` would.
    Inspect {
        /// Folder with config.json, tokenizer.json and safetensors weights
        dir: PathBuf,
    },
    /// Quantize a model folder
    Quantize(quantize::Arguments),
}

fn main() -> ExitCode {
    let arguments = points::joined(std::env::args_os());
    let command = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli.command,
        // Help and version are no faults.
        Err(error) if !error.use_stderr() => error.exit(),
        Err(error) => return stopped(&Fault::usage(&error)),
    };
    let done = match command {
        Command::Ask(arguments) => ask::run(&arguments),
        Command::Eval(arguments) => eval::run(&arguments),
        Command::Inspect { dir } => inspect::run(&dir),
        Command::Quantize(arguments) => quantize::run(&arguments),
    };
    match done.and_then(|()| terminal::check_printed()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => stopped(&fault),
    }
}

fn stopped(fault: &Fault) -> ExitCode {
    eprintln!("{fault}");
    ExitCode::from(fault.exit_code())
}
