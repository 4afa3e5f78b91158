//! When a run ends early: a signal, a deadline, a failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Instant;

/// Shared by everything that may end a run or must notice that it ends.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    inner: Arc<StopState>,
    /// The stop of the whole, of which this one is a part.
    other: Option<Arc<StopState>>,
}

#[derive(Debug, Default)]
struct StopState {
    requested: AtomicBool,
    failed: AtomicBool,
    signal: AtomicI32,
    in_time: AtomicBool,
}

impl Stop {
    /// A stop for a part: requested, too, when `other` is; requesting it ends nothing else.
    pub fn of(other: &Self) -> Self {
        Self {
            inner: Arc::default(),
            other: Some(other.inner.clone()),
        }
    }

    /// Notes a signal that asks for the stop; false if one has asked before.
    pub fn interrupt(&self, signal: i32) -> bool {
        let first = self.inner.signal.swap(signal, Ordering::SeqCst) == 0;
        self.request();
        first
    }

    /// No new batch is begun from here on.
    pub fn request(&self) {
        self.inner.requested.store(true, Ordering::SeqCst);
    }

    /// The run cannot succeed any more.
    pub fn fail(&self) {
        self.inner.failed.store(true, Ordering::SeqCst);
        self.request();
    }

    /// True once the run is to end.
    pub fn requested(&self) -> bool {
        let of = |inner: &Arc<StopState>| inner.requested.load(Ordering::Relaxed);
        of(&self.inner) || self.other.as_ref().is_some_and(of)
    }

    /// True once it failed.
    pub fn failed(&self) -> bool {
        self.inner.failed.load(Ordering::Relaxed)
    }

    /// The signal that asked for the stop.
    pub fn signal(&self) -> Option<i32> {
        let of = |inner: &Arc<StopState>| {
            Some(inner.signal.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
        };
        of(&self.inner).or_else(|| self.other.as_ref().and_then(of))
    }

    /// Requests the stop once `deadline` has passed; true then.
    pub fn at_deadline(&self, deadline: Option<Instant>) -> bool {
        let over = deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if over {
            // A run that was asked to stop earlier has not lasted its whole time.
            let before = self.inner.requested.swap(true, Ordering::SeqCst);
            self.inner.in_time.fetch_or(!before, Ordering::SeqCst);
        }
        over
    }

    /// True once the run has ended because its time was over, as it should.
    pub fn in_time(&self) -> bool {
        self.inner.in_time.load(Ordering::SeqCst)
    }
}
