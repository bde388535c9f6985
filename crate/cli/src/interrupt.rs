//! Ctrl-C stops the work at its next checkpoint, not in the middle of a file.

use std::sync::atomic::{AtomicBool, Ordering};

use askmask_core::Error;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// From here on Ctrl-C does not end the program, but makes [`check`] fail.
pub fn catch() {
    // Without a handler Ctrl-C ends the program as always.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Relaxed));
}

/// Fails with [`Error::Cancelled`] after Ctrl-C.
pub fn check() -> Result<(), Error> {
    if INTERRUPTED.load(Ordering::Relaxed) {
        return Err(Error::Cancelled);
    }
    Ok(())
}
