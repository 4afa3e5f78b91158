//! The clock of sessions at work: tokio's.

use std::future::Future;
use std::time::{Duration, Instant};

use super::Clock;

/// The system's clock, to be waited on within the runtime.
#[derive(Debug, Clone, Copy)]
pub struct Tokio(Instant);

impl Tokio {
    /// It runs from now on.
    #[expect(
        clippy::new_without_default,
        reason = "no two are alike, a default suggests otherwise"
    )]
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

impl Clock for Tokio {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> {
        tokio::time::sleep(time)
    }
}
