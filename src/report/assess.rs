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
    /// Workers spent most of their time making values.
    Generation,
    /// Workers spent most of their time encoding.
    Encoding,
    /// Workers waited for this sink's writer, or wrote to it themselves.
    Sink(String),
    /// Workers waited because a rate was asked for, or there was too little to do.
    Pace,
}

impl Assessment {
    /// The thresholds, for messages.
    pub const THRESHOLDS: &'static str =
        "EXCELLENT from 1 000 000 rows/s, GOOD from 300 000, MODERATE from 100 000, LOW below";

    /// The assessment of a rate.
    pub fn of(rows_per_second: f64) -> Self {
        match rows_per_second {
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
    /// Whatever took most of the time.
    pub fn of(times: &Times, sinks: &[SinkReport], elapsed: Duration) -> Self {
        let working = times.making + times.encoding;
        if times.waiting + times.writing > working {
            let busiest = sinks.iter().max_by_key(|sink| sink.busy);
            return match busiest {
                Some(sink) if sink.busy * 2 > elapsed => Self::Sink(sink.name.clone()),
                _ => Self::Pace,
            };
        }
        match times.making >= times.encoding {
            true => Self::Generation,
            false => Self::Encoding,
        }
    }

    /// It, in words.
    pub fn describe(&self) -> String {
        match self {
            Self::Generation => "making values".into(),
            Self::Encoding => "encoding".into(),
            Self::Sink(name) => format!("writing to `{name}`"),
            Self::Pace => "nothing: workers waited for the pace".into(),
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

    #[test]
    fn the_limit_is_what_took_the_time() {
        let second = Duration::from_secs(1);
        let times = |making, encoding, waiting| Times {
            making,
            encoding,
            writing: Duration::ZERO,
            waiting,
        };
        let mut sink = SinkReport::new("disk", "file", "t");
        sink.busy = second;
        let none = Duration::ZERO;
        assert_eq!(
            Limit::of(&times(second, none, none), &[], second),
            Limit::Generation
        );
        assert_eq!(
            Limit::of(&times(none, second, none), &[], second),
            Limit::Encoding
        );
        assert_eq!(
            Limit::of(&times(none, none, second), &[sink], second),
            Limit::Sink("disk".into())
        );
        assert_eq!(
            Limit::of(&times(none, none, second), &[], second),
            Limit::Pace
        );
    }
}
