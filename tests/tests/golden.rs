//! Every stage against PyTorch and transformers, on the CPU backend.
//! On the GPU: `gpu/golden.rs`; in the browser: `browser/`.

use askmask_core::pipeline::{Object, Prompts};
use askmask_core::{DeviceKind, ImageSize, Mask};
use askmask_tests::golden::{Golden, assert_close, files};

/// Largest |Δ| as a share of a stage's largest value.
const TOLERANCE: f32 = 1e-4;

/// Stages that a recording must have, so that a renamed one cannot slip out of the comparison.
const STAGES: [&str; 29] = [
    "fpn_0",
    "fpn_1",
    "fpn_2",
    "hiera_stage_0",
    "hiera_stage_1",
    "hiera_stage_2",
    "hiera_stage_3",
    "image_tokens",
    "lm_hidden_0",
    "lm_hidden_1",
    "lm_inputs_embeds",
    "pixel_shuffled",
    "pixel_values",
    "sam_image_embedding_0",
    "sam_image_embedding_1",
    "sam_image_embedding_2",
    "sam_pixel_values",
    "seg0_iou",
    "seg0_masks",
    "seg0_object_score",
    "seg0_sparse",
    "seg1_masks",
    "seg1_sparse",
    "seg_embeddings",
    "seg_hidden",
    "step_hidden",
    "step_logits",
    "vit_embeddings",
    "vit_last_hidden",
];

#[test]
fn every_stage_of_the_tiny_model() {
    let golden = Golden::run("sa2va_tiny", DeviceKind::Cpu);
    let rows = golden.rows();
    for stage in STAGES {
        assert!(
            rows.iter().any(|row| row.stage == stage),
            "{stage} is not compared"
        );
    }
    assert_eq!(golden.ious().len(), 2);
    golden.assert_parity(TOLERANCE);
}

#[test]
fn every_stage_of_a_quantized_model() {
    Golden::run("sa2va_tiny_q", DeviceKind::Cpu).assert_parity(TOLERANCE);
}

#[test]
fn one_tile_tied_embeddings_and_resized_positions() {
    Golden::run("sa2va_nano_shape", DeviceKind::Cpu).assert_parity(TOLERANCE);
}

/// The filter itself is compared in `resample.rs`.
#[test]
fn masks_of_words_and_clicks_are_guided_where_the_model_asks_for_it() {
    let fixture = "sa2va_tiny";
    let mut files = files(fixture);
    files.config = files
        .config
        .replacen('{', "{\"mask_upsampling\": \"guided\",", 1);
    let golden = Golden::of(files, (fixture, fixture), DeviceKind::Cpu);
    let sam = &golden.model.config().grounding_encoder;
    let (side, image) = (sam.image_size, golden.picture.image());
    let low = ImageSize {
        height: sam.mask_side(),
        width: sam.mask_side(),
    };
    let assert_guided = |object: &Object| {
        let logits = object.low_res_logits();
        let guided = Mask::from_logits_guided(logits, low, side, image);
        assert_eq!(object.mask, guided);
        let enlarged = Mask::from_logits(logits, low, side, image.size());
        assert_ne!(object.mask, enlarged);
    };
    assert_eq!(golden.answer.objects.len(), 2);
    golden.answer.objects.iter().for_each(assert_guided);
    let clicks = Prompts {
        points: golden.points(),
        bbox: None,
    };
    let (clicked, rows) = golden.refine("points", &clicks, None);
    assert_guided(&clicked);
    // What prompts the decoder again is the same either way.
    assert_close(&rows, TOLERANCE);
}

#[test]
fn clicks_a_box_and_earlier_logits() {
    let golden = Golden::run("sa2va_tiny", DeviceKind::Cpu);
    let points = golden.points();
    let bbox = Some(golden.bbox());
    let clicks = Prompts {
        points: points.clone(),
        bbox: None,
    };
    let (clicked, rows) = golden.refine("points", &clicks, None);
    assert_close(&rows, TOLERANCE);
    assert!(golden.iou(&clicked.mask, "refine_points_mask") >= 0.999);
    let cases = [
        (
            "box",
            Prompts {
                points: vec![],
                bbox,
            },
            None,
        ),
        (
            "box_points",
            Prompts {
                points: points[..2].to_vec(),
                bbox,
            },
            None,
        ),
        (
            "mask",
            Prompts {
                points: points[..1].to_vec(),
                bbox: None,
            },
            Some(&clicked),
        ),
    ];
    for (case, prompts, previous) in cases {
        let (object, rows) = golden.refine(case, &prompts, previous);
        assert_close(&rows, TOLERANCE);
        assert!(
            golden.iou(&object.mask, &format!("refine_{case}_mask")) >= 0.999,
            "{case}"
        );
    }
}

#[test]
fn a_second_question_starts_from_the_picture_alone() {
    let golden = Golden::run("sa2va_tiny", DeviceKind::Cpu);
    let ask = |question| {
        let host = askmask_tests::golden::Recorder::default();
        let answer = pollster::block_on(golden.picture.ask(question, &Default::default(), &host));
        (answer.expect(question), host.stages())
    };
    ask("What else is there, and why is it so far away from everything?");
    let (answer, stages) = ask("Can you please segment the dog in this image?");
    assert_eq!(answer.tokens, golden.answer.tokens);
    assert!(
        !stages.contains_key("image_tokens"),
        "the picture was encoded again"
    );
}
