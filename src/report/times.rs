//! Where the workers' time went.

use std::time::Duration;

use serde::Serialize;

use super::seconds;

/// Where the workers' time went, summed over them.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Times {
    /// Processor seconds making batches.
    #[serde(serialize_with = "seconds")]
    pub making: Duration,
    /// Processor seconds encoding them.
    #[serde(serialize_with = "seconds")]
    pub encoding: Duration,
    /// Seconds writing to sinks that have no thread for it.
    #[serde(serialize_with = "seconds")]
    pub writing: Duration,
    /// Seconds waiting for a slow sink, or for the pace.
    #[serde(serialize_with = "seconds")]
    pub waiting: Duration,
}

impl Times {
    /// Adds what another worker has spent.
    pub fn add(&mut self, other: &Self) {
        self.making += other.making;
        self.encoding += other.encoding;
        self.writing += other.writing;
        self.waiting += other.waiting;
    }
}
