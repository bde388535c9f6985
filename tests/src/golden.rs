//! Runs a fixture model through the product's own pipeline and compares every stage with what
//! the reference implementation computed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;

use askmask_core::mask::BoundingBox;
use askmask_core::pipeline::{
    Answer, AskOptions, LoadOptions, Model, ModelFiles, Object, Picture, Point, PointLabel, Prompts,
};
use askmask_core::weights::InMemory;
use askmask_core::{Error, Host, Mask, SourceImage, Stage, TraceEvent, TraceStage};
use serde::Deserialize;

use crate::{Tensors, bytes, json};

/// Values of every stage by the names that the fixtures use.
pub type Stages = BTreeMap<String, Vec<f32>>;

/// The question of a fixture.
#[derive(Deserialize)]
struct Expected {
    question: String,
    answer: String,
}

/// One stage beside the reference.
#[derive(Debug, Clone)]
pub struct Row {
    pub stage: String,
    /// Largest |value| of the reference.
    pub scale: f32,
    /// Largest |Δ|.
    pub delta: f32,
}

impl Row {
    /// |Δ| as a share of the stage's largest value.
    pub fn relative(&self) -> f32 {
        self.delta / self.scale.max(f32::MIN_POSITIVE)
    }
}

/// One fixture model on one device.
pub struct Golden {
    pub expected: Tensors,
    pub model: Model,
    pub picture: Picture,
    answer_text: String,
    pub answer: Answer,
    pub stages: Stages,
}

/// A host that records stages.
#[derive(Default)]
pub struct Recorder(RefCell<Stages>);

impl Host for Recorder {
    fn progress(&self, _: Stage, _: u64, _: Option<u64>) {}
    fn token(&self, _: &str) {}
    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(ready(Ok(())))
    }
    fn wants_trace(&self) -> bool {
        true
    }
    fn trace(&self, event: TraceEvent) {
        let count: usize = event.shape.iter().product();
        assert_eq!(event.values.len(), count, "{:?}", event.stage);
        let name = fixture_name(event.stage, event.index);
        let mut stages = self.0.borrow_mut();
        stages.entry(name).or_default().extend(event.values);
    }
}

/// What the fixtures call a stage. What comes once for each tile or token is one row after another.
fn fixture_name(stage: TraceStage, index: usize) -> String {
    use TraceStage as S;
    let name = match stage {
        S::PixelValues => "pixel_values",
        S::VitEmbeddings => "vit_embeddings",
        S::VitLastHidden => "vit_last_hidden",
        S::PixelShuffled => "pixel_shuffled",
        S::ImageTokens => "image_tokens",
        S::SamPixelValues => "sam_pixel_values",
        S::HieraStage => return format!("hiera_stage_{index}"),
        S::Fpn => return format!("fpn_{index}"),
        S::SamImageEmbedding => return format!("sam_image_embedding_{index}"),
        S::LmInputsEmbeds => "lm_inputs_embeds",
        S::LmHidden => return format!("lm_hidden_{index}"),
        S::StepLogits => "step_logits",
        S::StepHidden => "step_hidden",
        S::SegHidden => "seg_hidden",
        S::SegEmbedding => "seg_embeddings",
        S::PromptSparse => return format!("seg{index}_sparse"),
        S::MaskLogits => return format!("seg{index}_masks"),
        S::MaskIou => return format!("seg{index}_iou"),
        S::ObjectScore => return format!("seg{index}_object_score"),
    };
    name.to_owned()
}

impl Recorder {
    pub fn stages(self) -> Stages {
        self.0.into_inner()
    }
}

/// Files of a fixture model.
pub fn files(fixture: &str) -> ModelFiles {
    let weights = InMemory::new([(
        "model.safetensors".to_owned(),
        bytes(&format!("{fixture}/model.safetensors")),
    )]);
    ModelFiles {
        config: String::from_utf8(bytes(&format!("{fixture}/config.json")))
            .expect("config.json is text"),
        tokenizer: bytes(&format!("{fixture}/tokenizer.json")),
        weights: Box::new(weights.expect("the fixture's weights are sound")),
    }
}

impl Golden {
    /// Loads a fixture, sets its picture and asks its question.
    pub fn run(fixture: &str, options: impl Into<LoadOptions>) -> Self {
        Self::of(files(fixture), (fixture, fixture), options)
    }

    /// The same for any files: the picture is the first fixture's, the second says what is
    /// expected.
    pub fn of(
        files: ModelFiles,
        (picture, reference): (&str, &str),
        options: impl Into<LoadOptions>,
    ) -> Self {
        let expected: Expected = json(&format!("{reference}/expected.json"));
        let image = SourceImage::decode(&bytes(&format!("{picture}/input.png")))
            .expect("the fixture's picture is sound");
        let host = Recorder::default();
        let (model, picture, answer) = pollster::block_on(async {
            let model = Model::load(files, options, &host).await?;
            let picture = model.set_image(image, &host).await?;
            let answer = picture
                .ask(&expected.question, &AskOptions::default(), &host)
                .await?;
            Ok::<_, Error>((model, picture, answer))
        })
        .unwrap_or_else(|e| panic!("{reference}: {e}"));
        Self {
            expected: Tensors::open(&format!("{reference}/expected.safetensors")),
            model,
            picture,
            answer_text: expected.answer,
            answer,
            stages: host.stages(),
        }
    }

