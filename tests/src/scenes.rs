//! Illustrated scenes with questions and true masks, as `models/recipe/benchmark.py` writes them.

use std::path::Path;

use askmask_core::pipeline::{AskOptions, Model};
use askmask_core::rle::Rle;
use askmask_core::{Error, Host, Mask, RgbImage, Stage};
use serde::Deserialize;

/// One question of one scene.
#[derive(Debug, Deserialize)]
pub struct Question {
    pub picture: String,
    pub question: String,
    pub family: String,
    /// COCO run lengths of what should be segmented; none where the answer is a plain "no".
    pub rle: Option<serde_json::Value>,
}

/// Mean IoU over direct questions, seen and blind.
#[derive(Debug)]
pub struct Score {
    pub questions: usize,
    pub sighted: f32,
    /// The same questions on pictures of plain grey.
    pub blind: f32,
}

/// Hears nothing and never stops.
pub struct Quiet;

impl Host for Quiet {
    fn progress(&self, _: Stage, _: u64, _: Option<u64>) {}
    fn token(&self, _: &str) {}
    fn checkpoint(&self) -> std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Every question in `folder`.
pub fn questions(folder: &Path) -> Vec<Question> {
    let text =
        std::fs::read_to_string(folder.join("questions.jsonl")).expect("questions.jsonl is there");
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// Asks the direct questions of `folder`.
pub fn score_direct(model: &Model, folder: &Path) -> Score {
    let mut overlaps = Vec::new();
    for question in questions(folder).iter().filter(|q| q.family == "direct") {
        let bytes =
            std::fs::read(folder.join(&question.picture)).expect("the scene's picture is there");
        let image = RgbImage::decode(&bytes).expect("the scene's picture is sound");
        let rle = question
            .rle
            .as_ref()
            .expect("a direct question has a mask")
            .to_string();
        let truth = Rle::from_json(&rle).expect("sound run lengths").decode();
        let grey = RgbImage {
            size: image.size,
            data: vec![128; image.data.len()],
        };
        let iou = |image| {
            found(model, image, &question.question)
                .iou(&truth)
                .expect("same size")
        };
        overlaps.push((iou(image), iou(grey)));
    }
    let count = overlaps.len() as f32;
    Score {
        questions: overlaps.len(),
        sighted: overlaps.iter().map(|o| o.0).sum::<f32>() / count,
        blind: overlaps.iter().map(|o| o.1).sum::<f32>() / count,
    }
}

/// Union of everything that the model finds.
fn found(model: &Model, image: RgbImage, question: &str) -> Mask {
    let size = image.size;
    let empty = Mask::new(size, vec![0; size.pixels()]).expect("sizes agree");
    let answer = pollster::block_on(async {
        let picture = model.set_image(image, &Quiet).await?;
        picture.ask(question, &AskOptions::default(), &Quiet).await
    });
    let objects = answer.expect(question).objects;
    objects.iter().fold(empty, |all, object| {
        all.union(&object.mask).expect("same size")
    })
}
