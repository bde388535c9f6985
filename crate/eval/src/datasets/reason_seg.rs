//! ReasonSeg as LISA's code reads it.
//!
//! Beside each picture lies a JSON file of the same name, with polygons and wordings of which
//! only the first counts. Source: `get_mask_from_json` in [`utils/data_processing.py`][data] of
//! LISA, and the prompts of [`utils/dataset.py`][prompts].
//!
//! [data]: https://github.com/dvlab-research/LISA/blob/main/utils/data_processing.py
//! [prompts]: https://github.com/dvlab-research/LISA/blob/main/utils/dataset.py

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use askmask_core::language::tokenizer::validate_question;
use serde::Deserialize;
use serde_json::Value;

use super::dataset::same_name;
use super::problem::shown;
use super::target::Form;
use super::{Dataset, Problem, Question, Selection, Target, json, labelme};
use crate::file;

const SPLITS: [&str; 3] = ["val", "test", "train"];
const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

#[derive(Deserialize)]
struct File {
    /// Only the first has to be a text.
    text: Vec<Value>,
    #[serde(deserialize_with = "json::read_truth")]
    is_sentence: bool,
    shapes: Vec<labelme::Shape>,
}

/// Reads the folders of all splits, or the one split that `folder` is.
pub fn read(
    folder: &Path,
    pictures: Option<&Path>,
    selection: &Selection,
) -> Result<Dataset, Problem> {
    let mut data = Dataset::default();
    let mut splits: Vec<PathBuf> = SPLITS.iter().map(|split| folder.join(split)).collect();
    splits.retain(|split| split.is_dir());
    if splits.is_empty() {
        splits.push(folder.to_owned());
    }
    for split in &splits {
        let name = split.file_name().map(|name| name.to_string_lossy());
        let name = name.unwrap_or("all".into()).into_owned();
        data.splits.insert(name.clone());
        if !selection.has_split(&name) {
            continue;
        }
        let beside = match pictures {
            Some(pictures) if split == folder => pictures.to_owned(),
            Some(pictures) => pictures.join(&name),
            None => split.to_owned(),
        };
        let pictures = Pictures::of(&beside);
        for path in annotations(split)? {
            let stem = path.file_stem().unwrap_or_default();
            // The name that is reported as missing where there is none.
            let missing = || beside.join(with_suffix(stem, PICTURES[0]));
            let picture = pictures.find(stem).unwrap_or_else(missing);
            if let Err(problem) = add(&mut data, folder, &name, &path, picture) {
                data.faults.push(problem.at(shown(&path, folder), 1));
            }
            // What is no file was left out just now.
            if path.is_file() {
                data.files.push(path);
            }
        }
    }
    if data.files.is_empty() && data.splits.iter().any(|name| selection.has_split(name)) {
        return Err(Problem::new(
            "unreadable-file",
            format!("{} has no JSON files", folder.display()),
        ));
    }
    Ok(data)
}

/// All JSON files of a folder, by name.
fn annotations(folder: &Path) -> Result<Vec<PathBuf>, Problem> {
    let failed =
        |e: std::io::Error| Problem::new("unreadable-file", format!("{}: {e}", folder.display()));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("json"))
        {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// All pictures of a folder by their whole names before the suffix, in which there may be dots.
struct Pictures(HashMap<OsString, PathBuf>);

impl Pictures {
    fn of(folder: &Path) -> Self {
        let mut found: Vec<(usize, bool, PathBuf)> = Vec::new();
        // Where there is no such folder, every picture is missing.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let rank = path.extension().and_then(|extension| {
                let same = |known: &&str| extension.eq_ignore_ascii_case(known);
                PICTURES.iter().position(same)
            });
            if let Some(rank) = rank.filter(|_| path.is_file()) {
                let capitals = path.extension() != Some(OsStr::new(PICTURES[rank]));
                found.push((rank, capitals, path));
            }
        }
        found.sort();
        // The last one stays, which is the first in order.
        let by_stem =
            |(_, _, path): (usize, bool, PathBuf)| Some((path.file_stem()?.to_owned(), path));
        Self(found.into_iter().rev().filter_map(by_stem).collect())
    }

    /// The one of that name, or of the same in another form of Unicode: disks and archives of
    /// macOS write accents as characters of their own.
    fn find(&self, stem: &OsStr) -> Option<PathBuf> {
        let same = || {
            let mut same = self.0.iter().filter(|(other, _)| same_name(other, stem));
            same.next().filter(|_| same.next().is_none())
        };
        let exact = self.0.get(stem);
        exact.or_else(|| Some(same()?.1)).cloned()
    }
}

fn with_suffix(stem: &OsStr, suffix: &str) -> OsString {
    let mut name = stem.to_owned();
    name.push(".");
    name.push(suffix);
    name
}

