//! The host of `askmask ask`: tokens as they come, a progress bar, and how long each stage took.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::pin::Pin;
use std::time::{Duration, Instant};

use askmask_core::{Error, Host, Stage};
use indicatif::ProgressBar;

use crate::interrupt;
use crate::terminal::{print, printable, progress_bar, set_template};

const COUNT_TEMPLATE: &str = "{msg} {wide_bar} {pos}/{len}";
const BYTES_TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes}";

/// Shows progress, and stops at Ctrl-C.
pub struct TerminalHost {
    streams: bool,
    bar: ProgressBar,
    stage: Cell<Option<Stage>>,
    started: Cell<Instant>,
    timings: RefCell<Vec<(Stage, Duration)>>,
}

impl TerminalHost {
    /// `streams`: whether tokens are printed as they come.
    pub fn new(streams: bool) -> Self {
        Self {
            streams,
            bar: progress_bar(COUNT_TEMPLATE),
            stage: Cell::new(None),
            started: Cell::new(Instant::now()),
            timings: RefCell::default(),
        }
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

impl Host for TerminalHost {
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>) {
        if self.stage.get() != Some(stage) {
            self.enter(Some(stage));
            let template = match stage {
                Stage::Load => BYTES_TEMPLATE,
                _ => COUNT_TEMPLATE,
            };
            set_template(&self.bar, template);
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
            self.bar.suspend(|| print(&printable(text)));
        }
    }

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(ready(interrupt::check()))
    }
}
