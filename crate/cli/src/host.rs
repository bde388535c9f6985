//! The terminal as a host: streamed text on standard output, progress on standard error.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use askmask_core::{Error, Host, Stage};
use indicatif::{ProgressBar, ProgressStyle};

/// Writes to standard output. Whoever closed it does not want the rest, so that is no fault.
pub fn say(text: &str) {
    let mut out = stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// What a model wrote, without control characters: a terminal would obey them.
pub fn plain(text: &str) -> String {
    let harmless = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    text.chars().filter(harmless).collect()
}

/// Becomes true at Ctrl-C. To be asked for once.
pub fn interruption() -> Arc<AtomicBool> {
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    // Without a handler Ctrl-C still ends the program, only less politely.
    let _ = ctrlc::set_handler(move || flag.store(true, Ordering::Relaxed));
    interrupted
}

/// A progress bar, if there is somebody to see it.
pub fn bar() -> ProgressBar {
    if stderr().is_terminal() {
        ProgressBar::no_length()
    } else {
        ProgressBar::hidden()
    }
}

/// Shows progress and stops at Ctrl-C.
pub struct Terminal {
    streams: bool,
    bar: ProgressBar,
    stage: Cell<Option<Stage>>,
    started: Cell<Instant>,
    timings: RefCell<Vec<(Stage, Duration)>>,
    interrupted: Arc<AtomicBool>,
}

impl Terminal {
    /// `streams`: whether tokens are printed as they come.
    pub fn new(streams: bool) -> Self {
        Self {
            streams,
            bar: bar(),
            stage: Cell::new(None),
            started: Cell::new(Instant::now()),
            timings: RefCell::default(),
            interrupted: interruption(),
        }
    }

    /// Whether Ctrl-C was pressed.
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Says something beside the answer.
    pub fn note(&self, text: &str) {
        self.bar.suspend(|| eprintln!("{text}"));
    }

    /// Ends the bar; seconds by stage, in order.
    pub fn finish(&self) -> Vec<(&'static str, f64)> {
        self.enter(None);
        self.bar.finish_and_clear();
        let timings = self.timings.borrow();
        timings
            .iter()
            .map(|(stage, time)| (stage.name(), time.as_secs_f64()))
            .collect()
    }

    fn enter(&self, stage: Option<Stage>) {
        let now = Instant::now();
        if let Some(ended) = self.stage.replace(stage) {
            self.timings
                .borrow_mut()
                .push((ended, now - self.started.get()));
        }
        self.started.set(now);
    }
}

impl Host for Terminal {
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>) {
        if self.stage.get() != Some(stage) {
            self.enter(Some(stage));
            let template = match stage {
                Stage::Load => "{msg} {wide_bar} {bytes}/{total_bytes}",
                _ => "{msg} {wide_bar} {pos}/{len}",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style);
            }
            self.bar.set_message(stage.name());
        }
        match total {
            Some(total) => self.bar.set_length(total),
            None => self.bar.unset_length(),
        }
        self.bar.set_position(done);
    }

    fn token(&self, text: &str) {
        if self.streams {
            self.bar.suspend(|| say(&plain(text)));
        }
    }

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(ready(if self.interrupted() {
            Err(Error::Cancelled)
        } else {
            Ok(())
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_04_answers_cannot_command_the_terminal() {
        assert_eq!(plain("a\u{1b}[31mb\u{7}\u{9b}2J\r\n\tü"), "a[31mb2J\n\tü");
    }
}
