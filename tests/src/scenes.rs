//! Illustrated scenes with questions and true masks, as `models/recipe/benchmark.py` writes them.

use std::path::Path;

use askmask_core::mask::rle::Rle;
use askmask_core::pipeline::{AskOptions, Model};
use askmask_core::{ImageSize, Mask, QuietHost, RgbImage, SourceImage};
use serde::Deserialize;

/// One question of one scene.
#[derive(Debug, Deserialize)]
pub struct Question {
    pub picture: String,
    pub question: String,
    pub family: String,
    /// What should be segmented; empty where the answer is a plain "no".
    pub targets: Vec<Target>,
}

#[derive(Debug, Deserialize)]
pub struct Target {
    /// COCO run lengths.
    pub mask: serde_json::Value,
}

/// Mean over the questions of a family, seen and blind.
#[derive(Debug)]
pub struct Score {
    pub questions: usize,
    pub sighted: f32,
    /// The same questions on pictures of plain grey.
    pub blind: f32,
}

/// Every question in `folder`.
pub fn questions(folder: &Path) -> Vec<Question> {
    let text =
        std::fs::read_to_string(folder.join("questions.jsonl")).expect("questions.jsonl is there");
    text.lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

/// Asks the questions of one family in `folder`.
pub fn score(model: &Model, folder: &Path, family: &str) -> Score {
    let asked = questions(folder);
    let asked = asked.iter().filter(|q| q.family == family);
    let rights: Vec<(f32, f32)> = asked
        .map(|question| {
            let image = picture(&folder.join(&question.picture));
            let grey = RgbImage {
                size: image.size,
                data: vec![128; image.data.len()],
            };
            (question.ask(model, image), question.ask(model, grey))
        })
        .collect();
    let count = rights.len() as f32;
    Score {
        questions: rights.len(),
        sighted: rights.iter().map(|r| r.0).sum::<f32>() / count,
        blind: rights.iter().map(|r| r.1).sum::<f32>() / count,
    }
}

/// A fixture's picture.
pub fn picture(path: &Path) -> RgbImage {
    let bytes = std::fs::read(path).expect("the scene's picture is there");
    SourceImage::decode(&bytes)
        .expect("the scene's picture is sound")
        .color
}

impl Question {
    /// How right the answer is: IoU of all targets together, or 1 for a "no" where there is none.
    pub fn ask(&self, model: &Model, image: RgbImage) -> f32 {
        let size = image.size;
        let answer = pollster::block_on(async {
            let picture = model.set_image(image, &QuietHost).await?;
            picture
                .ask(&self.question, &AskOptions::default(), &QuietHost)
                .await
        });
        let objects = answer.expect(&self.question).objects;
        if self.targets.is_empty() {
            return f32::from(u8::from(objects.is_empty()));
        }
        let truth = self.targets.iter().map(|target| {
            let rle = Rle::from_json(&target.mask.to_string());
            rle.expect("sound run lengths").decode()
        });
        let found = union(size, objects.into_iter().map(|object| object.mask));
        found.iou(&union(size, truth)).expect("same size")
    }
}

fn union(size: ImageSize, masks: impl Iterator<Item = Mask>) -> Mask {
    let empty = Mask::new(size, vec![0; size.pixels()]).expect("sizes agree");
    masks.fold(empty, |all, mask| all.union(&mask).expect("same size"))
}
