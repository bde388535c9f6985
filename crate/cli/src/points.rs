//! Where the list of clicks or the box ends on a command line.
//!
//! clap knows two ways to read `--points 120,80,+ 300,90,- picture.jpg`: as one value, or as every
//! word that follows, flags and picture included. Coordinates may begin with a minus as well. Here
//! the words that begin like coordinates are told apart from the others, and joined to the option.

use std::ffi::{OsStr, OsString};

/// The arguments with every click as its own `--points=X,Y,±`, and the box as `--box=…`.
pub fn joined(arguments: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut rest = arguments.into_iter().peekable();
    let mut out = Vec::new();
    while let Some(argument) = rest.next() {
        if argument == "--" {
            out.push(argument);
            out.extend(rest);
            break;
        }
        let most = match argument.to_str() {
            Some("--points") => usize::MAX,
            Some("--box") => 1,
            _ => 0,
        };
        let mut taken = 0;
        while taken < most {
            let Some(value) = rest.next_if(|word| begins_with_coordinate(word)) else {
                break;
            };
            let mut word = argument.clone();
            word.push("=");
            word.push(value);
            out.push(word);
            taken += 1;
        }
        if taken == 0 {
            out.push(argument);
        }
    }
    out
}

/// Whether a word is a number and a comma, and whatever follows them.
fn begins_with_coordinate(word: &OsStr) -> bool {
    let first = word.to_str().and_then(|word| word.split_once(','));
    first.is_some_and(|(first, _)| first.trim().parse::<f32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(given: &str, expected: &str) {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(joined(words(given)), words(expected), "{given}");
    }

    #[test]
    fn clicks_end_where_something_else_begins() {
        check(
            "ask --points 1,2,+ 3,-4,- a.png --mask m.png",
            "ask --points=1,2,+ --points=3,-4,- a.png --mask m.png",
        );
        check(
            "ask a.png --points -1,2,+ --json",
            "ask a.png --points=-1,2,+ --json",
        );
        check(
            "ask a.png --points=1,2,+ 3,4,-",
            "ask a.png --points=1,2,+ 3,4,-",
        );
    }

    #[test]
    fn a_box_is_one_word() {
        check(
            "ask --box -1,-2,3,4 5,6 --json",
            "ask --box=-1,-2,3,4 5,6 --json",
        );
    }

    #[test]
    fn what_is_no_coordinate_is_left_to_the_option() {
        check("ask a.png --points --mask m", "ask a.png --points --mask m");
        check("ask a.png --points x,1,+", "ask a.png --points x,1,+");
        check("ask -- --points 1,2,+", "ask -- --points 1,2,+");
    }
}
