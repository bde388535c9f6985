//! Which of the words on a command line are pictures, and which one is the question.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use askmask_core::Error;
use askmask_core::language::tokenizer::validate_question;
use glob::{MatchOptions, glob_with};

use crate::fault::Fault;
use crate::outputs::DASH;

/// What is asked about what.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// In the order of the words, none of them twice.
    pub pictures: Vec<PathBuf>,
    /// Whether there may be more than one picture, which a pattern decides even if it fits only
    /// one: what is written must not depend on that.
    pub several: bool,
    /// Left out only where there are clicks.
    pub question: Option<String>,
}

impl Words {
    /// Tells them apart: the question comes last. With clicks there is one picture, and perhaps a
    /// question.
    pub fn read(words: &[OsString], clicks: bool) -> Result<Self, Fault> {
        let (pictures, question) = match words {
            [picture] if clicks => (std::slice::from_ref(picture), None),
            [] | [_] => return Err(invalid("there is no question behind the picture")),
            [pictures @ .., question] => (pictures, Some(read_question(question)?)),
        };
        let several = pictures.len() > 1 || pictures.iter().any(|word| pattern(word).is_some());
        if several && clicks {
            return Err(invalid("clicks and boxes are those of one picture"));
        }
        if pictures.len() > 1 && pictures.iter().any(|word| word == DASH) {
            return Err(Fault::Output(
                "standard input is one picture, and there are others".into(),
                "Ask about it alone.",
            ));
        }
        let mut found = Vec::new();
        for word in pictures {
            match pattern(word) {
                Some(pattern) => found.extend(expand(pattern)?),
                None => found.push(PathBuf::from(word)),
            }
        }
        let mut seen = HashSet::new();
        found.retain(|path| seen.insert(path.clone()));
        Ok(Self {
            pictures: found,
            several,
            question,
        })
    }
}

fn read_question(word: &OsString) -> Result<String, Fault> {
    let text = word
        .to_str()
        .ok_or_else(|| invalid("the question is not UTF-8 text"))?;
    // A shell that expands `*.jpg` leaves no trace of a forgotten question.
    let path = Path::new(text);
    if path.is_file() && path.extension().is_some_and(|suffix| !suffix.is_empty()) {
        return Err(invalid(&format!(
            "the last word, {text}, is a file, where the question should be"
        )));
    }
    validate_question(text)?;
    Ok(text.to_owned())
}

/// The word as a pattern, if it is one and no file has that very name.
fn pattern(word: &OsString) -> Option<&str> {
    let text = word
        .to_str()
        .filter(|text| text.contains(['*', '?', '[']))?;
    (!Path::new(text).exists()).then_some(text)
}

/// The files of a pattern in alphabetical order, as a shell finds them.
fn expand(pattern: &str) -> Result<Vec<PathBuf>, Fault> {
    let as_in_a_shell = MatchOptions {
        case_sensitive: cfg!(not(windows)),
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let nothing = |why: &str| {
        Fault::Output(
            format!("{pattern} {why}"),
            "Check the pattern and the folder.",
        )
    };
    let entries =
        glob_with(pattern, as_in_a_shell).map_err(|e| nothing(&format!("is no pattern: {e}")))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| nothing(&format!("cannot be looked up: {e}")))?;
        if path.is_file() {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(nothing("is the name of no file"));
    }
    Ok(files)
}

fn invalid(reason: &str) -> Fault {
    Fault::Core(Error::InvalidQuery {
        reason: reason.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str], clicks: bool) -> Result<Words, String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        Words::read(&words, clicks).map_err(|fault| fault.to_string())
    }

    fn one(question: Option<&str>) -> Words {
        Words {
            pictures: vec!["a.png".into()],
            several: false,
            question: question.map(Into::into),
        }
    }

    #[test]
    fn the_question_comes_last() {
        assert_eq!(read(&["a.png", "what?"], false), Ok(one(Some("what?"))));
        let words = read(&["a.png", "b.png", "a.png", "what?"], false).unwrap();
        assert_eq!(words.pictures, [Path::new("a.png"), Path::new("b.png")]);
        assert!(words.several);
        assert!(read(&["a.png"], false).unwrap_err().contains("no question"));
        let forgotten = read(&["a.png", "Cargo.toml"], false).unwrap_err();
        assert!(forgotten.contains("Cargo.toml, is a file"), "{forgotten}");
        // A folder or a file without suffix may be called like a thing.
        assert_eq!(read(&["a.png", "src"], false), Ok(one(Some("src"))));
    }

    #[test]
    fn clicks_are_those_of_one_picture() {
        assert_eq!(read(&["a.png"], true), Ok(one(None)));
        assert_eq!(read(&["a.png", "what?"], true), Ok(one(Some("what?"))));
        for words in [&["a.png", "b.png", "what?"][..], &["*.png"]] {
            assert!(read(words, true).unwrap_err().contains("one picture"));
        }
    }

    #[test]
    fn patterns_are_files_in_order() {
        let words = read(&["src/o*.rs", "src/a?k.rs", "what?"], false).unwrap();
        assert_eq!(
            words.pictures,
            [Path::new("src/outputs.rs"), Path::new("src/ask.rs")]
        );
        // One file of a pattern is written like many.
        assert!(read(&["src/a?k.rs", "what?"], false).unwrap().several);
        for (word, named) in [("no*.such", "no file"), ("src/[", "is no pattern")] {
            let line = read(&[word, "what?"], false).unwrap_err();
            assert!(line.contains(word) && line.contains(named), "{line}");
        }
    }
}
