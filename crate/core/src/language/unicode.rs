//! Unicode's forms of the same text, and the characters that nobody sees.

use tokenizers::NormalizedString;

/// The form in which letters and their accents are one character where there is one.
///
/// Source: [Unicode Standard Annex 15](https://www.unicode.org/reports/tr15/).
#[must_use]
pub fn nfc(text: &str) -> String {
    NormalizedString::from(text).nfc().get().to_owned()
}

/// The same with characters of compatibility, such as full-width letters and ligatures, as plain
/// ones. What was no control token before may read like one after it.
#[must_use]
pub fn nfkc(text: &str) -> String {
    NormalizedString::from(text).nfkc().get().to_owned()
}

/// Whether a character shows nothing and takes no space: control characters, and those that
/// Unicode calls [default ignorable][ignorable], such as soft hyphens and zero-width spaces. White
/// space is not meant.
///
/// [ignorable]: https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt
#[must_use]
pub fn is_invisible(character: char) -> bool {
    match character {
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        // Of which the last three are marks of annotations.
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => true,
        _ => character.is_control() && !character.is_whitespace(),
    }
}

/// Whether a text shows nothing at all.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    /// Braille's pattern without dots counts as a symbol.
    const BLANK_PATTERN: char = '\u{2800}';
    let nothing = |c: char| c.is_whitespace() || c == BLANK_PATTERN || is_invisible(c);
    text.chars().all(nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_text_are_the_same_text() {
        assert_eq!(nfc("cafe\u{301}"), "café");
        assert_eq!(nfc("ｃ"), "ｃ");
        assert_eq!(nfkc("ｃａｆｅ\u{301} ﬁ"), "café fi");
    }

    #[test]
    fn what_shows_nothing_is_blank() {
        for text in [
            "",
            " \u{a0}\u{3000}\n",
            "\u{200b}\u{feff}\u{ad}",
            "\u{2800}\u{3164}",
            "\u{fe0f}\u{7}",
        ] {
            assert!(is_blank(text), "{text:?}");
        }
        for text in ["?", "\u{200b}a", "🙂", "\u{301}"] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
