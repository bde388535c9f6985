//! What an answer says about size, order and position, checked against its own mask.

use askmask_core::error::Error;
use askmask_core::mask::Mask;
use serde::{Deserialize, Serialize};

use super::answer::words;
use super::relation::{Constraint, Extent, Relation};

/// How many of an answer's statements could be checked, and how many were true.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statements {
    /// Statements that could be checked.
    pub checked: u32,
    /// Those of them that were true.
    pub right: u32,
}

/// A claim about a mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Claim {
    Relation(Relation),
    /// In which third of the picture: columns and rows −1, 0 or 1.
    Third(i8, i8),
}

/// Phrases in lower case; a longer one stands before its own beginning.
const PHRASES: [(&str, Claim); 30] = [
    ("largest", Claim::Relation(Relation::Largest)),
    ("biggest", Claim::Relation(Relation::Largest)),
    ("smallest", Claim::Relation(Relation::Smallest)),
    ("tiniest", Claim::Relation(Relation::Smallest)),
    ("furthest left", Claim::Relation(Relation::Leftmost)),
    ("leftmost", Claim::Relation(Relation::Leftmost)),
    ("furthest right", Claim::Relation(Relation::Rightmost)),
    ("rightmost", Claim::Relation(Relation::Rightmost)),
    ("highest up", Claim::Relation(Relation::Topmost)),
    ("topmost", Claim::Relation(Relation::Topmost)),
    ("lowest down", Claim::Relation(Relation::Lowest)),
    ("bottommost", Claim::Relation(Relation::Lowest)),
    ("left of", Claim::Relation(Relation::LeftOf)),
    ("right of", Claim::Relation(Relation::RightOf)),
    ("above", Claim::Relation(Relation::Above)),
    ("higher than", Claim::Relation(Relation::Above)),
    ("below", Claim::Relation(Relation::Below)),
    ("lower than", Claim::Relation(Relation::Below)),
    ("nearest to", Claim::Relation(Relation::NearestTo)),
    ("closest to", Claim::Relation(Relation::NearestTo)),
    ("at the top left", Claim::Third(-1, -1)),
    ("at the top right", Claim::Third(1, -1)),
    ("at the top", Claim::Third(0, -1)),
    ("at the bottom left", Claim::Third(-1, 1)),
    ("at the bottom right", Claim::Third(1, 1)),
    ("at the bottom", Claim::Third(0, 1)),
    ("at the left", Claim::Third(-1, 0)),
    ("at the right", Claim::Third(1, 0)),
    ("at the center", Claim::Third(0, 0)),
    ("in the center", Claim::Third(0, 0)),
];

/// Checks every statement of `answer` about size, order or position against the mask it came
/// with.
///
/// Where a statement is about other objects, these are the question's: a statement "left of" can
/// only be checked for a question that has an anchor, "largest" only for one with objects to
/// choose from. Without a mask nothing can be checked.
///
/// # Errors
/// [`Error::InvalidQuery`] when the masks are of different sizes.
pub(super) fn statements(
    answer: &str,
    mask: &Mask,
    constraints: &[Constraint],
) -> Result<Statements, Error> {
    let mut statements = Statements::default();
    let Some(extent) = Extent::of(mask) else {
        return Ok(statements);
    };
    for claim in claims(answer) {
        let right = match claim {
            Claim::Relation(relation) => {
                let known = constraints
                    .iter()
                    .find(|c| c.anchor.is_some() == relation.needs_anchor());
                let Some(known) = known else { continue };
                let stated = Constraint {
                    relation,
                    ..known.clone()
                };
                stated.holds(mask)?
            }
            Claim::Third(column, row) => {
                third(extent.x, mask.size.width) == column
                    && third(extent.y, mask.size.height) == row
            }
        };
        statements.checked += 1;
        statements.right += u32::from(right);
    }
    Ok(statements)
}

fn claims(answer: &str) -> Vec<Claim> {
    let words = words(answer);
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let here = PHRASES.iter().find(|(phrase, _)| {
            let mut rest = words[at..].iter();
            phrase
                .split(' ')
                .all(|word| rest.next().is_some_and(|w| w == word))
        });
        at += here.map_or(1, |(phrase, _)| phrase.split(' ').count());
        found.extend(here.map(|(_, claim)| *claim));
    }
    found
}

fn third(center: f64, side: usize) -> i8 {
    let side = side as f64;
    i8::from(center > side * 2.0 / 3.0) - i8::from(center < side / 3.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::tests::row;

    #[test]
    fn longer_phrases_win() {
        assert_eq!(
            claims("The dog is at the top left. [SEG]"),
            [Claim::Third(-1, -1)]
        );
        assert_eq!(
            claims("To the left of the car is the largest bus."),
            [
                Claim::Relation(Relation::LeftOf),
                Claim::Relation(Relation::Largest)
            ]
        );
        assert_eq!(claims("It is the dog."), []);
    }

    #[test]
    fn statements_are_checked_against_the_mask() {
        let among = Constraint {
            relation: Relation::Smallest,
            anchor: None,
            among: vec![row("###......"), row("......#..")],
        };
        let check = |answer, mask: &str| {
            let s = statements(answer, &row(mask), std::slice::from_ref(&among)).unwrap();
            (s.checked, s.right)
        };
        // What the answer says counts, not what was asked.
        assert_eq!(
            check("The largest thing is the bus. [SEG]", "###......"),
            (1, 1)
        );
        assert_eq!(
            check("The largest thing is the dot. [SEG]", "......#.."),
            (1, 0)
        );
        assert_eq!(
            check("Left of the car is the bus. [SEG]", "###......"),
            (0, 0)
        );
        assert_eq!(check("The largest thing is the bus.", "........."), (0, 0));
        assert_eq!(check("It is at the left. [SEG]", "###......"), (1, 1));
        assert_eq!(check("It is at the right. [SEG]", "###......"), (1, 0));
    }
}
