//! What a sink counts while it works: read by the progress lines, summed up in the report.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Figures of one sink, moved once per batch.
#[derive(Debug, Default)]
pub struct Counters {
    rows: AtomicU64,
    bytes: AtomicU64,
    errors: AtomicU64,
    rejected: AtomicU64,
    encoding: AtomicU64,
}

impl Counters {
    /// Rows and bytes that arrived.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Workers spent so much processor time on encoding for this sink.
    pub fn encode(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.encoding.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Processor time of the workers that was spent on encoding.
    pub fn encoding(&self) -> Duration {
        Duration::from_nanos(self.encoding.load(Ordering::Relaxed))
    }

    /// Rows that the target cannot take were left out.
    pub fn reject(&self, rows: u64) {
        self.rejected.fetch_add(rows, Ordering::Relaxed);
    }

    /// Rows that were left out.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// Something went wrong.
    pub fn error(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }

    /// Rows that arrived.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes that arrived, as encoded.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How much went wrong.
    pub fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }
}
