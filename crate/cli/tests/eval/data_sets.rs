//! `askmask eval` on the field's data sets, in small.

use std::collections::BTreeMap;
use std::fs;

use super::{answers, eval, json_file, measure};
use crate::support::fixture;
use askmask_core::mask::rle::Rle;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Compares the truth that was measured against with that of the data set's own code.
fn check_truth(format: &str, folder: &str, path: &str, more: &[&str]) -> Value {
    let out = TempDir::new().unwrap();
    let mut arguments = vec!["--format", format];
    arguments.extend(more);
    let data = fixture("datasets").join(path);
    let outcome = eval(&data, out.path(), &arguments);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let expected = json_file(&fixture("datasets/expected.json"));
    let answers = answers(out.path());
    let mut compared = 0;
    for (id, truth) in expected[folder].as_object().unwrap() {
        if truth["split"] == "train" {
            assert!(!answers.contains_key(id), "{id}");
            continue;
        }
        let row = &answers[id];
        let decode = |value: &Value| Rle::from_json(&value.to_string()).unwrap().decode();
        let (found, mut wanted) = (decode(&row["mask"]), decode(&truth["truth"]));
        let mut both = found.clone();
        if truth["ignore"].is_object() {
            let ignore = decode(&truth["ignore"]);
            for (index, ignored) in ignore.data.iter().enumerate() {
                wanted.data[index] &= 1 - ignored;
                both.data[index] &= 1 - ignored;
            }
        }
        let predicted = both.area();
        for (value, wanted) in both.data.iter_mut().zip(&wanted.data) {
            *value &= wanted;
        }
        assert_eq!(row["truth"], wanted.area(), "{id}");
        assert_eq!(row["predicted"], predicted, "{id}");
        assert_eq!(row["intersection"], both.area(), "{id}");
        assert_eq!(
            row["union"],
            predicted + wanted.area() - both.area(),
            "{id}"
        );
        compared += 1;
    }
    assert_eq!(answers.len(), compared);
    assert!(compared >= 3, "{compared} questions");
    json_file(&out.path().join("results.json"))
}

#[test]
fn reason_seg_is_read_as_lisa_does() {
    let results = check_truth("reasonseg", "reasonseg", "reasonseg", &[]);
    // Kept, but remarked.
    assert_eq!(results["faults"][0]["code"], "self-crossing");
    assert_eq!(results["left_out"], 0);
}

#[test]
fn refcoco_is_read_from_pickles_of_both_kinds() {
    check_truth("refcoco", "refcoco", "refcoco", &[]);
    check_truth(
        "refcoco",
        "refcocog",
        "refcocog/refs(umd).p",
        &["--splits", "val,testA"],
    );
}

#[test]
fn grefcoco_merges_objects_and_knows_none() {
    let results = check_truth("grefcoco", "grefcoco", "grefcoco", &[]);
    assert!(measure(&results, "no target", "n_acc").is_number());
    assert!(measure(&results, "several targets", "t_acc").is_number());
}

#[test]
fn pickles_are_never_executed() {
    let (data, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let trap = data.path().join("executed");
    let code = format!("cos\nsystem\n(S'touch {}'\ntR.", trap.display());
    fs::write(data.path().join("refs(unc).p"), code).unwrap();
    let outcome = eval(data.path(), out.path(), &["--format", "refcoco"]);
    let line = outcome.refused("file");
    assert!(
        line.contains("forbidden-opcode") && line.contains("GLOBAL"),
        "{line}"
    );
    assert!(!trap.exists());
}

#[test]
fn broken_files_of_reason_seg_are_left_out_one_by_one() {
    let (data, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let val = data.path().join("val");
    fs::create_dir(&val).unwrap();
    let good = fs::read(fixture("datasets/reasonseg/val/b.json")).unwrap();
    let png = fs::read(fixture("datasets/reasonseg/val/b.png")).unwrap();
    let text = String::from_utf8(good.clone()).unwrap();
    for (name, json, picture) in [
        ("good", good.clone(), Some(&png[..])),
        ("lost", good.clone(), None),
        ("torn", good.clone(), Some(&png[..60])),
        (
            "label",
            text.replace("target", "cup").into_bytes(),
            Some(&png),
        ),
        (
            "point",
            text.replace("-6.3", "1e300").into_bytes(),
            Some(&png),
        ),
        (
            "coded",
            [b"\xff\xfe\x81".as_slice(), &good].concat(),
            Some(&png),
        ),
        ("cut", good[..30].to_vec(), Some(&png)),
    ] {
        fs::write(val.join(format!("{name}.json")), json).unwrap();
        if let Some(picture) = picture {
            fs::write(val.join(format!("{name}.png")), picture).unwrap();
        }
    }
    let outcome = eval(data.path(), out.path(), &["--format", "reasonseg"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let results = json_file(&out.path().join("results.json"));
    let faults: BTreeMap<&str, &str> = results["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| (f["file"].as_str().unwrap(), f["code"].as_str().unwrap()))
        .collect();
    let expected = BTreeMap::from([
        ("val/coded.json", "wrong-encoding"),
        ("val/cut.json", "invalid-json"),
        ("val/label.json", "unknown-label"),
        ("val/lost.jpg", "missing-picture"),
        ("val/point.json", "invalid-polygon"),
        ("val/torn.png", "invalid-image"),
    ]);
    assert_eq!(faults, expected);
    assert_eq!(
        (&results["left_out"], &results["questions"]),
        (&json!(6), &json!(1))
    );
}
