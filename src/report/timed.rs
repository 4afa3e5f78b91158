//! What of a stream is timed, as it is called wherever it is told.

use std::fmt;

use super::{ClockReading, Percentiles};

/// One thing that was timed.
pub struct Timed<'a> {
    /// Its name in JSON.
    pub key: &'static str,
    /// Its name for people.
    pub name: &'static str,
    /// How long it took.
    pub times: &'a Percentiles,
}

impl ClockReading {
    /// All of them, in the order in which they are told.
    pub fn timed(&self) -> [Timed<'_>; 7] {
        [
            ("preparation", "Preparation", &self.preparation),
            ("lateness", "Late against the intended send", &self.lateness),
            ("clock_offset", "Clock offset", &self.clock_offset),
            ("network_delay", "Network delay", &self.network_delay),
            (
                "processing_delay",
                "Processing delay",
                &self.processing_delay,
            ),
            (
                "total_delay",
                "Total delay (service time)",
                &self.total_delay,
            ),
            (
                "response_time",
                "Response time, from the intended send",
                &self.response_time,
            ),
        ]
        .map(|(key, name, times)| Timed { key, name, times })
    }
}

/// Milliseconds; `-` where nothing was measured.
impl fmt::Display for Timed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name;
        if self.times.count == 0 {
            return write!(f, "{name} (ms): -");
        }
        let [mean, p50, p70, p99, p999, max] = self.times.figures().map(|micros| micros / 1e3);
        write!(
            f,
            "{name} (ms): mean {mean:.3}, P50 {p50:.3}, P70 {p70:.3}, P99 {p99:.3}, P99.9 {p999:.3}, max {max:.3}"
        )
    }
}
