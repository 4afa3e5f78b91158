//! What happens in a service over time: rows since the last reset, and the throughput of the last minutes.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Service, schedule, timestamp};
use crate::sync::lock;

/// A point of the history stands for so long.
const STEP: Duration = Duration::from_secs(1);

/// How many points are kept: five minutes of them.
const POINTS: usize = 300;

/// What was seen so far.
#[derive(Default)]
pub struct Watch(Mutex<WatchedFigures>);

#[derive(Default)]
struct WatchedFigures {
    /// The figures of each pipeline's run when they were last looked at.
    last: Vec<Figures>,
    /// All of them together, over runs that began anew.
    total: Figures,
    sent: (u64, u64),
    reset: Reset,
    history: VecDeque<Point>,
    point: Option<(Instant, Figures)>,
}

/// Rows, each counted once where it went in and at every sink where it came out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Figures {
    read: u64,
    written: u64,
    rejected: u64,
}

/// Where counting began.
#[derive(Default)]
struct Reset {
    figures: Figures,
    sent: (u64, u64),
    /// The first and the last time that something happened since.
    first: Option<Instant>,
    last: Option<Instant>,
}

/// A second of the history.
#[derive(Debug, Clone)]
struct Point {
    time: String,
    read: f64,
    written: f64,
}

impl Figures {
    /// The figures of a pipeline, or of a schedule, which stand behind the pipelines: its rows
    /// count as read and written at once.
    fn of(service: &Service, pipeline: usize) -> Option<Self> {
        let Some(supervised) = service.pipelines.get(pipeline) else {
            let schedule = &service.schedules[pipeline - service.pipelines.len()];
            let rows = schedule.with_board(schedule::rows);
            return Some(Self {
                read: rows,
                written: rows,
                rejected: 0,
            });
        };
        let status = supervised.figures()?;
        let (sources, sinks) = (&status.sources, &status.sinks);
        Some(Self {
            read: sources.iter().map(|one| one.figures.rows).sum(),
            written: sinks.iter().map(|one| one.figures.rows).sum(),
            rejected: sources
                .iter()
                .map(|one| one.figures.rejected)
                .chain(sinks.iter().map(|one| one.figures.rejected))
                .sum(),
        })
    }

    /// What was added since `before`; all of it where a run has begun anew.
    fn since(self, before: Self) -> Self {
        // A counter that fell belongs to another run, of which everything is new.
        let added = |now: u64, then: u64| now.checked_sub(then).unwrap_or(now);
        Self {
            read: added(self.read, before.read),
            written: added(self.written, before.written),
            rejected: added(self.rejected, before.rejected),
        }
    }

    fn add(&mut self, more: Self) {
        self.read += more.read;
        self.written += more.written;
        self.rejected += more.rejected;
    }
}

impl Watch {
    /// Looks at all pipelines.
    pub fn look(&self, service: &Service) {
        let now = Instant::now();
        let seen = &mut *lock(&self.0);
        let all = service.pipelines.len() + service.schedules.len();
        seen.last.resize(all, Figures::default());
        let mut more = Figures::default();
        for (pipeline, last) in seen.last.iter_mut().enumerate() {
            // The figures of a run that has ended are forgotten at once. While they were kept, a
            // new run that had grown past them before the next look lost as many rows from the
            // totals.
            let figures = Figures::of(service, pipeline).unwrap_or_default();
            more.add(figures.since(*last));
            *last = figures;
        }
        seen.total.add(more);
        let senders = service.offer.senders.iter();
        let figures = senders.map(|(_, sender)| sender.figures());
        seen.sent = figures.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        if more != Figures::default() {
            // Time counts from the first row after a reset, not from the reset: people reset first
            // and send afterwards.
            seen.reset.first.get_or_insert(now);
            seen.reset.last = Some(now);
        }
        seen.remember(now);
    }

    /// Counts from 0 again.
    pub fn reset(&self) {
        let seen = &mut *lock(&self.0);
        seen.reset = Reset {
            figures: seen.total,
            sent: seen.sent,
            ..Reset::default()
        };
    }

    /// Rows since the last reset.
    pub fn tracked(&self) -> Value {
        lock(&self.0).tracked()
    }

    /// Rows a second, over the last minutes.
    pub fn history(&self) -> Value {
        let seen = lock(&self.0);
        let points = seen.history.iter();
        points
            .map(|point| json!({"time": point.time, "read": point.read, "written": point.written}))
            .collect()
    }
}

impl WatchedFigures {
    fn tracked(&self) -> Value {
        let figures = self.total.since(self.reset.figures);
        let sent = self.sent.0 - self.reset.sent.0;
        let unsent = self.sent.1 - self.reset.sent.1;
        let span = self.reset.first.zip(self.reset.last);
        // Rows that were first seen at one look may have taken until then since the look before.
        let elapsed = span.map_or(Duration::ZERO, |(first, last)| last - first + super::LOOK);
        let rate = match elapsed.is_zero() {
            true => 0.0,
            false => figures.written as f64 / elapsed.as_secs_f64(),
        };
        json!({
            "processed_records": figures.written,
            "total_time_ms": elapsed.as_millis() as u64,
            "throughput": (rate * 100.0).round() / 100.0,
            "sent_records": sent,
            "failed_records": figures.rejected + unsent,
            // Everything that was sent is in the sinks or was refused on the way.
            "complete": sent > 0 && figures.written + figures.rejected >= sent,
        })
    }

    fn remember(&mut self, now: Instant) {
        let (since, before) = *self.point.get_or_insert((now, self.total));
        let passed = now - since;
        if passed < STEP {
            return;
        }
        let more = self.total.since(before);
        let rate = |rows: u64| (rows as f64 / passed.as_secs_f64()).round();
        self.history.push_back(Point {
            time: timestamp(),
            read: rate(more.read),
            written: rate(more.written),
        });
        if self.history.len() > POINTS {
            self.history.pop_front();
        }
        self.point = Some((now, self.total));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(read: u64, written: u64, rejected: u64) -> Figures {
        Figures {
            read,
            written,
            rejected,
        }
    }

    #[test]
    fn a_run_that_begins_anew_counts_on() {
        let mut total = figures(10, 8, 1);
        total.add(figures(4, 3, 0).since(figures(9, 8, 1)));
        // Fewer rows than before are a new run's.
        assert_eq!(total, figures(14, 11, 1));
    }

    #[test]
    fn a_reset_forgets_what_was() {
        let mut seen = WatchedFigures {
            total: figures(100, 90, 10),
            sent: (100, 0),
            ..WatchedFigures::default()
        };
        assert_eq!(seen.tracked()["complete"], true);
        seen.reset.figures = seen.total;
        seen.reset.sent = seen.sent;
        let told = seen.tracked();
        assert_eq!(
            (&told["processed_records"], &told["complete"]),
            (&json!(0), &json!(false))
        );
        seen.sent = (150, 0);
        seen.total.add(figures(50, 20, 0));
        assert_eq!(seen.tracked()["complete"], false);
        seen.total.add(figures(0, 29, 1));
        let told = seen.tracked();
        assert_eq!(told["complete"], true);
        assert_eq!(
            (&told["sent_records"], &told["failed_records"]),
            (&json!(50), &json!(1))
        );
    }
}
