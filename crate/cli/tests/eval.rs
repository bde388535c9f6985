//! `askmask eval` on small data sets.

mod coco_entries;
mod data_sets;
mod models;
mod reason_seg_names;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{Outcome, QUESTION, askmask, fixture, picture, tiny};
use askmask_core::weights::{InMemory, TensorSource};
use askmask_core::{ImageSize, Mask};
use serde_json::{Value, json};
use tempfile::TempDir;

const SIZE: ImageSize = ImageSize {
    height: 103,
    width: 154,
};

/// Runs `askmask eval` with the tiny model.
fn eval(data: &Path, out: &Path, more: &[&str]) -> Outcome {
    eval_with(&tiny(), data, out, more)
}

fn eval_with(model: &Path, data: &Path, out: &Path, more: &[&str]) -> Outcome {
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let mut arguments = vec!["eval".to_owned(), "--data".into(), text(data)];
    arguments.extend(["--out".into(), text(out), "--model".into(), text(model)]);
    arguments.extend(more.iter().map(|&argument| argument.to_owned()));
    askmask(arguments)
}

fn json_file(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Answers by question; the first line, which is no answer, left out.
fn answers(out: &Path) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(out.join("answers.jsonl")).unwrap();
    let rows = text.lines().skip(1).map(|line| {
        let row: Value = serde_json::from_str(line).unwrap();
        (row["id"].as_str().unwrap().to_owned(), row)
    });
    rows.collect()
}

/// What the tiny model draws for [`QUESTION`], by the reference implementation.
fn reference_mask() -> Mask {
    let bytes = fs::read(fixture("sa2va_tiny/expected.safetensors")).unwrap();
    let tensors = InMemory::new([("expected".to_owned(), bytes)]).unwrap();
    let mask = |name| Mask::new(SIZE, tensors.read(name).unwrap().into_owned()).unwrap();
    mask("seg0_mask").union(&mask("seg1_mask")).unwrap()
}

fn rle(mask: &Mask) -> Value {
    serde_json::from_str(&mask.to_rle_json()).unwrap()
}

fn line(id: &str, family: &str, question: &str, targets: &Value) -> Value {
    json!({
        "id": id, "picture": "seen/0.png", "split": "seen", "family": family,
        "question": question, "size": [103, 154], "targets": targets, "constraints": [],
        "answer": "Sure <b>",
    })
}

/// A folder as benchmark.py writes it, of these questions about the tiny model's picture.
fn scenes(lines: &[String]) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("seen")).unwrap();
    fs::copy(picture(), folder.path().join("seen/0.png")).unwrap();
    fs::write(folder.path().join("questions.jsonl"), lines.join("\n")).unwrap();
    folder
}

fn two_questions() -> Vec<String> {
    let target = json!([{"name": "dog", "mask": rle(&reference_mask())}]);
    vec![
        line("a", "direct", QUESTION, &target).to_string(),
        line("b", "false-premise", "hello", &json!([])).to_string(),
    ]
}

fn measure<'a>(results: &'a Value, family: &str, measure: &str) -> &'a Value {
    let groups = results["groups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["family"] == family);
    &group.unwrap()["measures"][measure]["value"]
}