    /// Every recorded stage that the reference has too.
    pub fn rows(&self) -> Vec<Row> {
        self.stages
            .iter()
            .filter(|(stage, _)| self.expected.has(stage))
            .map(|(stage, actual)| compare(stage, &self.expected.f32(stage), actual))
            .collect()
    }

    /// Asserts that every stage is within `tolerance` of the reference, as a share of the stage's
    /// largest value, that the tokens are the same, and that the masks are.
    pub fn assert_parity(&self, tolerance: f32) {
        let rows = self.rows();
        assert!(rows.len() > 10, "only {} stages were compared", rows.len());
        assert_close(&rows, tolerance);
        assert_eq!(self.written(), self.reference_text());
        let ious = self.ious();
        assert!(!ious.is_empty());
        assert!(ious.iter().all(|&iou| iou >= 0.999), "{ious:?}");
    }

    /// The generated tokens as text, control tokens by name, as the reference prints them.
    pub fn written(&self) -> String {
        self.answer.tokens.iter().map(|t| t.text.as_str()).collect()
    }

    /// What the reference wrote, without the stop token.
    pub fn reference_text(&self) -> &str {
        self.answer_text.trim_end_matches("<|im_end|>")
    }

    /// IoU of every mask with the reference's.
    pub fn ious(&self) -> Vec<f32> {
        let masks = self.answer.objects.iter().enumerate();
        masks
            .map(|(i, o)| self.iou(&o.mask, &format!("seg{i}_mask")))
            .collect()
    }

    /// IoU of a mask with the one that the reference calls `name`.
    pub fn iou(&self, mask: &Mask, name: &str) -> f32 {
        let reference = Mask::new(self.picture.size(), self.expected.bytes(name)).expect(name);
        mask.iou(&reference).expect("both have the picture's size")
    }

    /// Redraws one object as the fixture's case `name` does and returns it with its stages.
    pub fn refine(
        &self,
        case: &str,
        prompts: &Prompts,
        previous: Option<&Object>,
    ) -> (Object, Vec<Row>) {
        let host = Recorder::default();
        let object = pollster::block_on(self.picture.refine(prompts, previous, &host)).expect(case);
        let stages = host.stages();
        let mut rows = vec![self.refined_row(case, "low_res", object.low_res_logits())];
        rows.push(self.refined_row(case, "iou", &[object.score]));
        rows.push(self.refined_row(case, "object_score", &stages["seg0_object_score"]));
        (object, rows)
    }

    fn refined_row(&self, case: &str, part: &str, actual: &[f32]) -> Row {
        let name = format!("refine_{case}_{part}");
        compare(&name, &self.expected.f32(&name), actual)
    }

    /// The fixture's clicks, in picture pixels.
    pub fn points(&self) -> Vec<Point> {
        let at = self.expected.f32("refine_points_coords");
        let labels = self.expected.i64("refine_points_labels");
        at.chunks_exact(2)
            .zip(labels)
            .map(|(at, label)| Point {
                x: at[0],
                y: at[1],
                label: if label == 1 {
                    PointLabel::Foreground
                } else {
                    PointLabel::Background
                },
            })
            .collect()
    }

    /// The fixture's box, in picture pixels.
    pub fn bbox(&self) -> BoundingBox {
        let corners = self.expected.f32("refine_box_corners");
        BoundingBox {
            x0: corners[0],
            y0: corners[1],
            x1: corners[2],
            y1: corners[3],
        }
    }
}

/// Asserts that every row is within `tolerance`.
pub fn assert_close(rows: &[Row], tolerance: f32) {
    for row in rows {
        assert!(
            row.relative() <= tolerance,
            "{row:?} is off by {}",
            row.relative()
        );
    }
}

/// Compares the end of the reference with `actual`: the language model's head and final norm run
/// on the last rows only.
fn compare(stage: &str, reference: &[f32], actual: &[f32]) -> Row {
    assert!(
        actual.len() <= reference.len(),
        "{stage}: {} values, {} expected",
        actual.len(),
        reference.len()
    );
    let reference = &reference[reference.len() - actual.len()..];
    let largest = |values: &mut dyn Iterator<Item = f32>| {
        values.fold(0.0_f32, |a, b| if b.is_nan() { f32::NAN } else { a.max(b) })
    };
    Row {
        stage: stage.to_owned(),
        scale: largest(&mut reference.iter().map(|v| v.abs())),
        delta: largest(&mut reference.iter().zip(actual).map(|(a, b)| (a - b).abs())),
    }
}
