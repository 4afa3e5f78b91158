//! What a row costs in each stage of a run, and which stage holds the run back.

use std::time::Duration;

use super::{Limit, Report};

/// Processor time by stage, and the bytes that passed.
#[derive(Debug, Clone)]
pub struct Costs {
    rows: u64,
    elapsed: Duration,
    generation: Duration,
    encoding: Duration,
    writing: Duration,
    /// Time that the writers worked or waited for the disk.
    busy: Duration,
    /// Bytes that the sinks took.
    bytes: u64,
    limited_by: Limit,
}

/// What a faster run would need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bottleneck {
    /// Most processor time goes into values.
    Generation,
    /// Most processor time goes into encoding.
    Encoding,
    /// Most processor time goes into writing, or workers wait for it.
    Writing,
    /// Writers wait for the disk.
    Disk,
    /// Batches and files pass at the speed of memory.
    Memory,
    /// Workers wait for the rate that was asked for.
    Pace,
    /// There is too little to do, or rows come too slowly.
    Idle,
}

impl Costs {
    /// The costs of a run.
    pub fn of(report: &Report) -> Self {
        let writers =
            |time: fn(&super::SinkReport) -> Duration| report.sinks.iter().map(time).sum();
        Self {
            rows: report.rows,
            elapsed: report.elapsed,
            generation: report.times.making,
            encoding: report.times.encoding,
            writing: writers(|sink| sink.cpu),
            busy: writers(|sink| sink.busy),
            bytes: report.sinks.iter().map(|sink| sink.bytes).sum(),
            limited_by: report.limited_by.clone(),
        }
    }

    /// Nanoseconds a row of generation, encoding and writing.
    pub fn nanoseconds(&self) -> [f64; 3] {
        [self.generation, self.encoding, self.writing]
            .map(|time| time.as_secs_f64() * 1e9 / self.rows.max(1) as f64)
    }

    /// The share of the run in which writers worked; more than 1 where several did at once.
    pub fn busy_share(&self) -> f64 {
        self.busy.as_secs_f64() / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Bytes that the sinks took.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Bytes a second that pass through memory when batches hold `batch_bytes` a row: each is
    /// written once and read once, by whoever comes next.
    pub fn traffic(&self, batch_bytes: f64) -> f64 {
        let bytes = batch_bytes * self.rows as f64 + self.bytes as f64;
        2.0 * bytes / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// What holds the run back, on a machine that fills `memory` bytes a second.
    pub fn bottleneck(&self, batch_bytes: f64, memory: f64) -> Bottleneck {
        // A writer's wall time less its processor time is time in which the system had its bytes:
        // waiting for the disk.
        let blocked = self.busy.saturating_sub(self.writing);
        let [generation, encoding, writing] = [self.generation, self.encoding, self.writing];
        // What comes first hides the rest: with a disk that is full of work the processor's shares
        // say nothing.
        if blocked * 2 > self.elapsed {
            Bottleneck::Disk
        } else if self.limited_by == Limit::Pace {
            Bottleneck::Pace
        } else if self.traffic(batch_bytes) >= memory {
            Bottleneck::Memory
        } else if matches!(self.limited_by, Limit::Size | Limit::Ends | Limit::Source) {
            Bottleneck::Idle
        // Nine tenths of one thread: writing in order cannot be shared, so that more workers would
        // not help. No measurement is behind the tenth.
        } else if writing >= generation.max(encoding) || self.busy_share() > 0.9 {
            Bottleneck::Writing
        } else if generation >= encoding {
            Bottleneck::Generation
        } else {
            Bottleneck::Encoding
        }
    }
}

impl Bottleneck {
    /// It, in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Generation => "generation",
            Self::Encoding => "encoding",
            Self::Writing => "writing",
            Self::Disk => "writing: the disk",
            Self::Memory => "the machine's memory",
            Self::Pace => "the rate that was asked for",
            Self::Idle => "nothing: there was too little to do for all workers",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run of one second and 1000 rows: milliseconds of generation, encoding, writing, and of
    /// its writer being busy.
    fn costs(stages: [u64; 3], busy: u64) -> Costs {
        let [generation, encoding, writing] = stages.map(Duration::from_millis);
        Costs {
            rows: 1000,
            elapsed: Duration::from_secs(1),
            generation,
            encoding,
            writing,
            busy: Duration::from_millis(busy),
            bytes: 50_000,
            limited_by: Limit::Processor,
        }
    }

    #[test]
    fn the_greatest_cost_limits() {
        let limit = |stages, busy| costs(stages, busy).bottleneck(100.0, 1e9);
        assert_eq!(limit([900, 600, 100], 100), Bottleneck::Generation);
        assert_eq!(limit([600, 900, 100], 100), Bottleneck::Encoding);
        assert_eq!(limit([300, 400, 500], 500), Bottleneck::Writing);
        assert_eq!(limit([600, 900, 850], 950), Bottleneck::Writing);
        assert_eq!(limit([600, 900, 100], 950), Bottleneck::Disk);
    }

    #[test]
    fn a_pace_and_the_memory_limit_before_the_processor() {
        let mut run = costs([900, 600, 100], 100);
        assert_eq!(run.traffic(100.0), 300_000.0);
        assert_eq!(run.bottleneck(100.0, 300_000.0), Bottleneck::Memory);
        run.limited_by = Limit::Pace;
        assert_eq!(run.bottleneck(100.0, 300_000.0), Bottleneck::Pace);
        run.limited_by = Limit::Size;
        assert_eq!(run.bottleneck(100.0, 1e9), Bottleneck::Idle);
    }

    #[test]
    fn costs_are_told_for_a_row() {
        let run = costs([900, 600, 100], 150);
        assert_eq!(run.nanoseconds(), [900_000.0, 600_000.0, 100_000.0]);
        assert_eq!((run.busy_share(), run.bytes()), (0.15, 50_000));
    }
}
