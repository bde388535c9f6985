//! Names under which results are written: what cannot work is refused before the model is loaded,
//! and nothing of an earlier run is left to be taken for an answer.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::support::{Outcome, QUESTION, askmask, picture, tiny};
use tempfile::TempDir;

fn ask_about(model: &Path, picture: &Path, question: &str, more: &[&str]) -> Outcome {
    let [model, picture] = [model, picture].map(|path| path.to_str().unwrap());
    let words = ["ask", picture, question, "--model", model];
    askmask(words.into_iter().chain(more.iter().copied()))
}

fn ask(question: &str, more: &[&str]) -> Outcome {
    ask_about(&tiny(), &picture(), question, more)
}

/// Must be refused although there is no model to be loaded.
fn refused(picture: &Path, more: &[&str]) -> String {
    let nowhere = tiny().join("no such model");
    let outcome = ask_about(&nowhere, picture, QUESTION, more);
    outcome.refused("file").to_owned()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_png_never_has_the_suffix_of_something_else() {
    let folder = TempDir::new().unwrap();
    for name in ["out.jpg", "out.webp", "out.tiff", "mask.v2", "out."] {
        let path = folder.path().join(name);
        for option in ["--mask", "--overlay", "--cutout"] {
            let line = refused(&picture(), &[option, path.to_str().unwrap()]);
            assert!(line.contains(name) && line.contains(".png"), "{line}");
        }
    }
    assert!(names(folder.path()).is_empty());
    for name in ["OUT.PNG", "photo.v2.png", "bare"] {
        let path = folder.path().join(name);
        let outcome = ask(QUESTION, &["--mask", path.to_str().unwrap()]);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        assert!(fs::read(path).unwrap().starts_with(b"\x89PNG"), "{name}");
    }
}

#[test]
fn a_folder_that_is_missing_is_said_first() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let line = refused(&picture(), &["--mask", &path("no/such/m.png")]);
    assert!(
        line.contains("m.png") && line.contains("there is no folder"),
        "{line}"
    );
    fs::write(path("file.png"), "mine").unwrap();
    fs::create_dir(path("folder.png")).unwrap();
    for (more, named) in [
        (["--mask", &path("folder.png")], "is a folder"),
        (["--masks", &path("file.png")], "is no folder"),
        (["--masks", &path("file.png/masks")], "is no folder"),
        (["--masks", "-"], "standard output"),
    ] {
        let line = refused(&picture(), &more);
        assert!(line.contains(named), "{line}");
    }
    // A file that could be written keeps what it holds until there is something to write.
    refused_by_model(&path("file.png"));
    assert_eq!(fs::read(path("file.png")).unwrap(), b"mine");
    refused_by_model(&path("new.png"));
    assert_eq!(names(folder.path()), ["file.png", "folder.png"]);
}

fn refused_by_model(mask: &str) {
    let line = refused(&picture(), &["--mask", mask]);
    assert!(line.contains("no such model"), "{line}");
}

#[test]
fn the_picture_itself_is_never_overwritten() {
    let folder = TempDir::new().unwrap();
    let mine = folder.path().join("mask-3.png");
    fs::copy(picture(), &mine).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let around = folder.path().join("sub/../mask-3.png");
    for path in [&mine, &around] {
        let line = refused(&mine, &["--cutout", path.to_str().unwrap()]);
        assert!(line.contains("the picture itself"), "{line}");
    }
    let line = refused(&mine, &["--masks", folder.path().to_str().unwrap()]);
    assert!(line.contains("mask-3.png"), "{line}");
    assert_eq!(fs::read(mine).unwrap(), fs::read(picture()).unwrap());
}

