//! Entries of COCO's files as they are in the wild: read as Python reads them, or left out alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{answers, eval, json_file};
use crate::support::picture;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Stands for NaN, which JSON does not know but Python writes.
const NAN: &str = "not a number";
/// Stands for a number beyond all floats, which Python reads as infinity.
const BEYOND: &str = "beyond";
/// Stands for half a character, which Python writes and reads.
const HALF: &str = "half a character";

struct Outcome {
    /// Pixels of the truth by question.
    asked: BTreeMap<String, u64>,
    /// Code and place of what was left out.
    left_out: Vec<(String, String)>,
}

/// Measures a data set of two questions after a change to it.
fn measured(change: impl FnOnce(&mut Value, &mut Value)) -> Outcome {
    measured_with(change, |_| ())
}

/// The same with a change to the folder as well.
fn measured_with(
    change: impl FnOnce(&mut Value, &mut Value),
    move_files: impl FnOnce(&Path),
) -> Outcome {
    let (data, out) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let image =
        |id: i64| json!({"id": id, "file_name": format!("{id}.png"), "height": 103, "width": 154});
    let annotation = |id: i64, image: i64, right: f64| {
        json!({"id": id, "image_id": image, "iscrowd": 0, "area": 1200.0, "segmentation":
            [[20.0, 20.0, right, 20.0, right, 50.0, 20.0, 50.0]]})
    };
    let reference = |id: i64, annotation: i64| {
        json!({"ref_id": id, "image_id": id, "ann_id": annotation, "split": "val",
            "sentences": [{"sent_id": 0, "sent": "left cup"}]})
    };
    let mut instances = json!({"images": [image(1), image(2)],
        "annotations": [annotation(10, 1, 60.0), annotation(20, 2, 40.0)]});
    let mut references = json!([reference(1, 10), reference(2, 20)]);
    change(&mut instances, &mut references);
    let write = |name: &str, value: &Value| {
        let text = value.to_string().replace(HALF, "\\ud800");
        let text = text.replace(&format!("\"{NAN}\""), "NaN");
        let text = text.replace(&format!("\"{BEYOND}\""), "1e999");
        fs::write(data.path().join(name), format!("\u{feff}{text}")).unwrap();
    };
    write("instances.json", &instances);
    write("refs.json", &references);
    for name in ["1.png", "2.png"] {
        fs::copy(picture(), data.path().join(name)).unwrap();
    }
    move_files(data.path());
    let references = data.path().join("refs.json");
    let outcome = eval(&references, out.path(), &["--format", "refcoco"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let asked = answers(out.path());
    let faults = json_file(&out.path().join("results.json"));
    let faults = faults["faults"].as_array().unwrap().iter().map(|fault| {
        let text = |key: &str| fault[key].as_str().unwrap().to_owned();
        (text("code"), text("file"))
    });
    Outcome {
        asked: asked
            .into_iter()
            .map(|(id, row)| (id, row["truth"].as_u64().unwrap()))
            .collect(),
        left_out: faults.collect(),
    }
}

/// Both questions must be asked, and nothing be said.
fn check_read(name: &str, change: impl FnOnce(&mut Value, &mut Value)) {
    let Outcome { asked, left_out } = measured(change);
    let expected = BTreeMap::from([("1#0".into(), 1200), ("2#0".into(), 600)]);
    assert_eq!(asked, expected, "{name}");
    assert_eq!(left_out, [], "{name}");
}

/// The first question must be asked, the second be left out with that code.
fn check_left_out(code: &str, change: impl FnOnce(&mut Value, &mut Value)) {
    let Outcome { asked, left_out } = measured(change);
    assert_eq!(asked, BTreeMap::from([("1#0".into(), 1200)]), "{code}");
    let [(found, place)] = left_out.as_slice() else {
        panic!("{left_out:?}")
    };
    assert_eq!(found, code);
    // A reference by its number, or what cannot be drawn by the question's.
    assert!(
        ["refs.json ref 2", "refs.json ref 2 sentence 0", "2#0"].contains(&place.as_str()),
        "{place}"
    );
}

#[test]
fn numbers_count_however_they_are_written() {
    check_read("floats for ids", |instances, references| {
        for annotation in instances["annotations"].as_array_mut().unwrap() {
            for key in ["id", "image_id"] {
                annotation[key] = annotation[key].as_f64().into();
            }
        }
        references[0]["ann_id"] = json!([10.0]);
        references[1]["image_id"] = json!(2.0);
    });
    check_read("floats for sizes", |instances, _| {
        instances["images"][1]["height"] = json!(103.0);
        instances["images"][1]["width"] = json!(154.0);
    });
    check_read("floats in run lengths", |instances, _| {
        let counts = [103.0, 600.0, 103.0 * 154.0 - 703.0];
        let outline = json!({"size": [103.0, 154], "counts": counts});
        instances["annotations"][1]["segmentation"] = outline;
    });
}

#[test]
fn a_crowd_may_be_a_boolean_null_or_missing() {
    for value in [json!(false), json!(null), json!(1), json!(0.0)] {
        check_read("iscrowd", |instances, _| {
            instances["annotations"][1]["iscrowd"] = value;
        });
    }
    check_read("no iscrowd", |instances, _| {
        let annotation = instances["annotations"][1].as_object_mut().unwrap();
        annotation.remove("iscrowd");
    });
}

#[test]
fn fields_that_no_mask_is_made_of_matter_to_nobody() {
    for (key, value) in [
        ("area", json!(NAN)),
        ("area", json!(BEYOND)),
        ("area", json!("600")),
        ("bbox", json!(null)),
        ("category_id", json!(HALF)),
    ] {
        check_read(key, |instances, _| instances["annotations"][1][key] = value);
    }
}

#[test]
fn an_id_may_be_negative_or_large() {
    for id in [-7, i64::MAX, i64::MIN] {
        check_read("id", |instances, references| {
            instances["annotations"][1]["id"] = json!(id);
            references[1]["ann_id"] = json!(id);
        });
    }
}

#[test]
fn two_entries_may_be_of_one_picture() {
    check_read("file_name", |instances, _| {
        instances["images"][1]["file_name"] = "1.png".into();
    });
}

#[test]
fn a_picture_is_found_in_any_form_of_its_name() {
    let rename = |data: &Path, name: &str| {
        fs::create_dir_all(data.join(name).parent().unwrap()).unwrap();
        fs::rename(data.join("2.png"), data.join(name)).unwrap();
    };
    for (file_name, on_disk) in [
        // Accents as characters of their own, as macOS writes them, and the other way.
        ("caf\u{e9} \u{fc}.png", "cafe\u{301} u\u{308}.png"),
        ("cafe\u{301}.png", "caf\u{e9}.png"),
        ("new\\old\\2.png", "new/old/2.png"),
        ("new\\2.png", "new\\2.png"),
    ] {
        let Outcome { asked, left_out } = measured_with(
            |instances, _| instances["images"][1]["file_name"] = file_name.into(),
            |data| rename(data, on_disk),
        );
        assert_eq!((asked.len(), left_out), (2, vec![]), "{file_name}");
    }
    // Another picture, and one outside.
    for (file_name, code) in [
        ("cafe.png", "missing-picture"),
        ("..\\2.png", "outside-folder"),
    ] {
        let Outcome { asked, left_out } = measured_with(
            |instances, _| instances["images"][1]["file_name"] = file_name.into(),
            |data| rename(data, "caf\u{e9}.png"),
        );
        assert_eq!(asked.len(), 1, "{file_name}");
        assert_eq!(left_out[0].0, code);
    }
}

#[test]
fn entries_that_nobody_asks_about_may_be_odd() {
    let images = [
        json!({"id": 3, "file_name": "x.jpg"}),
        json!({"id": 3, "file_name": "x.jpg", "height": -1, "width": -1}),
        json!({"file_name": null}),
        json!({"id": 3, "file_name": HALF}),
        json!({"id": BEYOND}),
        json!(null),
    ];
    for image in images {
        check_read("image", |instances, _| {
            instances["images"].as_array_mut().unwrap().push(image);
        });
    }
    let annotations = [
        json!({"image_id": 2}),
        json!({"id": 77, "segmentation": "?"}),
        json!({"id": 908_400_416_500.0, "image_id": 2, "segmentation": {"counts": [1]}}),
        json!({"id": "77", "image_id": {}, "iscrowd": "no"}),
        json!("annotation"),
        json!({"id": 77, "image_id": 2, "area": BEYOND, "segmentation": [[BEYOND]]}),
        json!({"id": 77, "image_id": 2, "segmentation": {"counts": HALF}}),
        json!({"id": 1e300, "image_id": u64::MAX, "segmentation": []}),
    ];
    for annotation in annotations {
        check_read("annotation", |instances, _| {
            let list = instances["annotations"].as_array_mut().unwrap();
            list.push(annotation);
        });
    }
}

#[test]
fn an_odd_entry_is_left_out_alone() {
    for (key, value) in [
        ("height", json!(null)),
        ("width", json!(-1)),
        ("height", json!(10.5)),
        ("file_name", json!(7)),
    ] {
        check_left_out("invalid-entry", |instances, _| {
            instances["images"][1][key] = value;
        });
    }
    for (key, value) in [("image_id", json!(null)), ("iscrowd", json!("no"))] {
        check_left_out("invalid-entry", |instances, _| {
            instances["annotations"][1][key] = value;
        });
    }
    check_left_out("missing-annotation", |instances, _| {
        instances["annotations"][1]["id"] = json!(null);
    });
    check_left_out("invalid-entry", |_, references| {
        references[1]["sentences"][0] = json!({"sent": "cup"});
    });
    for coordinate in [NAN, BEYOND, HALF] {
        check_left_out("invalid-polygon", |instances, _| {
            instances["annotations"][1]["segmentation"][0][3] = coordinate.into();
        });
    }
    for outline in [json!([]), json!([[]]), json!(null)] {
        check_left_out("invalid-polygon", |instances, _| {
            instances["annotations"][1]["segmentation"] = outline;
        });
    }
    let Outcome { asked, left_out } = measured(|instances, _| {
        instances["images"][1]["file_name"] = HALF.into();
    });
    let missing = ("missing-picture".into(), "\u{fffd}".into());
    assert_eq!((asked.len(), left_out), (1, vec![missing]));
}

#[test]
fn a_sentence_of_spaces_is_not_asked() {
    let Outcome { asked, left_out } = measured(|_, references| {
        let sentences = references[1]["sentences"].as_array_mut().unwrap();
        sentences.push(json!({"sent_id": 1, "sent": " \t"}));
    });
    assert_eq!(asked.len(), 2);
    let expected = ("invalid-query".into(), "refs.json sentence 2#1".into());
    assert_eq!(left_out, [expected]);
}
