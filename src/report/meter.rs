//! What a source or a sink counts while it works: read by whoever watches the run, summed up in the
//! report. Moved once a batch, never once a row.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde::Serialize;

use super::clocks::Clocks;
use super::distribution::{Distribution, Quantiles};
use crate::sync::lock;

/// Figures of one source or sink.
#[derive(Debug, Default)]
pub struct Meter {
    // Plain counters are atomics, which cost nothing worth naming once a batch; what has a key or a
    // shape is behind a lock of its own.
    rows: AtomicU64,
    bytes: AtomicU64,
    retries: AtomicU64,
    rejected: AtomicU64,
    left_out: AtomicU64,
    encoding: AtomicU64,
    errors: Mutex<BTreeMap<String, u64>>,
    lag: Mutex<BTreeMap<i32, u64>>,
    hidden: Mutex<BTreeSet<PathBuf>>,
    /// Rows and bytes in files that do not have their names yet.
    unnamed: Mutex<(u64, u64)>,
    batch_rows: Distribution,
    batch_micros: Distribution,
    commit_micros: Distribution,
    service_micros: Distribution,
    response_micros: Distribution,
    /// Connections that are open.
    open: Mutex<BTreeSet<usize>>,
    /// Why a server does not do what it should, by who has found it out.
    troubles: Mutex<BTreeMap<usize, String>>,
    /// The times of messages, where a sink measures them.
    clocks: OnceLock<Clocks>,
}

/// Figures of a meter at one moment.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Reading {
    /// Rows that arrived.
    pub rows: u64,
    /// Bytes that arrived.
    pub bytes: u64,
    /// What went wrong, by kind.
    pub errors: BTreeMap<String, u64>,
    /// How often something was tried again.
    pub retries: u64,
    /// Rows that were left out.
    pub rejected: u64,
    /// Rows that wait, by partition.
    pub lag: BTreeMap<i32, u64>,
    /// Rows of the batches.
    pub batch_rows: Quantiles,
    /// Microseconds that a batch took.
    pub batch_micros: Quantiles,
    /// Microseconds that a commit took.
    pub commit_micros: Quantiles,
    /// Connections that are open.
    pub connections: u64,
    /// Why a server does not do what it should, now.
    pub troubles: Vec<String>,
}

/// What transactions took, in microseconds.
#[derive(Debug, Clone, Serialize)]
pub struct Transactions {
    /// From the moment at which a connection took them.
    pub service: Quantiles,
    /// From the moment at which their first row was due, where a rate was asked for: what waited for a slow
    /// server waited, too.
    pub response: Option<Quantiles>,
}

/// The bounds of rows a batch.
// The old service's buckets of `kafka_batch_size`, which its dashboards draw.
const ROWS: &[u64] = &[10, 50, 100, 500, 1000, 2500, 5000, 10_000];

/// The bounds of microseconds: those that Prometheus has for seconds.
const MICROS: &[u64] = &[
    5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];

