//! When a failed request is sent again.

use std::thread::sleep;
use std::time::Duration;

use askmask_core::Error;

use crate::fault::Fault;
use crate::interrupt;

const RETRIES: u32 = 3;
/// The pause before the first retry; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

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

/// Repeats `request` until it succeeds, fails permanently, or was sent often enough.
pub fn retry<T>(mut request: impl FnMut() -> Result<T, Failure>) -> Result<T, Fault> {
    let mut retries = 0;
    loop {
        match request() {
            Ok(done) => return Ok(done),
            Err(Failure::Permanent(fault)) => return Err(fault),
            Err(Failure::Transient(error)) if retries == RETRIES => return Err(error.into()),
            Err(Failure::Transient(_)) => sleep(FIRST_PAUSE * 2_u32.pow(retries)),
        }
        interrupt::check()?;
        retries += 1;
    }
}
