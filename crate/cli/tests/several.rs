//! Several pictures in one run, by their names or by patterns.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{Outcome, QUESTION, picture, tiny};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with pictures of these names.
fn folder(names: &[&str]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for name in names {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::copy(picture(), path).unwrap();
    }
    folder
}

/// Asks the tiny model, or one that is not there, in a folder.
fn ask_in(folder: &Path, model: &Path, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_askmask"));
    command.current_dir(folder).arg("ask").args(arguments);
    let output = command.arg("--model").arg(model).output().unwrap();
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn ask(folder: &Path, arguments: &[&str]) -> Outcome {
    ask_in(folder, &tiny(), arguments)
}

/// Must be refused although there is no model to be loaded.
fn refused(folder: &Path, arguments: &[&str], code: &str) -> String {
    let outcome = ask_in(folder, &folder.join("no such model"), arguments);
    outcome.refused(code).to_owned()
}

fn pictures(outcome: &Outcome) -> Vec<String> {
    let lines = outcome.stdout.lines();
    let found = lines.map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    found
        .map(|value| {
            assert_eq!(value["objects"].as_array().unwrap().len(), 2, "{value}");
            value["picture"].as_str().unwrap().to_owned()
        })
        .collect()
}

#[test]
fn every_picture_has_a_line_and_files_of_its_name() {
    let folder = folder(&["a.png", "b.v2.png"]);
    let outcome = ask(
        folder.path(),
        &[
            "a.png",
            "--masks",
            "each",
            "--mask",
            "new/masks",
            "b.v2.png",
            QUESTION,
            "--overlay",
            "overlays",
            "--cutout",
            "cutouts",
            "--json",
        ],
    );
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(pictures(&outcome), ["a.png", "b.v2.png"]);
    for stem in ["a", "b.v2"] {
        for name in [
            format!("each/{stem}/mask-1.png"),
            format!("each/{stem}/mask-2.png"),
            format!("new/masks/{stem}.png"),
            format!("overlays/{stem}.png"),
            format!("cutouts/{stem}.png"),
        ] {
            let bytes = fs::read(folder.path().join(&name)).expect(&name);
            assert!(bytes.starts_with(b"\x89PNG"), "{name}");
        }
    }
    // Nothing of it stays where nothing is found.
    let again = [
        "a.png",
        "b.v2.png",
        "hello",
        "--masks",
        "each",
        "--mask",
        "new/masks",
    ];
    let outcome = ask(folder.path(), &again);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(outcome.stdout.starts_with("a.png\n"), "{outcome:?}");
    assert!(outcome.stdout.contains("\nb.v2.png\n"), "{outcome:?}");
    for name in [
        "each/a/mask-1.png",
        "each/b.v2/mask-2.png",
        "new/masks/a.png",
    ] {
        assert!(!folder.path().join(name).exists(), "{name}");
    }
}

#[test]
fn patterns_are_expanded_where_the_shell_did_not() {
    let folder = folder(&[
        "shots/b.png",
        "shots/a.png",
        "shots/.hidden.png",
        "c[1].png",
        "c1.png",
    ]);
    let outcome = ask(folder.path(), &["shots/*.png", QUESTION, "--json"]);
    let shots =
        ["shots/a.png", "shots/b.png"].map(|name| name.replace('/', std::path::MAIN_SEPARATOR_STR));
    assert_eq!(pictures(&outcome), shots);
    // A file that is really called so is meant.
    let found = ask(folder.path(), &["c[1].png", QUESTION, "--json"]).json();
    assert!(found.get("picture").is_none(), "{found}");
    // A pattern is one, even if it fits a single file.
    let outcome = ask(folder.path(), &["c[1].pn?", QUESTION, "--json"]);
    assert_eq!(pictures(&outcome), ["c1.png"]);
    let line = refused(folder.path(), &["shots/*.jpg", QUESTION], "file");
    assert!(line.contains("shots/*.jpg"), "{line}");
}

#[test]
fn a_picture_that_cannot_be_read_does_not_keep_the_others_from_being_answered() {
    let folder = folder(&["a.png", "c.png"]);
    fs::write(folder.path().join("b.png"), "no picture").unwrap();
    let arguments = ["a.png", "b.png", "gone.png", "c.png", QUESTION, "--json"];
    let outcome = ask(folder.path(), &arguments);
    assert_eq!(outcome.code, Some(2), "{outcome:?}");
    assert_eq!(pictures(&outcome), ["a.png", "c.png"]);
    let lines: Vec<&str> = outcome.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(
        lines[0].starts_with("b.png: error[invalid-image]"),
        "{lines:?}"
    );
    assert!(lines[1].starts_with("gone.png: error[file]"), "{lines:?}");
    assert!(lines[2].contains("2 of 4 pictures"), "{lines:?}");
    // Without any picture there is nothing to load a model for.
    let nowhere = folder.path().join("no such model");
    let outcome = ask_in(folder.path(), &nowhere, &["b.png", "gone.png", QUESTION]);
    assert!(outcome.stderr.contains("2 of 2 pictures"), "{outcome:?}");
}

#[test]
fn a_forgotten_question_is_no_picture() {
    let folder = folder(&["a.png", "b.png"]);
    let line = refused(folder.path(), &["a.png", "b.png"], "invalid-query");
    assert!(line.contains("b.png"), "{line}");
    refused(folder.path(), &["a.png"], "invalid-query");
    let clicked = ["a.png", "b.png", "--points", "1,2,+"];
    let line = refused(folder.path(), &clicked, "invalid-query");
    assert!(line.contains("b.png"), "{line}");
    let clicked = ["a.png", "b.png", "what?", "--box", "1,2,3,4"];
    let line = refused(folder.path(), &clicked, "invalid-query");
    assert!(line.contains("one picture"), "{line}");
}

#[test]
fn results_of_several_pictures_are_told_apart_first() {
    let folder = folder(&["a.png", "sub/A.png", "b.png"]);
    fs::write(folder.path().join("file"), "mine").unwrap();
    for (arguments, named) in [
        (
            &["a.png", "sub/A.png", "what?", "--mask", "out"][..],
            "same name",
        ),
        (
            &["a.png", "b.png", "what?", "--mask", "out.png"],
            "one file",
        ),
        (
            &["a.png", "b.png", "what?", "--mask", "."],
            "the picture itself",
        ),
        (
            &["a.png", "b.png", "what?", "--mask", "file"],
            "is no folder",
        ),
        (
            &["a.png", "b.png", "what?", "--mask", "-"],
            "several pictures",
        ),
        (&["a.png", "-", "what?"], "standard input"),
        (
            &[
                "a.png", "b.png", "what?", "--mask", "out", "--cutout", "out",
            ],
            "twice",
        ),
    ] {
        let line = refused(folder.path(), arguments, "file");
        assert!(line.contains(named), "{line}");
    }
    let words = ["a.png", "sub/A.png", QUESTION, "--json"];
    assert_eq!(ask(folder.path(), &words).code, Some(0));
    assert!(!folder.path().join("out").exists());
}