#[test]
fn scenes_are_measured_and_reported() {
    let (data, out) = (scenes(&two_questions()), TempDir::new().unwrap());
    let outcome = eval(data.path(), out.path(), &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.contains("| seen  | direct "), "{outcome:?}");
    let results = json_file(&out.path().join("results.json"));
    assert!(measure(&results, "direct", "giou").as_f64().unwrap() > 0.999);
    assert_eq!(measure(&results, "direct", "boundary_f"), 1.0);
    assert!(measure(&results, "false-premise", "boundary_f").is_null());
    assert_eq!(
        measure(&results, "false-premise", "false_premise_right"),
        1.0
    );
    assert!(measure(&results, "false-premise", "giou").is_null());
    assert_eq!(results["left_out"], 0);
    for part in ["model", "data", "program"] {
        let hash = results["provenance"][part]["sha256"].as_str().unwrap();
        assert_eq!(hash.len(), 64, "{part}");
    }
    let csv = fs::read_to_string(out.path().join("results.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let cells = |line: usize| csv.lines().nth(line).unwrap().rsplit(',');
    let column = cells(0).position(|name| name == "boundary_f").unwrap();
    assert_eq!(cells(1).nth(column), Some("1.000000"), "{csv}");

    let gallery = out.path().join("gallery");
    let page = fs::read_to_string(gallery.join("index.html")).unwrap();
    assert!(page.contains("Sure &lt;b&gt;") && !page.contains("Sure <b>"));
    assert_eq!(page.matches("<article>").count(), 2);
    let mask = fs::read(gallery.join("masks/0001-true.png")).unwrap();
    let mask = askmask_core::SourceImage::decode(&mask).unwrap().color;
    let inside = mask.data.chunks_exact(3).map(|pixel| pixel[0]);
    let expected = reference_mask().data;
    assert!(inside.eq(expected.iter().map(|&value| value * 255)));
    assert_eq!(
        fs::read(gallery.join("pictures/0000.png")).unwrap(),
        fs::read(picture()).unwrap()
    );
}

#[test]
fn an_earlier_gallery_does_not_stay() {
    let (data, out) = (scenes(&two_questions()), TempDir::new().unwrap());
    let masks = out.path().join("gallery/masks");
    fs::create_dir_all(&masks).unwrap();
    for name in ["0099-true.png", "mine.png"] {
        fs::write(masks.join(name), "earlier").unwrap();
    }
    assert_eq!(eval(data.path(), out.path(), &[]).code, Some(0));
    assert!(!masks.join("0099-true.png").exists());
    assert!(masks.join("mine.png").exists() && masks.join("0001-true.png").exists());
}

#[test]
fn an_interrupted_run_goes_on_and_a_changed_one_does_not() {
    let (data, out) = (scenes(&two_questions()), TempDir::new().unwrap());
    assert_eq!(eval(data.path(), out.path(), &[]).code, Some(0));
    let log = out.path().join("answers.jsonl");
    let whole = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    assert_eq!(lines.len(), 3);
    // As if the power had gone in the middle of the second answer. The first is marked, to show
    // that it is not asked again.
    let marked = lines[1].replace("Sure, it is", "Kept, it is");
    assert_ne!(marked, lines[1]);
    let half = &lines[2][..lines[2].len() / 2];
    fs::write(&log, format!("{}\n{marked}\n{half}", lines[0])).unwrap();
    assert_eq!(eval(data.path(), out.path(), &[]).code, Some(0));
    let resumed = fs::read_to_string(&log).unwrap();
    assert_eq!(resumed.lines().count(), 3);
    assert_eq!(resumed.lines().nth(1), Some(marked.as_str()));
    assert_eq!(
        answers(out.path())["b"]["answer"],
        serde_json::from_str::<Value>(lines[2]).unwrap()["answer"]
    );

    for (more, named) in [
        (&["--blind"][..], "a setting changed"),
        (&["--limit", "1"], "a setting changed"),
    ] {
        let outcome = eval(data.path(), out.path(), more);
        assert!(outcome.refused("file").contains(named), "{outcome:?}");
    }
    let other = fixture("sa2va_tiny_q");
    let outcome = eval_with(&other, data.path(), out.path(), &[]);
    assert!(
        outcome.refused("file").contains("the model changed"),
        "{outcome:?}"
    );
    fs::copy(
        fixture("scenes/seen/0000.png"),
        data.path().join("seen/0.png"),
    )
    .unwrap();
    let outcome = eval(data.path(), out.path(), &[]);
    assert!(
        outcome.refused("file").contains("the data changed"),
        "{outcome:?}"
    );
    assert_eq!(fs::read_to_string(&log).unwrap(), resumed);
}

#[test]
fn baselines_do_not_see_the_picture() {
    let (data, out) = (scenes(&two_questions()), TempDir::new().unwrap());
    let outcome = eval(data.path(), &out.path().join("blind"), &["--blind"]);
    assert!(outcome.stdout.contains("a baseline"), "{outcome:?}");
    let results = json_file(&out.path().join("blind/results.json"));
    assert_eq!(results["provenance"]["settings"]["picture"], "grey");
    assert!(measure(&results, "direct", "giou").as_f64().unwrap() < 0.999);
    // There is no other picture.
    let shuffled = eval(data.path(), &out.path().join("shuffled"), &["--shuffled"]);
    assert!(
        shuffled.refused("file").contains("nothing-to-shuffle"),
        "{shuffled:?}"
    );
}

#[test]
fn what_is_broken_is_named_and_left_out() {
    let mut lines = two_questions();
    let changed = |id: &str, change: &dyn Fn(&mut Value)| {
        let mut value: Value = serde_json::from_str(&two_questions()[0]).unwrap();
        value["id"] = id.into();
        change(&mut value);
        value.to_string()
    };
    let broken: [(&str, String); 8] = [
        (
            "missing-picture",
            changed("c", &|v| v["picture"] = "seen/1.png".into()),
        ),
        (
            "outside-folder",
            changed("d", &|v| v["picture"] = "../x.png".into()),
        ),
        (
            "unknown-label",
            changed("e", &|v| {
                v["constraints"] = json!([{"relation": "inside", "anchor": null, "among": []}]);
            }),
        ),
        ("wrong-size", changed("f", &|v| v["size"] = json!([10, 10]))),
        (
            "invalid-json",
            changed("g", &|v| v["targets"][0]["mask"]["counts"] = "~".into()),
        ),
        ("invalid-json", lines[0][..40].to_owned()),
        (
            "invalid-query",
            changed("h", &|v| v["question"] = " ".into()),
        ),
        ("repeated-question", lines[0].clone()),
    ];
    lines.extend(broken.iter().map(|(_, line)| line.clone()));
    let (data, out) = (scenes(&lines), TempDir::new().unwrap());
    let outcome = eval(data.path(), out.path(), &[]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let results = json_file(&out.path().join("results.json"));
    let mut found: Vec<&str> = results["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["code"].as_str().unwrap())
        .collect();
    let mut expected: Vec<&str> = broken.iter().map(|(code, _)| *code).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(results["left_out"], 8);
    assert_eq!(results["questions"], 2);
    assert!(
        outcome
            .stdout
            .contains("questions.jsonl:4: [outside-folder]"),
        "{outcome:?}"
    );
}

#[test]
fn unknown_names_are_refused_with_the_known_ones() {
    let (data, out) = (scenes(&two_questions()), TempDir::new().unwrap());
    let outcome = eval(data.path(), out.path(), &["--families", "direct,color"]);
    let line = outcome.refused("file");
    assert!(line.contains("direct, false-premise"), "{line}");
}
