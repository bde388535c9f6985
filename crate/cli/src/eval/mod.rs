//! `askmask eval`: how good a model is on a data set.

mod host;
mod provenance;
mod report;
mod rows;
mod run;
mod shown;

use std::path::PathBuf;

use askmask_core::pipeline::AskOptions;
use askmask_eval::datasets::{self, Dataset, Format, Selection};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use crate::fault::Fault;
use crate::interrupt;
use crate::model::{self, ModelArguments};
use crate::terminal::print;
use provenance::{Provenance, Settings};
use report::Report;
use rows::Log;
use shown::Shown;

#[derive(Args)]
pub struct Arguments {
    /// Folder of the data set, or its file of references
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    #[arg(long, default_value = "scenes", value_parser = format_parser())]
    format: Format,
    /// Folder of the pictures, where they are not in the data's
    #[arg(long, value_name = "DIR")]
    pictures: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArguments,
    /// Folder for answers and results; an interrupted run goes on there
    #[arg(long, value_name = "DIR", default_value = "askmask-eval")]
    out: PathBuf,
    /// At most so many questions of each split and family
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Splits, with commas between; all but train when left out
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    splits: Vec<String>,
    /// Families of questions, with commas between
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    families: Vec<String>,
    /// Show the model plain grey instead of the pictures
    #[arg(long, conflicts_with = "shuffled")]
    blind: bool,
    /// Show the model another picture of the same split
    #[arg(long)]
    shuffled: bool,
    /// How many of the worst answers the gallery shows
    #[arg(long, value_name = "N", default_value_t = 100)]
    worst: usize,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let values = Format::ALL.map(|format| PossibleValue::new(format.name()).help(format.layout()));
    PossibleValuesParser::new(values).try_map(|name| {
        let known = Format::ALL.into_iter().find(|format| format.name() == name);
        known.ok_or("no such format")
    })
}

impl Arguments {
    fn selection(&self) -> Selection {
        Selection {
            splits: self.splits.clone(),
            families: self.families.clone(),
            limit: self.limit,
        }
    }

    fn shown(&self) -> Shown {
        if self.blind {
            Shown::Grey
        } else if self.shuffled {
            Shown::Other
        } else {
            Shown::Picture
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<(), Fault> {
    let mut data = read(arguments)?;
    interrupt::catch();
    let files = arguments.model.files()?;
    let provenance = Provenance {
        data: provenance::data(model::folder_name(&arguments.data), &data)?,
        format: arguments.format.name().to_owned(),
        model: provenance::model(arguments.model.name()?, &files)?,
        program: provenance::program()?,
        device: provenance::device(arguments.model.options().device)?,
        settings: settings(arguments),
    };
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|cause| Fault::file(out, cause))?;
    let (log, done) = Log::open(&out.join("answers.jsonl"), &provenance)?;
    let rows = run::answer(
        files,
        arguments.model.options(),
        arguments.shown(),
        &mut data,
        (log, done),
    )?;
    if rows.is_empty() {
        return Err(Fault::File(format!(
            "{}: no question could be answered; {}",
            arguments.data.display(),
            data.faults
                .first()
                .map(ToString::to_string)
                .unwrap_or_default()
        )));
    }
    let convention = arguments.format.convention();
    let report = Report {
        convention,
        provenance,
        rows: &rows,
        data: &data,
        groups: report::groups(&rows, convention),
    };
    report.write(out, arguments.worst)?;
    print(&report.text());
    print(&format!("\n{}\n", out.join("gallery/index.html").display()));
    Ok(())
}

fn read(arguments: &Arguments) -> Result<Dataset, Fault> {
    let selection = arguments.selection();
    let pictures = arguments.pictures.as_deref();
    let data = datasets::read(arguments.format, &arguments.data, pictures, &selection);
    data.map_err(|problem| Fault::File(format!("{}: {problem}", arguments.data.display())))
}

fn settings(arguments: &Arguments) -> Settings {
    Settings {
        selection: arguments.selection(),
        picture: arguments.shown().name().to_owned(),
        max_tiles: arguments.model.options().max_tiles,
        decoding: "greedy, free-running".to_owned(),
        max_tokens: AskOptions::default().max_tokens,
    }
}
