//! ReasonSeg's files as they are in the wild: names with dots and capitals, byte order marks,
//! labelme's shapes.

use std::fs;
use std::path::Path;

use super::{answers, eval, json_file};
use crate::support::{fixture, picture};
use serde_json::{Value, json};
use tempfile::TempDir;

/// 40 × 30 pixels with the outline.
fn square() -> Value {
    json!([[20, 20], [59, 20], [59, 49], [20, 49]])
}

fn entry() -> Value {
    json!({"text": ["the cup"], "is_sentence": false,
        "shapes": [{"label": "target", "points": square(), "shape_type": "polygon"}]})
}

/// A file's name before the suffix, and what makes it odd.
type Odd = (&'static str, &'static dyn Fn(&mut Value));
/// Pictures with the pixels of their truth.
type Asked = Vec<(String, u64)>;
/// Files with the reason's code.
type LeftOut = Vec<(String, String)>;

/// Measures a folder.
fn measured(folder: &Path) -> (Asked, LeftOut) {
    let out = TempDir::new().unwrap();
    let outcome = eval(folder, out.path(), &["--format", "reasonseg"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let asked = answers(out.path()).into_iter();
    let asked = asked.map(|(id, row)| (id, row["truth"].as_u64().unwrap()));
    let results = json_file(&out.path().join("results.json"));
    let faults = results["faults"].as_array().unwrap().iter().map(|fault| {
        let text = |key: &str| fault[key].as_str().unwrap().to_owned();
        (text("file"), text("code"))
    });
    let mut faults: Vec<_> = faults.collect();
    faults.sort();
    (asked.collect(), faults)
}

fn folder() -> TempDir {
    let data = TempDir::new().unwrap();
    fs::create_dir(data.path().join("val")).unwrap();
    data
}

#[test]
fn a_picture_is_never_taken_for_another_of_a_similar_name() {
    let data = folder();
    let val = data.path().join("val");
    let add = |json: &str, picture: &str, from: &Path| {
        fs::write(val.join(json), entry().to_string()).unwrap();
        fs::copy(from, val.join(picture)).unwrap();
    };
    for (json, name) in [
        ("2004.01.12_12.48.04.json", "2004.01.12_12.48.04.png"),
        ("IMG.2024.json", "IMG.2024.png"),
        ("UPPER.JSON", "UPPER.PNG"),
        ("both.json", "both.png"),
        ("both.json", "both.PNG"),
        ("caf\u{e9}.json", "caf\u{e9}.jpeg"),
        // Accents as characters of their own, as macOS writes them.
        ("a\u{308}.json", "\u{e4}.png"),
        ("\u{f6}.json", "o\u{308}.png"),
        // Two files that are told apart.
        ("u\u{308}.json", "u\u{308}.png"),
    ] {
        add(json, name, &picture());
    }
    // One of another size, which the name without its dots would find.
    let other = fixture("scenes/seen/0000.png");
    add("IMG.json", "IMG.png", &other);
    add("\u{fc}.json", "\u{fc}.png", &other);
    fs::copy(&other, val.join("lost.png")).unwrap();
    fs::write(val.join("lost.2024.json"), entry().to_string()).unwrap();
    let (asked, left_out) = measured(data.path());
    let names: Vec<&str> = asked.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "val/2004.01.12_12.48.04.png",
        "val/IMG.2024.png",
        "val/IMG.png",
        "val/UPPER.PNG",
        "val/both.png",
        "val/caf\u{e9}.jpeg",
        "val/o\u{308}.png",
        "val/u\u{308}.png",
        "val/\u{e4}.png",
        "val/\u{fc}.png",
    ];
    assert_eq!(names, expected);
    assert!(asked.iter().all(|(_, truth)| *truth == 1200), "{asked:?}");
    let missing = ("val/lost.2024.jpg".into(), "missing-picture".into());
    assert_eq!(left_out, [missing]);
}

#[test]
fn files_are_read_as_python_reads_them() {
    let data = folder();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut value = entry();
        change(&mut value);
        value.to_string()
    };
    let sound = entry().to_string();
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        ("mark", format!("\u{feff}{sound}").into()),
        ("lines", sound.replace(',', ",\r\n").into()),
        (
            "beyond",
            sound.replacen('{', "{\"score\": -1e999,", 1).into(),
        ),
        ("half", sound.replace("cup", "cup \\ud83d").into()),
        ("twice", sound.replacen('{', "{\"text\": 7,", 1).into()),
        ("nan", sound.replacen('{', "{\"score\": NaN,", 1).into()),
    ];
    let values: [Odd; 9] = [
        ("number", &|v| v["is_sentence"] = json!(1)),
        ("null", &|v| v["is_sentence"] = json!(null)),
        ("label", &|v| v["shapes"][0]["label"] = "Target ".into()),
        ("untyped", &|v| v["shapes"][0]["shape_type"] = json!(null)),
        ("second", &|v| v["text"] = json!(["the cup", 7])),
        ("corners", &|v| {
            v["shapes"][0]["shape_type"] = "rectangle".into();
            v["shapes"][0]["points"] = json!([[59, 49], [20, 20]]);
        }),
        ("turned", &|v| {
            v["shapes"][0]["shape_type"] = "oriented_rectangle".into();
        }),
        ("flag", &|v| {
            let flag = json!({"label": "flag", "points": null, "shape_type": "circle"});
            v["shapes"].as_array_mut().unwrap().push(flag);
        }),
        ("group", &|v| v["shapes"][0]["group_id"] = json!(3)),
    ];
    files.extend(values.map(|(name, change)| (name, changed(change).into())));
    let val = data.path().join("val");
    for (name, bytes) in &files {
        fs::write(val.join(format!("{name}.json")), bytes).unwrap();
        fs::copy(picture(), val.join(format!("{name}.png"))).unwrap();
    }
    let (asked, left_out) = measured(data.path());
    assert_eq!(left_out, []);
    assert_eq!(asked.len(), files.len());
    assert!(asked.iter().all(|(_, truth)| *truth == 1200), "{asked:?}");
}

