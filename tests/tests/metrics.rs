//! Measures against NumPy.

use askmask_core::image::ImageSize;
use askmask_core::mask::rle::Rle;
use askmask_eval::measures::{Convention, Measure, Measured, Prediction, Summary, Truth};
use askmask_tests::json;
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    size: [usize; 2],
    samples: Vec<Sample>,
    outlines: Vec<Outline>,
    boundary_f: f64,
    reason_seg: ReasonSeg,
    scenes: Scenes,
    grefcoco: GRefCoco,
}

#[derive(Deserialize)]
struct Sample {
    picture: String,
    predicted: String,
    truth: String,
    ignore: String,
    iou: f64,
    boundary_f: f64,
}

#[derive(Deserialize)]
struct Outline {
    size: [usize; 2],
    predicted: String,
    truth: String,
    ignore: String,
    boundary_f: f64,
}

#[derive(Deserialize)]
struct ReasonSeg {
    giou: f64,
    ciou: f64,
    giou_interval: [f64; 2],
}

#[derive(Deserialize)]
struct Scenes {
    giou: f64,
    ciou: f64,
}

#[derive(Deserialize)]
struct GRefCoco {
    giou: f64,
    ciou: f64,
    n_acc: f64,
    t_acc: f64,
    #[serde(rename = "pr@0.7")]
    pr70: f64,
    #[serde(rename = "pr@0.8")]
    pr80: f64,
    #[serde(rename = "pr@0.9")]
    pr90: f64,
}

impl Fixture {
    fn open() -> Self {
        let fixture: Self = json("metrics.json");
        assert!(fixture.samples.len() >= 60);
        fixture
    }

    fn measured(&self) -> Vec<Measured> {
        let of = |s: &Sample| measured(self.size, [&s.predicted, &s.truth, &s.ignore]);
        self.samples.iter().map(of).collect()
    }

    fn summary(&self, convention: Convention) -> Summary {
        let measured = self.measured();
        let pictures = self.samples.iter().map(|sample| sample.picture.as_str());
        Summary::of(pictures.zip(&measured), convention)
    }
}

/// Measures a prediction with its truth and what to ignore, each in COCO's compressed counts.
fn measured([height, width]: [usize; 2], masks: [&str; 3]) -> Measured {
    let size = ImageSize { height, width };
    let decode = |counts| Rle::from_compressed(size, counts).unwrap().decode();
    let [predicted, truth, ignore] = masks.map(decode);
    let prediction = Prediction {
        marked: String::new(),
        segs: u32::from(predicted.area() > 0),
        mask: predicted,
    };
    let truth = Truth {
        mask: truth,
        ignore: Some(ignore),
        answer: None,
        names: None,
        constraints: Vec::new(),
    };
    Measured::of(&prediction, &truth).unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "{found} not {expected}");
}

#[test]
fn every_iou_is_that_of_lisa() {
    let fixture = Fixture::open();
    for (sample, measured) in fixture.samples.iter().zip(fixture.measured()) {
        near(measured.overlap().iou_reason_seg(), sample.iou);
    }
}

#[test]
fn every_boundary_is_that_of_opencv() {
    let fixture = Fixture::open();
    for (sample, measured) in fixture.samples.iter().zip(fixture.measured()) {
        near(measured.boundary_f, sample.boundary_f);
    }
    assert!(fixture.outlines.len() >= 9);
    for outline in &fixture.outlines {
        let masks = [&outline.predicted, &outline.truth, &outline.ignore];
        let masks = masks.map(String::as_str);
        near(measured(outline.size, masks).boundary_f, outline.boundary_f);
    }
    let figure = fixture.summary(Convention::ReasonSeg);
    let figure = figure.get(Measure::BoundaryF).unwrap();
    near(figure.value, fixture.boundary_f);
    assert!(figure.interval.low < figure.value && figure.value < figure.interval.high);
    assert_eq!(figure.questions, 60);
    let scenes = fixture.summary(Convention::Scenes);
    assert_eq!(scenes.get(Measure::BoundaryF).unwrap().questions, 48);
}

#[test]
fn reason_seg_and_its_interval() {
    let fixture = Fixture::open();
    let summary = fixture.summary(Convention::ReasonSeg);
    let giou = summary.get(Measure::GIou).unwrap();
    near(giou.value, fixture.reason_seg.giou);
    near(giou.interval.low, fixture.reason_seg.giou_interval[0]);
    near(giou.interval.high, fixture.reason_seg.giou_interval[1]);
    near(
        summary.get(Measure::CIou).unwrap().value,
        fixture.reason_seg.ciou,
    );
    assert_eq!((summary.questions, summary.pictures), (60, 20));
    assert_eq!(summary.get(Measure::Constraints), None);
}

#[test]
fn scenes_count_questions_with_a_target() {
    let fixture = Fixture::open();
    let summary = fixture.summary(Convention::Scenes);
    near(
        summary.get(Measure::GIou).unwrap().value,
        fixture.scenes.giou,
    );
    near(
        summary.get(Measure::CIou).unwrap().value,
        fixture.scenes.ciou,
    );
    assert_eq!(summary.get(Measure::GIou).unwrap().questions, 48);
}

#[test]
fn questions_without_target_as_grefcoco_counts_them() {
    let fixture = Fixture::open();
    let summary = fixture.summary(Convention::GRefCoco);
    let expected = &fixture.grefcoco;
    for (measure, value) in [
        (Measure::GIou, expected.giou),
        (Measure::CIou, expected.ciou),
        (Measure::NAcc, expected.n_acc),
        (Measure::TAcc, expected.t_acc),
        (Measure::Pr70, expected.pr70),
        (Measure::Pr80, expected.pr80),
        (Measure::Pr90, expected.pr90),
    ] {
        near(summary.get(measure).unwrap().value, value);
    }
}
