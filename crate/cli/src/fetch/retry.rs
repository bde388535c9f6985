//! When a failed request is sent again.

use std::thread::sleep;
use std::time::Duration;

use askmask_core::Error;

use crate::fault::Fault;

/// Why a request failed.
pub enum Failure {
    /// The same request may succeed later.
    Transient(Error),
    /// It would fail again.
    Permanent(Fault),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Permanent(error.into())
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Permanent(fault)
    }
}

/// How often a request is sent, and how long is waited in between.
#[derive(Debug, Clone, Copy)]
pub struct RetryPolicy {
    /// At least 1.
    pub attempts: u32,
    /// Pause before the second attempt; it doubles each time.
    pub pause: Duration,
}

impl RetryPolicy {
    /// Repeats `request` until it succeeds, fails permanently, or was sent often enough.
    pub fn run<T>(self, mut request: impl FnMut() -> Result<T, Failure>) -> Result<T, Fault> {
        let mut retries = 0;
        loop {
            match request() {
                Ok(done) => return Ok(done),
                Err(Failure::Permanent(fault)) => return Err(fault),
                Err(Failure::Transient(error)) if retries + 1 >= self.attempts => {
                    return Err(error.into());
                }
                Err(Failure::Transient(_)) => sleep(self.pause * 2_u32.pow(retries)),
            }
            retries += 1;
        }
    }
}