#[test]
fn what_cannot_be_read_is_left_out_by_name() {
    let data = folder();
    let val = data.path().join("val");
    let utf_16: Vec<u8> = entry()
        .to_string()
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    fs::write(val.join("utf16.json"), [b"\xff\xfe", &utf_16[..]].concat()).unwrap();
    fs::write(val.join("sound.json"), entry().to_string()).unwrap();
    let values: [Odd; 6] = [
        ("line", &|v| {
            v["shapes"][0]["shape_type"] = "line".into();
        }),
        ("empty", &|v| v["shapes"] = json!([])),
        ("spaces", &|v| v["text"] = json!(["  "])),
        ("string", &|v| v["text"] = "the cup".into()),
        ("words", &|v| v["is_sentence"] = "no".into()),
        ("point", &|v| v["shapes"][0]["points"][1][0] = json!(null)),
    ];
    for (name, change) in values {
        let mut value = entry();
        change(&mut value);
        fs::write(val.join(format!("{name}.json")), value.to_string()).unwrap();
    }
    for name in ["utf16", "sound"]
        .into_iter()
        .chain(values.map(|(name, _)| name))
    {
        fs::copy(picture(), val.join(format!("{name}.png"))).unwrap();
    }
    let (asked, left_out) = measured(data.path());
    assert_eq!(asked, [("val/sound.png".to_owned(), 1200)]);
    let expected = [
        ("val/empty.json", "no-target"),
        ("val/line.json", "unknown-shape"),
        ("val/point.json", "invalid-polygon"),
        ("val/spaces.json", "invalid-query"),
        ("val/string.json", "invalid-json"),
        ("val/utf16.json", "wrong-encoding"),
        ("val/words.json", "invalid-json"),
    ];
    let expected = expected.map(|(file, code)| (file.to_owned(), code.to_owned()));
    assert_eq!(left_out, expected);
}
