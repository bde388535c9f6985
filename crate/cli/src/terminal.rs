//! What is written to a terminal: results on standard output, progress on standard error.

use std::io::{self, ErrorKind, IsTerminal, Write, stderr, stdout};
use std::path::Path;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};

use crate::fault::Fault;

/// The first fault of [`print`].
static UNWRITTEN: Mutex<Option<io::Error>> = Mutex::new(None);

/// Writes to standard output. Whoever closed it does not want the rest, so that is no fault;
/// another fault, such as a full disk, is told by [`check_printed`].
pub fn print(text: &str) {
    let mut out = stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(cause) if cause.kind() != ErrorKind::BrokenPipe => {
            if let Ok(mut first) = UNWRITTEN.lock() {
                first.get_or_insert(cause);
            }
        }
        _ => {}
    }
}

/// Whether all that was printed was written.
pub fn check_printed() -> Result<(), Fault> {
    let first = UNWRITTEN.lock().ok().and_then(|mut first| first.take());
    first.map_or(Ok(()), |cause| {
        Err(Fault::file(Path::new("standard output"), cause))
    })
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