fn add(
    data: &mut Dataset,
    folder: &Path,
    split: &str,
    path: &Path,
    picture: PathBuf,
) -> Result<(), Problem> {
    let question = parse(&file::read(path)?)?;
    let name = shown(&picture, folder);
    let question = Question {
        id: name.clone(),
        split: split.to_owned(),
        ..question
    };
    data.push(&name, || picture, question);
    Ok(())
}

/// The question, without name and split.
fn parse(bytes: &[u8]) -> Result<Question, Problem> {
    let file: File = match std::str::from_utf8(bytes) {
        Ok(_) => json::parse(bytes)?,
        Err(_) => json::parse(windows_1252(bytes)?.as_bytes())?,
    };
    let text = file.text.first().and_then(Value::as_str);
    let text = text.ok_or_else(|| Problem::new("invalid-question", "no text"))?;
    // By itself, because the prompt around it is never empty.
    let text = validate_question(text)?;
    // The prompts of LISA.
    let (family, text) = if file.is_sentence {
        (
            "sentence",
            format!("{text} Please output segmentation mask."),
        )
    } else {
        let text = format!("What is {text} in this image? Please output segmentation mask.");
        ("phrase", text)
    };
    validate_question(&text)?;
    Ok(Question {
        id: String::new(),
        split: String::new(),
        family: family.to_owned(),
        text,
        target: Target(Form::Shapes(labelme::areas(file.shapes)?)),
    })
}

/// Text of bytes 0x80 to 0x9f in Windows' western encoding; NUL where there is none.
const WINDOWS: [char; 32] = [
    '€', '\0', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\0', 'Ž', '\0', //
    '\0', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\0', 'ž', 'Ÿ',
];

fn windows_1252(bytes: &[u8]) -> Result<String, Problem> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err(Problem::new(
            "wrong-encoding",
            "UTF-16 instead of UTF-8 or Windows-1252",
        ));
    }
    let decode = |&byte: &u8| match byte {
        0x80..=0x9f => Some(WINDOWS[usize::from(byte - 0x80)]).filter(|&c| c != '\0'),
        _ => Some(char::from(byte)),
    };
    let text: Option<String> = bytes.iter().map(decode).collect();
    text.ok_or_else(|| Problem::new("wrong-encoding", "neither UTF-8 nor Windows-1252"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIANGLE: &str = "[[0,0],[9,0],[0,9.7]]";

    fn file(text: &str, label: &str, points: &str) -> String {
        format!(
            r#"{{"text":["{text}","other"],"is_sentence":false,"shapes":[
            {{"label":"FLAG","points":[]}},{{"label":"{label}","points":{points}}}]}}"#
        )
    }

    #[test]
    fn only_the_first_text_counts_and_flags_are_skipped() {
        let question = parse(file("the cup", "target", TRIANGLE).as_bytes()).unwrap();
        assert_eq!(
            question.text,
            "What is the cup in this image? Please output segmentation mask."
        );
        let Form::Shapes(shapes) = question.target.0 else {
            panic!("polygons")
        };
        assert_eq!(shapes.len(), 1);
    }

    #[test]
    fn windows_text_is_understood() {
        let mut bytes = file("the caf_", "target", TRIANGLE).into_bytes();
        let at = bytes.iter().position(|&b| b == b'_').unwrap();
        bytes[at] = 0x92;
        let question = parse(&bytes).unwrap();
        assert!(question.text.contains("the caf’ in"), "{}", question.text);
        bytes[at] = 0x81;
        assert_eq!(parse(&bytes).unwrap_err().code, "wrong-encoding");
    }

    #[test]
    fn what_is_wrong_has_a_name() {
        let code = |json: &str| parse(json.as_bytes()).unwrap_err().code;
        assert_eq!(code(&file("x", "cup", TRIANGLE)), "unknown-label");
        assert_eq!(code(&file("x", "ignore1", TRIANGLE)), "no-target");
        assert_eq!(code(&file("x", "target", "[]")), "invalid-polygon");
        assert_eq!(
            code(&file("x", "target", "[[0,0],[1e12,1],[2,2]]")),
            "invalid-polygon"
        );
        assert_eq!(code("{"), "invalid-json");
        let long = "w".repeat(5000);
        assert_eq!(code(&file(&long, "target", TRIANGLE)), "invalid-query");
        let none = r#"{"text":[],"is_sentence":true,"shapes":[]}"#;
        assert_eq!(code(none), "invalid-question");
    }

    #[test]
    fn polygons_that_cross_themselves_are_kept_and_remarked() {
        let bow_tie = "[[0,0],[9,9],[9,0],[0,9]]";
        let question = parse(file("x", "target", bow_tie).as_bytes()).unwrap();
        assert!(question.target.crosses_itself());
    }
}
