//! What a rate is worth, and what held it back.

use std::time::Duration;

use serde::Serialize;

use super::{SinkReport, Times};

/// A rate against stated thresholds, in rows a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Assessment {
    /// From 1 000 000 rows a second.
    Excellent,
    /// From 300 000: what the casino program this replaces reached at its best.
    Good,
    /// From 100 000.
    Moderate,
    /// Below.
    Low,
}

/// What a faster run would need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Making values took half of the workers' time and more.
    Generation,
    /// Encoding did.
    Encoding,
    /// Both together did.
    Processor,
    /// Workers waited for this sink's writer, or wrote to it themselves.
    Sink(String),
    /// Workers waited because a rate was asked for.
    Pace,
    /// Workers waited for rows that come from outside.
    Source,
    /// Opening, closing and syncing took most of the time.
    Ends,
    /// There was less to do than workers to do it.
    Size,
}

/// What is known of a run's work, to tell what limited it.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Where the workers' time went.
    pub times: &'a Times,
    /// How many they were.
    pub threads: usize,
    /// From start to end.
    pub elapsed: Duration,
    /// A rate was asked for.
    pub paced: bool,
    /// Rows came from outside, as they came.
    pub streams: bool,
}

impl Assessment {
    /// The thresholds, for messages.
    pub const THRESHOLDS: &'static str =
        "EXCELLENT from 1 000 000 rows/s, GOOD from 300 000, MODERATE from 100 000, LOW below";

    /// The assessment of a rate.
    pub fn of(rows_per_second: f64) -> Self {
        match rows_per_second {
            // The words of the old program, told only by `log: { style: producer }`. The thresholds
            // stand in the same log line, so that no word is read without them.
            rate if rate >= 1e6 => Self::Excellent,
            rate if rate >= 3e5 => Self::Good,
            rate if rate >= 1e5 => Self::Moderate,
            _ => Self::Low,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Excellent => "EXCELLENT",
            Self::Good => "GOOD",
            Self::Moderate => "MODERATE",
            Self::Low => "LOW",
        }
    }
}

impl Limit {
    /// What took half of the workers' time or more; else what they waited for.
    pub fn of(work: &Work<'_>, sinks: &[SinkReport]) -> Self {
        let times = work.times;
        let capacity = work.elapsed * u32::try_from(work.threads.max(1)).unwrap_or(u32::MAX);
        let half = capacity / 2;
        // Half of the workers' time, not the largest part: a run of which a third was encoding was
        // once told to be limited by encoding, though two thirds were not.
        if times.making >= half {
            return Self::Generation;
        }
        if times.encoding >= half {
            return Self::Encoding;
        }
        if times.making + times.encoding >= half {
            return Self::Processor;
        }
        // Writers have threads of their own, so that a sink can hold the run back while workers
        // have time.
        let busiest = sinks.iter().max_by_key(|sink| sink.busy);
        if let Some(sink) = busiest.filter(|sink| sink.busy * 2 > work.elapsed) {
            return Self::Sink(sink.name.clone());
        }
        let spent = times.making + times.encoding + times.writing + times.waiting;
        match capacity.saturating_sub(spent) {
            // Only where a rate was asked for: a run without one was once told to have waited for
            // the pace.
            _ if times.waiting >= half && work.paced => Self::Pace,
            _ if times.waiting >= half && work.streams => Self::Source,
            ends if ends > times.waiting => Self::Ends,
            _ => Self::Size,
        }
    }

    /// It, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Generation => "making values".into(),
            Self::Encoding => "encoding".into(),
            Self::Processor => "the processor: making values and encoding".into(),
            Self::Sink(name) => format!("writing to `{name}`"),
            Self::Pace => "the rate that was asked for".into(),
            Self::Source => "its source: workers waited for rows".into(),
            Self::Ends => "opening and closing: it is too short for more".into(),
            Self::Size => "nothing: there was too little to do for all workers".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_assessed_by_its_threshold() {
        let names = [2e6, 1e6, 5e5, 1.5e5, 1.0].map(|rate| Assessment::of(rate).name());
        assert_eq!(names, ["EXCELLENT", "EXCELLENT", "GOOD", "MODERATE", "LOW"]);
    }

    /// Of a run of one second on two threads, with a sink that was busy for so long.
    fn limit(making: u64, encoding: u64, waiting: u64, busy: u64, paced: bool) -> Limit {
        let times = Times {
            making: Duration::from_millis(making),
            encoding: Duration::from_millis(encoding),
            writing: Duration::ZERO,
            waiting: Duration::from_millis(waiting),
        };
        let mut sink = SinkReport::new("disk", "file", "t");
        sink.busy = Duration::from_millis(busy);
        let work = Work {
            times: &times,
            threads: 2,
            elapsed: Duration::from_secs(1),
            paced,
            streams: false,
        };
        Limit::of(&work, &[sink])
    }

    #[test]
    fn the_limit_is_what_took_half_of_the_time() {
        assert_eq!(limit(1200, 600, 100, 100, false), Limit::Generation);
        assert_eq!(limit(600, 1200, 100, 100, false), Limit::Encoding);
        assert_eq!(limit(700, 650, 100, 900, false), Limit::Processor);
        assert_eq!(
            limit(300, 300, 1200, 900, false),
            Limit::Sink("disk".into())
        );
    }

    #[test]
    fn who_waits_without_a_rate_does_not_wait_for_one() {
        assert_eq!(limit(50, 60, 1800, 100, true), Limit::Pace);
        assert_eq!(limit(50, 60, 1800, 100, false), Limit::Size);
        // A third of the time is not what limits.
        assert_eq!(limit(10, 700, 100, 100, true), Limit::Ends);
    }
}
