//! Signals: the first SIGINT or SIGTERM ends a run cleanly, the second one ends the process at once.

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::engine::Stop;
use crate::error::{Error, Result};

/// A stop that signals request.
///
/// # Errors
/// The system refuses the handlers.
pub(super) fn stop() -> Result<Stop> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])
        .map_err(|error| Error::because("installing signal handlers", error))?;
    let stop = Stop::default();
    let seen = stop.clone();
    let watch = move || {
        for signal in signals.forever() {
            if !seen.interrupt(signal) {
                signal_hook::low_level::exit(128 + signal);
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(watch)
        .map_err(|error| Error::because("starting the signal thread", error))?;
    Ok(stop)
}
