//! The form in which a model was trained to be asked.
//!
//! Byte-level tokens of a capital, of a no-break space or of a full-width letter have nothing to do
//! with those of the plain one. A large model has seen them all; a small one knows only the form of
//! its training. Which one that is, `config.json` says.

use std::borrow::Cow;

use serde::Deserialize;

use crate::language::unicode::{is_invisible, nfkc};

/// Words with which an English question begins.
///
/// Source: `ASKING` in [`models/recipe/wording.py`](../../../../../models/recipe/wording.py).
const ASKING: [&str; 14] = [
    "where", "which", "what", "is", "are", "can", "could", "would", "do", "does", "in", "who",
    "of", "any",
];
/// What may stand around a sentence, or end it.
const MARKS: &str = "?!.,;:¿¡'";

/// The field `question_form` of `config.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QuestionForm {
    /// As people type.
    #[default]
    Typed,
    /// One line, in lower case, in plain letters without quotation marks, with one mark at its end:
    /// `?` after a word that asks, otherwise a period. It begins with a space, so that its first
    /// word is the same token as anywhere else.
    Sentence,
}

impl QuestionForm {
    /// The question in this form. What reads like a control token afterwards must still be taken
    /// for text, as [`Tokenizer::text`](crate::language::tokenizer::Tokenizer::text) does.
    #[must_use]
    pub fn of(self, typed: &str) -> Cow<'_, str> {
        match self {
            Self::Typed => Cow::Borrowed(typed),
            Self::Sentence => Cow::Owned(sentence(typed)),
        }
    }
}

fn sentence(typed: &str) -> String {
    // Twice: some marks are seen only before, others only after.
    let plain = in_plain_marks(&nfkc(&in_plain_marks(typed))).to_lowercase();
    let words = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let bare = words.trim_matches(|c: char| c == ' ' || MARKS.contains(c));
    if bare.is_empty() {
        return words;
    }
    let word = bare.split(|c: char| !c.is_alphanumeric()).next();
    let asks = word.is_some_and(|word| ASKING.contains(&word));
    let mark = if asks { '?' } else { '.' };
    format!(" {bare}{mark}")
}

/// Without quotation marks and what nobody sees; apostrophes and dashes as a typewriter has them.
fn in_plain_marks(text: &str) -> String {
    let plain = |c: char| match c {
        '"' | '“' | '”' | '„' | '‟' | '«' | '»' | '″' | '＂' => None,
        '‘' | '’' | '‚' | '‛' | '′' | '`' | '´' | 'ʼ' | '＇' => Some('\''),
        '‐'..='―' | '−' => Some('-'),
        _ => Some(c).filter(|&c| !is_invisible(c)),
    };
    text.chars().filter_map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, expected: &str) {
        assert_eq!(QuestionForm::Sentence.of(typed), expected, "{typed:?}");
        assert_eq!(QuestionForm::Typed.of(typed), typed);
    }

    #[test]
    fn one_question_has_one_form() {
        for typed in [
            "Where is the cheese?",
            "where is the cheese",
            "WHERE IS THE CHEESE???",
            "Where Is The Cheese ?!",
            "  Where\u{a0}is\tthe\r\ncheese? ",
            "\u{feff}Where is the chee\u{ad}se?\u{200b}",
            "“Where is the ‘cheese’?”".replace(['‘', '’'], "").as_str(),
            "Ｗｈｅｒｅ　ｉｓ　ｔｈｅ　ｃｈｅｅｓｅ？",
            "𝐖𝐡𝐞𝐫𝐞 𝐢𝐬 𝐭𝐡𝐞 𝐜𝐡𝐞𝐞𝐬𝐞?",
            "¿where is the \"cheese\"?",
        ] {
            check(typed, " where is the cheese?");
        }
    }

    #[test]
    fn marks_follow_the_first_word() {
        check("segment the apple", " segment the apple.");
        check("What's red", " what's red?");
        check(
            "i’d like to have the cow’s bell",
            " i'd like to have the cow's bell.",
        );
        check("the ball—the red one…", " the ball-the red one.");
        check("cafe\u{301}", " café.");
        check("ßtraße", " ßtraße.");
        check("?!", "?!");
    }

    #[test]
    fn unknown_forms_are_refused() {
        assert!(serde_json::from_str::<QuestionForm>("\"shouted\"").is_err());
    }
}
