//! Clicks and boxes among other arguments: they take no word that is not theirs.

use std::fs;

use crate::support::{Outcome, QUESTION, askmask, picture, tiny};
use tempfile::TempDir;

/// Asks the tiny model, with its picture for `PICTURE`.
fn ask(arguments: &[&str]) -> Outcome {
    let (picture, model) = (picture(), tiny());
    let mut words = vec!["ask", "--model", model.to_str().unwrap()];
    for &argument in arguments {
        words.push(match argument {
            "PICTURE" => picture.to_str().unwrap(),
            other => other,
        });
    }
    askmask(words)
}

#[test]
fn flags_after_clicks_are_not_swallowed() {
    for arguments in [
        &["PICTURE", "--points", "50,50,+", "--json"][..],
        &["PICTURE", "--points", "50,50,+", "3,3,-", "--json"],
        &[
            "--points", "50,50,+", "--device", "cpu", "PICTURE", "--json",
        ],
        &["--points", "50,50,+", "PICTURE", "--json"],
        &["PICTURE", QUESTION, "--points", "50,50,+", "--json"],
        &["PICTURE", "--box", "10, 10, 100, 90", "--json"],
        &["--box", "10,10,100,90", "PICTURE", "--json"],
    ] {
        let found = ask(arguments).json();
        let objects = found["objects"].as_array().unwrap();
        assert!(!objects.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_file_after_clicks_is_written() {
    let folder = TempDir::new().unwrap();
    let mask = folder.path().join("m.png");
    let name = mask.to_str().unwrap();
    let outcome = ask(&["PICTURE", "--points", "50,50,+", "--mask", name]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(fs::read(mask).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn clicks_that_are_none_are_named() {
    for (arguments, named) in [
        (&["PICTURE", "--points", "1,2"][..], "X,Y"),
        (&["PICTURE", "--points", "1,2,+", "3,4"], "3,4"),
        (&["PICTURE", "--points", "--json"], "--points"),
        (&["PICTURE", "--box", "--json"], "--box"),
        (&["PICTURE", "-what?"], "'-- -w'"),
    ] {
        let outcome = ask(arguments);
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains(named), "{outcome:?}");
    }
}

#[test]
fn coordinates_may_begin_with_a_minus() {
    let outcome = ask(&["PICTURE", "--points", "-5,3,+", "--json"]);
    assert!(outcome.refused("invalid-query").contains("-5"));
}
