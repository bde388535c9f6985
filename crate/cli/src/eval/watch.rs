//! Progress over questions, and Ctrl-C.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use askmask_core::{Error, Host, Stage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::host::{bar, interruption};

/// One bar, first for the model's bytes, then for questions.
pub struct Watch {
    bar: ProgressBar,
    interrupted: Arc<AtomicBool>,
}

impl Watch {
    pub fn new() -> Self {
        let watch = Self {
            bar: bar(),
            interrupted: interruption(),
        };
        watch.style("load {wide_bar} {bytes}/{total_bytes}");
        watch
    }

    /// From here on counts questions, `done` of `total` being answered already.
    pub fn questions(&self, done: usize, total: usize) {
        self.bar.reset();
        self.style("{pos}/{len} questions {wide_bar} {elapsed} + {eta}");
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        // What an earlier run did says nothing about how long the rest takes.
        self.bar.reset_eta();
    }

    pub fn advance(&self, questions: usize) {
        self.bar.inc(questions as u64);
    }

    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn style(&self, template: &str) {
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.bar.set_style(style);
        }
    }
}

impl Host for Watch {
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>) {
        if stage == Stage::Load {
            self.bar.set_length(total.unwrap_or(done));
            self.bar.set_position(done);
        }
    }

    fn token(&self, _: &str) {}

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        let stop = self.interrupted.load(Ordering::Relaxed);
        Box::pin(ready(if stop { Err(Error::Cancelled) } else { Ok(()) }))
    }
}