/// A hard link is the same file under another name, which no path tells.
#[cfg(unix)]
#[test]
fn the_picture_under_another_name_is_never_overwritten() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::copy(picture(), path("mine.png")).unwrap();
    fs::hard_link(path("mine.png"), path("hard.png")).unwrap();
    std::os::unix::fs::symlink("mine.png", path("soft.png")).unwrap();
    for name in ["hard.png", "soft.png"] {
        let line = refused(&path("mine.png"), &["--mask", path(name).to_str().unwrap()]);
        assert!(line.contains("the picture itself"), "{line}");
        let line = refused(&path(name), &["--mask", path("mine.png").to_str().unwrap()]);
        assert!(line.contains("the picture itself"), "{line}");
    }
    fs::write(path("a.png"), "earlier").unwrap();
    fs::hard_link(path("a.png"), path("b.png")).unwrap();
    let [a, b] = ["a.png", "b.png"].map(|name| path(name).to_str().unwrap().to_owned());
    let line = refused(&picture(), &["--mask", &a, "--cutout", &b]);
    assert!(line.contains("twice"), "{line}");
}

#[test]
fn two_results_do_not_share_a_name() {
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out.png");
    let out = out.to_str().unwrap();
    let line = refused(&picture(), &["--mask", out, "--cutout", out]);
    assert!(line.contains("twice"), "{line}");
    for more in [["--mask", "-", "--json"], ["--mask", "-", "--cutout=-"]] {
        let line = refused(&picture(), &more);
        assert!(line.contains("more than one"), "{line}");
    }
}

#[test]
fn masks_of_an_earlier_run_do_not_stay() {
    let folder = TempDir::new().unwrap();
    let masks = folder.path().to_str().unwrap();
    for name in ["mask-7.png", "mask-07.png", "mask-x.png", "mine.png"] {
        fs::write(folder.path().join(name), "earlier").unwrap();
    }
    assert_eq!(ask(QUESTION, &["--masks", masks]).code, Some(0));
    let others = ["mask-07.png", "mask-x.png", "mine.png"];
    let both = ["mask-1.png", "mask-2.png"];
    let mut expected: Vec<&str> = both.into_iter().chain(others).collect();
    expected.sort_unstable();
    assert_eq!(names(folder.path()), expected);
    assert_eq!(ask("hello", &["--masks", masks]).code, Some(0));
    assert_eq!(names(folder.path()), others);
}

#[test]
fn a_mask_of_an_earlier_run_does_not_stay_where_nothing_is_found() {
    let folder = TempDir::new().unwrap();
    let mask = folder.path().join("mask.png");
    fs::write(&mask, "earlier").unwrap();
    let outcome = ask("hello", &["--mask", mask.to_str().unwrap()]);
    assert!(outcome.stdout.contains("no mask written"), "{outcome:?}");
    assert!(!mask.exists());
}

/// Runs with a file as standard input.
fn piped(from: &Path, arguments: &[&str]) -> Output {
    let model = tiny();
    let mut command = Command::new(env!("CARGO_BIN_EXE_askmask"));
    command.args(["ask", "-", "--model", model.to_str().unwrap()]);
    command.args(arguments).stdin(File::open(from).unwrap());
    command.stdout(Stdio::piped()).output().unwrap()
}

#[test]
fn a_dash_is_standard_input_and_output() {
    let folder = TempDir::new().unwrap();
    let mask = folder.path().join("mask.png");
    let outcome = ask(QUESTION, &["--mask", mask.to_str().unwrap()]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let Output {
        status,
        stdout,
        stderr,
    } = piped(&picture(), &[QUESTION, "--mask", "-"]);
    assert_eq!(status.code(), Some(0));
    assert!(stdout == fs::read(mask).unwrap(), "{} bytes", stdout.len());
    let words = String::from_utf8(stderr).unwrap();
    assert!(words.contains("Sure, it is"), "{words}");

    let Output { status, stdout, .. } = piped(&picture(), &["hello", "--mask", "-"]);
    assert_eq!((status.code(), stdout), (Some(0), Vec::new()));
    let empty = folder.path().join("empty");
    fs::write(&empty, "").unwrap();
    let Output { status, stderr, .. } = piped(&empty, &[QUESTION, "--json"]);
    let line = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(2));
    assert!(line.starts_with("error[invalid-image]"), "{line}");
}