impl Meter {
    /// Rows and bytes that arrived.
    pub fn add(&self, rows: u64, bytes: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// A batch of so many rows took so long: to read and decode, or to encode.
    pub fn batch(&self, rows: u64, took: Duration) {
        self.batch_rows.record(rows, ROWS);
        self.batch_micros.record(micros(took), MICROS);
    }

    /// A commit took so long.
    pub fn commit(&self, took: Duration) {
        self.commit_micros.record(micros(took), MICROS);
    }

    /// A transaction took so long; and so long after its first row was due it was committed.
    pub fn transaction(&self, service: Duration, response: Option<Duration>) {
        self.service_micros.record(micros(service), MICROS);
        if let Some(response) = response {
            self.response_micros.record(micros(response), MICROS);
        }
    }

    /// What transactions took, where the sink times them.
    pub fn transactions(&self) -> Option<Transactions> {
        let service = self.service_micros.quantiles(MICROS);
        (service.count > 0).then(|| Transactions {
            service,
            response: Some(self.response_micros.quantiles(MICROS)).filter(|one| one.count > 0),
        })
    }

    /// Workers spent so much processor time on encoding.
    pub fn encode(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.encoding.fetch_add(nanos, Ordering::Relaxed);
    }

    /// Processor time of the workers that was spent on encoding.
    pub fn encoding(&self) -> Duration {
        Duration::from_nanos(self.encoding.load(Ordering::Relaxed))
    }

    /// Rows were left out.
    pub fn reject(&self, rows: u64) {
        self.rejected.fetch_add(rows, Ordering::Relaxed);
    }

    /// Rows that were left out.
    pub fn rejected(&self) -> u64 {
        self.rejected.load(Ordering::Relaxed)
    }

    /// `where` left out rows of the table.
    pub fn leave_out(&self, rows: u64) {
        self.left_out.fetch_add(rows, Ordering::Relaxed);
    }

    /// Rows of the table that `where` left out.
    pub fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// Something of this kind went wrong.
    pub fn error(&self, kind: &str) {
        let mut errors = lock(&self.errors);
        match errors.get_mut(kind) {
            Some(count) => *count += 1,
            None => {
                errors.insert(kind.to_string(), 1);
            }
        }
    }

    /// How much went wrong.
    pub fn errors(&self) -> u64 {
        lock(&self.errors).values().sum()
    }

    /// Where messages and their replies are timed.
    pub fn clocks(&self) -> &Clocks {
        self.clocks.get_or_init(Clocks::default)
    }

    /// The same, where somebody times them.
    pub fn timed(&self) -> Option<&Clocks> {
        self.clocks.get()
    }

    /// A connection is open, or is not.
    pub fn connected(&self, connection: usize, open: bool) {
        let mut all = lock(&self.open);
        match open {
            true => all.insert(connection),
            false => all.remove(&connection),
        };
    }

    /// Why a server does not do what it should, by who has found it out; nothing when it does again.
    pub fn trouble(&self, who: usize, trouble: Option<String>) {
        let mut all = lock(&self.troubles);
        match trouble {
            Some(trouble) => all.insert(who, trouble),
            None => all.remove(&who),
        };
    }

    /// What is wrong now, each once.
    fn troubles(&self) -> Vec<String> {
        let all = lock(&self.troubles);
        // Twenty consumers that meet one dead broker say the same.
        let each: BTreeSet<&String> = all.values().collect();
        each.into_iter().cloned().collect()
    }

    /// Something was tried again.
    pub fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes how many rows of a partition wait to be read.
    pub fn lag(&self, partition: i32, rows: u64) {
        lock(&self.lag).insert(partition, rows);
    }

    /// Forgets a partition that another process reads now: its lag is not known here.
    pub fn no_lag(&self, partition: i32) {
        lock(&self.lag).remove(&partition);
    }

    /// Rows that wait to be read, by partition.
    pub fn lags(&self) -> BTreeMap<i32, u64> {
        lock(&self.lag).clone()
    }

    /// A hidden file is there until the output is published.
    pub fn leaves(&self, path: PathBuf) {
        lock(&self.hidden).insert(path);
    }

    /// A hidden file has its name.
    pub fn named(&self, path: &Path) {
        lock(&self.hidden).remove(path);
    }

    /// Counts rows and bytes, among those that arrived, that went into files without a final name.
    pub fn unnamed(&self, rows: u64, bytes: u64) {
        let mut unnamed = lock(&self.unnamed);
        *unnamed = (unnamed.0 + rows, unnamed.1 + bytes);
    }

    /// Counts those of them whose files now have their final names.
    pub fn seen(&self, rows: u64, bytes: u64) {
        let mut unnamed = lock(&self.unnamed);
        *unnamed = (
            unnamed.0.saturating_sub(rows),
            unnamed.1.saturating_sub(bytes),
        );
    }

    /// Rows and bytes that nothing can take away any more, once a sink has ended without a commit.
    pub fn safe(&self) -> (u64, u64) {
        let (rows, bytes) = *lock(&self.unnamed);
        (
            // A sink that published nothing once told of all rows that it had put into hidden
            // files.
            self.rows().saturating_sub(rows),
            self.bytes().saturating_sub(bytes),
        )
    }

    /// The hidden files that are still there.
    pub fn left(&self) -> Vec<PathBuf> {
        let hidden = lock(&self.hidden);
        hidden
            .iter()
            // What was noted as hidden may have got its name since, or been removed with its
            // folder.
            .filter(|path| path.exists())
            .cloned()
            .collect()
    }

    /// Rows that arrived.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes that arrived: of files what is in them, of messages their keys and values.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// All figures now.
    pub fn read(&self) -> Reading {
        Reading {
            rows: self.rows(),
            bytes: self.bytes(),
            errors: lock(&self.errors).clone(),
            retries: self.retries.load(Ordering::Relaxed),
            rejected: self.rejected(),
            lag: self.lags(),
            batch_rows: self.batch_rows.quantiles(ROWS),
            batch_micros: self.batch_micros.quantiles(MICROS),
            commit_micros: self.commit_micros.quantiles(MICROS),
            connections: lock(&self.open).len() as u64,
            troubles: self.troubles(),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_reads_what_was_counted() {
        let meter = Meter::default();
        assert_eq!(meter.read().batch_rows.count, 0);
        for rows in 1..=100 {
            meter.add(rows, 2 * rows);
            meter.batch(rows, Duration::from_micros(rows));
        }
        meter.error("time-out");
        meter.error("time-out");
        meter.retry();
        meter.reject(3);
        meter.lag(7, 40);
        let read = meter.read();
        assert_eq!((read.rows, read.bytes, read.rejected), (5050, 10_100, 3));
        assert_eq!((read.errors["time-out"], read.retries), (2, 1));
        assert_eq!(read.lag[&7], 40);
        meter.no_lag(7);
        assert!(meter.lags().is_empty());
        let counts = read.batch_rows.buckets.iter().map(|(_, count)| *count);
        assert!(counts.eq([10, 40, 50, 0, 0, 0, 0, 0]), "{read:?}");
        assert_eq!(read.batch_rows.sum, 5050);
        let rows = read.batch_rows;
        assert_eq!(
            (rows.count, rows.p50, rows.p99, rows.max),
            (100, 50, 99, 100)
        );
    }

    #[test]
    fn a_distribution_has_room_for_what_comes() {
        for most in [1_000, 70_000, 3_600_000_000, u64::MAX / 1000] {
            let meter = Meter::default();
            for part in 1..=1000 {
                meter.commit(Duration::from_micros(most / 1000 * part));
            }
            let read = meter.read().commit_micros;
            let near = |found: u64, expected: u64| found.abs_diff(expected) <= expected / 100;
            assert_eq!(read.count, 1000);
            assert!(
                near(read.p50, most / 2) && near(read.p95, most / 100 * 95),
                "{read:?}"
            );
            assert!(near(read.max, most), "{read:?}");
            let counted: u64 = read.buckets.iter().map(|(_, count)| count).sum();
            let parts = (1..=1000).map(|part| most / 1000 * part);
            let below = parts.filter(|part| *part <= MICROS[MICROS.len() - 1]);
            assert_eq!(counted, below.count() as u64);
        }
    }
}
