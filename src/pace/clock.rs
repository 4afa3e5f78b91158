//! What time it is: the machine's, or in tests one that stands still.

use std::time::{Duration, Instant};

/// Time, or a stand-in for it in tests.
pub trait Clock: Send + Sync {
    /// How long the clock has been running.
    fn now(&self) -> Duration;

    /// Waits at most so long.
    fn sleep(&self, time: Duration);

    /// Lets a moment pass without giving the processor away.
    fn spin(&self) {
        std::hint::spin_loop();
    }
}

/// The machine's own time.
#[derive(Debug)]
pub struct MachineClock(Instant);

impl Default for MachineClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
