//! `askmask ask`: a question, clicks, or both.

use std::path::{Path, PathBuf};

use askmask_core::pipeline::{AskOptions, Model, Object, Picture, Point, PointLabel, Prompts};
use askmask_core::{BoundingBox, Error, SourceImage};
use askmask_eval::file;
use clap::Args;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::host::TerminalHost;
use crate::interrupt;
use crate::model::ModelArguments;
use crate::outputs::{DASH, Outputs};
use crate::terminal::{print, print_beside, printable};

#[derive(Args)]
pub struct Arguments {
    /// PNG, JPEG, WebP, GIF or BMP; - is standard input
    picture: PathBuf,
    /// What to look for, in your own words; may be left out with --points or --box
    #[arg(required_unless_present_any = ["points", "bbox"])]
    question: Option<String>,
    #[command(flatten)]
    model: ModelArguments,
    #[command(flatten)]
    outputs: Outputs,
    /// Print text, objects and timings as JSON; objects have COCO's segmentation, bbox and area
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

struct Found {
    /// What people read.
    text: String,
    /// The same with `[SEG]` wherever the model points at an object.
    marked: String,
    objects: Vec<Object>,
    image: SourceImage,
}

pub fn run(arguments: &Arguments) -> Result<(), Fault> {
    // Everything that takes no time comes before what does.
    arguments
        .outputs
        .check(&arguments.picture, arguments.json)?;
    let bytes = if arguments.picture == Path::new(DASH) {
        file::read_standard_input()?
    } else {
        file::read(&arguments.picture)?
    };
    let image = SourceImage::decode(&bytes)?;
    interrupt::catch();
    let words_out = !arguments.outputs.take_standard_output();
    let host = TerminalHost::new(words_out && !arguments.json);
    let found = pollster::block_on(find(arguments, image, &host));
    let timings = host.finish();
    let found = found?;
    arguments.outputs.write(&found.objects, &found.image)?;
    if arguments.json {
        print(&format!("{}\n", report(&found, &timings)));
    } else if words_out {
        print(&summary(&found));
    } else {
        let text = printable(&found.text);
        print_beside(&format!("{text}{}", summary(&found)));
    }
    Ok(())
}

async fn find(
    arguments: &Arguments,
    image: SourceImage,
    host: &TerminalHost,
) -> Result<Found, Fault> {
    if let Some(question) = &arguments.question {
        // Before the model is loaded, which may take long.
        askmask_core::language::tokenizer::validate_question(question)?;
    }
    let files = arguments.model.files()?;
    let options = arguments.model.options();
    let model = Model::load(files, options, host).await?;
    let picture = model.set_image(image, host).await?;
    let (text, marked, mut objects) = match &arguments.question {
        Some(question) => {
            let answer = picture.ask(question, &AskOptions::default(), host).await?;
            (answer.text, answer.marked, answer.objects)
        }
        None => (String::new(), String::new(), Vec::new()),
    };
    refine(arguments, &picture, &mut objects, host).await?;
    Ok(Found {
        text,
        marked,
        objects,
        image: picture.image().clone(),
    })
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

fn summary(found: &Found) -> String {
    let mut lines = Vec::new();
    if !found.text.is_empty() {
        // Ends the line of the streamed answer.
        lines.push(String::new());
    }
    if found.objects.is_empty() {
        lines.push("nothing found, no mask written".into());
    }
    for (i, object) in found.objects.iter().enumerate() {
        let area = object.mask.area();
        let share = 100.0 * area as f32 / object.mask.size.pixels() as f32;
        let empty = if area == 0 { ", the mask is empty" } else { "" };
        lines.push(format!(
            "{}: {share:.1}% of the picture, mask confidence {:.2}, presence {:.2}{empty}",
            i + 1,
            object.score,
            object.object_score
        ));
    }
    lines.join("\n") + "\n"
}

fn report(found: &Found, timings: &[(&str, f64)]) -> Value {
    let objects: Vec<Value> = found.objects.iter().map(describe).collect();
    let seconds: Vec<Value> = timings
        .iter()
        .map(|(stage, s)| json!({"stage": stage, "seconds": s}))
        .collect();
    json!({
        "text": printable(&found.text),
        "marked": printable(&found.marked),
        "width": found.image.size().width,
        "height": found.image.size().height,
        "objects": objects,
        "timings": seconds,
    })
}

fn describe(object: &Object) -> Value {
    let corners = object.mask.bounding_box();
    // COCO's box has sides instead of a second corner, and is never missing.
    let sides = corners.map_or([0.0; 4], |b| [b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0]);
    let rle: Value = serde_json::from_str(&object.mask.to_rle_json()).unwrap_or_default();
    json!({
        "score": object.score,
        "object_score": object.object_score,
        "area": object.mask.area(),
        "box": corners.map(|b| [b.x0, b.y0, b.x1, b.y1]),
        "bbox": sides,
        "segmentation": rle,
        "rle": rle,
    })
}

fn numbers<const N: usize>(text: &str) -> Option<[f32; N]> {
    let values: Option<Vec<f32>> = text
        .split(',')
        .map(|part| part.trim().parse().ok().filter(|v: &f32| v.is_finite()))
        .collect();
    values?.try_into().ok()
}

fn point(text: &str) -> Result<Point, String> {
    let wrong = || format!("{text:?} is not X,Y,+ or X,Y,-");
    let (at, sign) = text.rsplit_once(',').ok_or_else(wrong)?;
    let [x, y] = numbers(at).ok_or_else(wrong)?;
    let label = match sign.trim() {
        "+" => PointLabel::Foreground,
        "-" => PointLabel::Background,
        _ => return Err(wrong()),
    };
    Ok(Point { x, y, label })
}

fn bbox(text: &str) -> Result<BoundingBox, String> {
    let [x0, y0, x1, y1] = numbers(text).ok_or_else(|| format!("{text:?} is not X0,Y0,X1,Y1"))?;
    if x0 >= x1 || y0 >= y1 {
        return Err(format!("{text:?} is an empty box"));
    }
    Ok(BoundingBox { x0, y0, x1, y1 })
}
