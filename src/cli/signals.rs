//! Signals: the first SIGINT, SIGTERM or SIGHUP ends a run cleanly, the second one ends the process at
//! once.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::engine::Stop;
use crate::error::{Error, Result};

/// A stop that signals request.
///
/// # Errors
/// The system refuses the handlers.
pub(super) fn stop() -> Result<Stop> {
    let stop = Stop::default();
    let seen = stop.clone();
    watch(move |signal| {
        // The first signal asks the run to end with whole files. The second one comes from somebody
        // who waits no longer, so nothing is cleaned up: what is hidden then is removed by the next
        // run.
        if !seen.interrupt(signal) {
            signal_hook::low_level::exit(128 + signal);
        }
    })?;
    Ok(stop)
}

/// Does something before a signal ends the process, which has nothing else to end.
///
/// # Errors
/// The system refuses the handlers.
pub(super) fn before_end(does: impl Fn() + Send + 'static) -> Result<()> {
    watch(move |signal| {
        does();
        signal_hook::low_level::exit(128 + signal);
    })
}

/// Calls `seen` with each signal that is to end the process.
fn watch(seen: impl Fn(i32) + Send + 'static) -> Result<()> {
    let mut ending = vec![SIGINT, SIGTERM];
    // `nohup` lets a process ignore that its terminal has gone.
    ending.extend((!is_ignored(SIGHUP)).then_some(SIGHUP));
    let mut signals = signal_hook::iterator::Signals::new(ending)
        .map_err(|error| Error::because("installing signal handlers", error))?;
    // A thread of its own takes signals as values. In a handler nearly nothing is allowed: no lock,
    // no allocation, no line of the log.
    let started = std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || signals.forever().for_each(seen));
    started.map_err(|error| Error::because("starting the signal thread", error))?;
    Ok(())
}

/// True for a signal that whoever started the process had it ignore, where the system tells.
fn is_ignored(signal: i32) -> bool {
    // Read from the kernel's own table: to ask with `sigaction` is unsafe code, which stays out of
    // this crate where there is another way.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
