//! What the commands print and write.

use std::fs;

use crate::support::{Outcome, QUESTION, ask, askmask, fixture, picture, tiny};
use askmask_core::SourceImage;
use serde_json::Value;
use tempfile::TempDir;

/// Width and height from a PNG's header; what the pixels are is tested where they are made.
fn png_size(bytes: &[u8]) -> (u32, u32) {
    assert_eq!(&bytes[..8], b"\x89PNG\r\n\x1a\n");
    let number = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// Asks the tiny model about its picture.
fn ask_tiny(more: &[&str]) -> Outcome {
    let paths = [picture(), tiny()];
    let [picture, model] = [0, 1].map(|i| paths[i].to_str().unwrap());
    let words = ["ask", picture, "--model", model];
    askmask(words.into_iter().chain(more.iter().copied()))
}

#[test]
fn ask_writes_the_answer_and_every_picture() {
    let folder = TempDir::new().unwrap();
    let out = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let outcome = ask_tiny(&[
        QUESTION,
        "--mask",
        &out("mask.png"),
        "--masks",
        &out("masks"),
        "--overlay",
        &out("overlay.png"),
        "--cutout",
        &out("cutout.png"),
    ]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("Sure, it is"), "{outcome:?}");
    assert!(outcome.stderr.is_empty(), "{outcome:?}");
    for name in [
        "mask.png",
        "masks/mask-1.png",
        "masks/mask-2.png",
        "overlay.png",
        "cutout.png",
    ] {
        assert_eq!(
            png_size(&fs::read(out(name)).unwrap()),
            (154, 103),
            "{name}"
        );
    }
}

/// The bytes of one tensor that the reference implementation computed.
fn reference(name: &str) -> Vec<u8> {
    let bytes = fs::read(fixture("sa2va_tiny/expected.safetensors")).unwrap();
    let (length, rest) = bytes.split_first_chunk::<8>().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header: Value = serde_json::from_slice(header).unwrap();
    let offset = |i: usize| header[name]["data_offsets"][i].as_u64().unwrap() as usize;
    data[offset(0)..offset(1)].to_vec()
}

#[test]
fn the_mask_is_black_and_white_and_the_references_union() {
    let folder = TempDir::new().unwrap();
    let mask = folder.path().join("mask.png");
    let outcome = ask_tiny(&[QUESTION, "--mask", mask.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let image = SourceImage::decode(&fs::read(mask).unwrap()).unwrap().color;
    assert_eq!((image.size.width, image.size.height), (154, 103));
    assert!(image.data.iter().all(|&value| value == 0 || value == 255));
    let ours = image.data.chunks_exact(3).map(|pixel| pixel[0] == 255);
    let (first, second) = (reference("seg0_mask"), reference("seg1_mask"));
    let theirs = first.iter().zip(&second).map(|(a, b)| a | b != 0);
    let pairs: Vec<(bool, bool)> = ours.zip(theirs).collect();
    assert_eq!(pairs.len(), 154 * 103);
    let both = pairs.iter().filter(|(a, b)| *a && *b).count();
    let either = pairs.iter().filter(|(a, b)| *a || *b).count();
    assert!(both as f32 >= 0.999 * either as f32, "{both} of {either}");
}

#[test]
fn json_holds_objects_and_timings() {
    let found = ask(&tiny(), &picture(), QUESTION).json();
    let objects = found["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 2);
    for object in objects {
        for key in ["score", "object_score", "area"] {
            assert!(object[key].is_number(), "{key}: {object}");
        }
        assert!(object["rle"]["counts"].is_string(), "{object}");
    }
    let stages: Vec<&str> = found["timings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|timing| timing["stage"].as_str().unwrap())
        .collect();
    assert_eq!(stages, ["load", "encode-image", "think", "mask"]);
}

#[test]
fn json_has_the_text_for_people_and_the_marked_one() {
    let found = ask(&tiny(), &picture(), QUESTION).json();
    let [text, marked] = ["text", "marked"].map(|key| found[key].as_str().unwrap());
    assert!(text.starts_with("Sure, it is"), "{text}");
    assert!(!text.contains("[SEG]"), "{text}");
    assert_eq!(marked.matches("[SEG]").count(), 2, "{marked}");
    let words = |text: &str| {
        text.replace("[SEG]", " ")
            .split_whitespace()
            .collect::<String>()
    };
    assert_eq!(words(marked), words(text));
}

#[test]
fn json_has_the_keys_of_coco() {
    let found = ask(&tiny(), &picture(), QUESTION).json();
    for object in found["objects"].as_array().unwrap() {
        let numbers = |key: &str| -> Vec<f64> {
            let list = object[key].as_array().unwrap().iter();
            list.map(|number| number.as_f64().unwrap()).collect()
        };
        let (corners, sides) = (numbers("box"), numbers("bbox"));
        assert_eq!(corners[..2], sides[..2]);
        assert_eq!(corners[2] - corners[0], sides[2]);
        assert_eq!(corners[3] - corners[1], sides[3]);
        assert_eq!(object["segmentation"], object["rle"]);
        assert!(object["area"].as_u64().unwrap() > 0);
    }
}

#[test]
fn a_box_alone_draws_one_target() {
    let outcome = ask_tiny(&[
        "--json",
        "--box=10,10,100,90",
        "--points=50,50,+",
        "--points=3,3,-",
    ]);
    assert_eq!(outcome.json()["objects"].as_array().unwrap().len(), 1);
}

#[test]
fn clicks_alone_draw_one_target() {
    let outcome = ask_tiny(&["--json", "--points", "50,50,+", "3,3,-"]);
    let found = outcome.json();
    assert_eq!(found["objects"].as_array().unwrap().len(), 1, "{found}");
    assert_eq!((&found["text"], &found["marked"]), (&"".into(), &"".into()));
}

#[test]
fn nothing_found_is_said_and_writes_no_file() {
    let folder = TempDir::new().unwrap();
    let mask = folder.path().join("mask.png");
    let outcome = ask_tiny(&["hello", "--mask", mask.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(
        outcome.stdout.contains("nothing found, no mask written"),
        "{outcome:?}"
    );
    assert!(!mask.exists());
}

#[test]
fn without_a_folder_the_embedded_model_answers() {
    let scene = fixture("../../web/public/samples/street.webp");
    let outcome = askmask([
        "ask",
        scene.to_str().unwrap(),
        "Where is the truck?",
        "--json",
    ]);
    let found = outcome.json();
    assert!(!found["text"].as_str().unwrap().is_empty(), "{found}");
}

#[test]
fn inspect_lists_every_part() {
    let outcome = askmask(["inspect", tiny().to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    for part in [
        "vision_model",
        "mlp1",
        "language_model.model.layers",
        "text_hidden_fcs",
        "image_encoder",
        "sam_prompt_encoder",
        "sam_mask_decoder",
    ] {
        let listed = outcome.stdout.lines().any(|line| line.starts_with(part));
        assert!(listed, "{part}: {outcome:?}");
    }
}

/// An answer that nobody can read is no success.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_told() {
    use std::process::{Command, Stdio};
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_askmask"))
        .args(["inspect", tiny().to_str().unwrap()])
        .stdout(Stdio::from(full))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with("error[file]: standard output"), "{line}");
}

#[test]
fn wrong_words_are_told_on_one_line() {
    let picture = picture();
    let picture = picture.to_str().unwrap();
    for (words, part) in [
        (vec!["ask"], "required arguments"),
        (vec!["ask", picture, "-5 apples?"], "-- -5"),
        (vec!["ask", picture, "--box", "7,5,4,3"], "empty box"),
        (vec!["ask", picture, "--points", "5,4"], "X,Y,+"),
        (
            vec!["ask", picture, "What?", "--tiles", "2"],
            "possible values",
        ),
        (vec!["answer"], "unrecognized subcommand"),
    ] {
        let outcome = askmask(words);
        assert!(outcome.refused("usage").contains(part), "{outcome:?}");
    }
    assert_eq!(askmask(["ask", "--help"]).code, Some(0));
}
