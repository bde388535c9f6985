//! `askmask ask`: a question, clicks, or both.

mod clicks;
mod report;
mod words;

use std::ffi::OsString;
use std::path::Path;

use askmask_core::pipeline::{AskOptions, Model, Object, Picture, Point, Prompts};
use askmask_core::{BoundingBox, Error, SourceImage};
use askmask_eval::file;
use clap::Args;
use serde_json::Value;

use crate::fault::Fault;
use crate::host::TerminalHost;
use crate::interrupt;
use crate::model::ModelArguments;
use crate::outputs::{DASH, Files, Outputs};
use crate::terminal::{print, print_beside, printable};
use clicks::{bbox, point};
use report::Found;
use words::Words;

#[derive(Args)]
#[command(
    override_usage = "askmask ask [OPTIONS] <PICTURE>... <QUESTION>\n       \
    askmask ask [OPTIONS] <PICTURE> [QUESTION] --points <X,Y,±>... --box <X0,Y0,X1,Y1>"
)]
pub struct Arguments {
    /// PNG, JPEG, WebP, GIF or BMP, one or several, or patterns such as "photos/*.jpg"; - is standard input.
    /// The last word is the question: what to look for, in your own words. With --points or --box
    /// it may be left out
    #[arg(required = true, value_name = "PICTURE|QUESTION")]
    words: Vec<OsString>,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    outputs: Outputs,
    /// Print text, objects and timings as JSON; objects have COCO's segmentation, bbox and area.
    /// Of several pictures each has a line of its own, with its name
    #[arg(long)]
    json: bool,
    /// Clicks: X,Y,+ inside or X,Y,- outside the target, in picture pixels; they redraw the first
    /// target, or draw one without a question; several may follow each other
    #[arg(long, value_name = "X,Y,±", value_parser = point)]
    points: Vec<Point>,
    /// A box around the target: X0,Y0,X1,Y1 in picture pixels
    #[arg(long = "box", value_name = "X0,Y0,X1,Y1", value_parser = bbox)]
    bbox: Option<BoundingBox>,
}

pub fn run(arguments: &Arguments) -> Result<(), Fault> {
    // Everything that takes no time comes before what does.
    let clicks = !arguments.points.is_empty() || arguments.bbox.is_some();
    let words = Words::read(&arguments.words, clicks)?;
    let outputs = &arguments.outputs;
    let files = outputs.files(&words.pictures, words.several, arguments.json)?;
    interrupt::catch();
    let mut asker = Asker {
        arguments,
        words: &words,
        model: None,
    };
    let mut unread = 0;
    for (index, (picture, files)) in words.pictures.iter().zip(&files).enumerate() {
        interrupt::check()?;
        match open(picture) {
            Ok(image) => asker.ask(index, image, files)?,
            Err(fault) if words.several => {
                eprintln!("{}: {fault}", name(picture));
                unread += 1;
            }
            Err(fault) => return Err(fault),
        }
    }
    match unread {
        0 => Ok(()),
        _ => Err(Fault::Unread(unread, words.pictures.len())),
    }
}

/// The picture in a file, or from standard input.
fn open(picture: &Path) -> Result<SourceImage, Fault> {
    let bytes = if picture == Path::new(DASH) {
        file::read_standard_input()?
    } else {
        file::read(picture)?
    };
    Ok(SourceImage::decode(&bytes)?)
}

/// A picture's name on one line.
fn name(picture: &Path) -> String {
    printable(&picture.display().to_string()).replace('\n', " ")
}

/// Asks the same about one picture after another.
struct Asker<'a> {
    arguments: &'a Arguments,
    words: &'a Words,
    /// Loaded when there is a picture for it.
    model: Option<Model>,
}

impl Asker<'_> {
    /// Asks about the picture of that number, and writes what is found.
    fn ask(&mut self, index: usize, image: SourceImage, files: &Files) -> Result<(), Fault> {
        let arguments = self.arguments;
        let name = name(&self.words.pictures[index]);
        let words_out = !arguments.outputs.take_standard_output();
        if self.words.several && !arguments.json {
            let gap = if self.model.is_some() { "\n" } else { "" };
            print(&format!("{gap}{name}\n"));
        }
        let host = TerminalHost::new(words_out && !arguments.json);
        let found = pollster::block_on(self.find(image, &host));
        let timings = host.finish();
        let found = found?;
        files.write(&found.objects, found.picture.image())?;
        if arguments.json {
            let mut object = report::as_json(&found, &timings);
            if self.words.several {
                object["picture"] = Value::from(name);
            }
            print(&format!("{object}\n"));
        } else if words_out {
            print(&report::summary(&found));
        } else {
            let text = printable(&found.text);
            print_beside(&format!("{text}{}", report::summary(&found)));
        }
        Ok(())
    }

    async fn find(&mut self, image: SourceImage, host: &TerminalHost) -> Result<Found, Fault> {
        let model = if let Some(model) = self.model.take() {
            model
        } else {
            let files = self.arguments.model.files()?;
            Model::load(files, self.arguments.model.options(), host).await?
        };
        let picture = self.model.insert(model).set_image(image, host).await?;
        let (text, marked, mut objects) = match &self.words.question {
            Some(question) => {
                let answer = picture.ask(question, &AskOptions::default(), host).await?;
                (answer.text, answer.marked, answer.objects)
            }
            None => (String::new(), String::new(), Vec::new()),
        };
        refine(self.arguments, &picture, &mut objects, host).await?;
        Ok(Found {
            text,
            marked,
            objects,
            picture,
        })
    }
}

async fn refine(
    arguments: &Arguments,
    picture: &Picture,
    objects: &mut Vec<Object>,
    host: &TerminalHost,
) -> Result<(), Error> {
    if arguments.points.is_empty() && arguments.bbox.is_none() {
        return Ok(());
    }
    let prompts = Prompts {
        points: arguments.points.clone(),
        bbox: arguments.bbox,
    };
    let object = picture.refine(&prompts, objects.first(), host).await?;
    objects.splice(..objects.len().min(1), [object]);
    Ok(())
}
