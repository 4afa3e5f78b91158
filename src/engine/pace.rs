//! Rows a second: when a row is due, and how long until then.

use std::time::{Duration, Instant};

/// A steady rate from a start on.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    start: Instant,
    rows_per_second: f64,
}

impl Pace {
    /// A pace of so many rows a second from now on.
    pub fn new(rows_per_second: f64) -> Self {
        Self {
            start: Instant::now(),
            rows_per_second,
        }
    }

    /// When row `row`, counted from this run's first, is due.
    pub fn due(&self, row: u64) -> Instant {
        self.start + Duration::from_secs_f64(row as f64 / self.rows_per_second)
    }

    /// How long until row `row` is due; nothing when it already is.
    pub fn wait(&self, row: u64) -> Option<Duration> {
        let wait = self.due(row).saturating_duration_since(Instant::now());
        (!wait.is_zero()).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_due_evenly() {
        let pace = Pace::new(3000.0);
        assert_eq!(pace.due(3000) - pace.due(0), Duration::from_secs(1));
        assert_eq!(
            pace.due(1) - pace.due(0),
            Duration::from_secs_f64(1.0 / 3000.0)
        );
        assert_eq!(pace.wait(0), None);
    }
}
