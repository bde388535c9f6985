//! What is written to a terminal: results on standard output, progress on standard error.

use std::io::{IsTerminal, Write, stderr, stdout};

use indicatif::{ProgressBar, ProgressStyle};

/// Writes to standard output. Whoever closed it does not want the rest, so that is no fault.
pub fn print(text: &str) {
    let mut out = stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes to standard error, where results are kept from standard output.
pub fn print_beside(text: &str) {
    let _ = stderr().write_all(text.as_bytes());
}

/// The text without control characters: a terminal would obey those that a model wrote.
pub fn printable(text: &str) -> String {
    let harmless = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(harmless).collect()
}

/// A progress bar, hidden where standard error is no terminal.
pub fn progress_bar(template: &str) -> ProgressBar {
    let bar = if stderr().is_terminal() {
        ProgressBar::no_length()
    } else {
        ProgressBar::hidden()
    };
    set_template(&bar, template);
    bar
}

/// Gives a bar another look.
pub fn set_template(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_04_answers_cannot_command_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[31mb\u{7}\u{9b}2J\r\n\tü"),
            "a[31mb2J\n\tü"
        );
    }
}
