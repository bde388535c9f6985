//! The host of `askmask eval`: one progress bar over all questions.

use std::future::ready;
use std::pin::Pin;

use askmask_core::{Error, Host, Stage};
use indicatif::ProgressBar;

use crate::interrupt;
use crate::terminal::{progress_bar, set_template};

const LOAD_TEMPLATE: &str = "load {wide_bar} {bytes}/{total_bytes}";
const QUESTIONS_TEMPLATE: &str = "{pos}/{len} questions {wide_bar} {elapsed} + {eta}";

/// One bar, first for the model's bytes, then for questions.
pub struct EvalHost {
    bar: ProgressBar,
}

impl EvalHost {
    pub fn new() -> Self {
        Self {
            bar: progress_bar(LOAD_TEMPLATE),
        }
    }

    /// From here on counts questions, `done` of `total` being answered already.
    pub fn count_questions(&self, done: usize, total: usize) {
        self.bar.reset();
        set_template(&self.bar, QUESTIONS_TEMPLATE);
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
}

impl Host for EvalHost {
    fn progress(&self, stage: Stage, done: u64, total: Option<u64>) {
        if stage == Stage::Load {
            self.bar.set_length(total.unwrap_or(done));
            self.bar.set_position(done);
        }
    }

    fn token(&self, _: &str) {}

    fn checkpoint(&self) -> Pin<Box<dyn Future<Output = Result<(), Error>> + '_>> {
        Box::pin(ready(interrupt::check()))
    }
}
