//! Resizing against Pillow (pictures), PyTorch (logits) and NumPy (logits guided by a picture).

use askmask_core::SourceImage;
use askmask_core::image::ImageSize;
use askmask_core::image::resample::resize;
use askmask_core::mask::{Mask, guided_rows, resize_bilinear};
use askmask_tests::Tensors;

#[test]
fn bicubic_equals_pillow_in_every_byte() {
    let tensors = Tensors::open("resample.safetensors");
    let mut cases = 0;
    while tensors.has(&format!("case{cases}_input")) {
        let input = tensors.picture(&format!("case{cases}_input"));
        let expected = tensors.picture(&format!("case{cases}_output"));
        assert!(resize(&input, expected.size) == expected, "case {cases}");
        cases += 1;
    }
    assert!(cases >= 10);
}

#[test]
fn bilinear_and_masks_equal_pytorch() {
    let tensors = Tensors::open("interpolate.safetensors");
    let mut cases = 0;
    while tensors.has(&format!("mask{cases}_low")) {
        let name = |part| format!("mask{cases}_{part}");
        let (low, square, picture) = (name("low"), name("square"), name("picture"));
        let logits = tensors.f32(&low);
        let resized = resize_bilinear(&logits, tensors.size(&low), tensors.size(&square));
        assert_close(&resized, &tensors.f32(&square), &square);
        let mask = Mask::from_logits(
            &logits,
            tensors.size(&low),
            tensors.size(&square).width,
            tensors.size(&picture),
        );
        assert_mask(&mask, &tensors.f32(&picture), &picture);
        cases += 1;
    }
    assert!(cases >= 5);
}

#[test]
fn guided_masks_equal_numpy() {
    let tensors = Tensors::open("guided_filter.safetensors");
    let sides = tensors.i64("sides");
    assert!(sides.len() >= 6);
    for (case, side) in sides.into_iter().enumerate() {
        let name = |part| format!("case{case}_{part}");
        let (logits, low) = (name("logits"), tensors.size(&name("logits")));
        let logits = tensors.f32(&logits);
        let picture = SourceImage::from(tensors.picture(&name("picture")));
        let mut guided = Vec::new();
        guided_rows(&logits, low, side as usize, &picture, |row| {
            guided.extend_from_slice(row);
        });
        assert_close(&guided, &tensors.f32(&name("guided")), &name("guided"));
        // The fixture has no pixel nearer to one half than the two may differ.
        let mask = Mask::from_logits_guided(&logits, low, side as usize, &picture);
        assert_eq!(mask.size, picture.size());
        assert!(
            mask.data == tensors.bytes(&name("mask")),
            "{}",
            name("mask")
        );
    }
}

fn assert_close(ours: &[f32], expected: &[f32], name: &str) {
    assert_eq!(ours.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(0_f32, |a, b| a.max(b.abs()));
    let difference = ours
        .iter()
        .zip(expected)
        .fold(0_f32, |worst, (a, b)| worst.max((a - b).abs()));
    assert!(
        difference <= 1e-6 * largest,
        "{name}: {difference} of {largest}"
    );
}

/// Every pixel agrees whose logit is not within rounding of zero.
fn assert_mask(mask: &Mask, logits: &[f32], name: &str) {
    let ImageSize { height, width } = mask.size;
    assert_eq!(logits.len(), height * width, "{name}");
    for (at, (&inside, &logit)) in mask.data.iter().zip(logits).enumerate() {
        assert!(
            logit.abs() < 1e-5 || (inside == 1) == (logit > 0.0),
            "{name} pixel {at}: {logit}"
        );
    }
}
