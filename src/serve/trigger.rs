//! Rows that are made when they are asked for: several askers at once, each gets rows of its own.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::engine::{self, RunOptions, Stop};
use crate::error::Result;
use crate::plan::Plan;
use crate::sync::lock;

/// How many calls are worked on at once: each has workers of its own.
// A choice, as are the two below; 10 000 rows is the default of the old service's endpoint.
const MOST_AT_ONCE: usize = 4;

/// The rows of a call that names no number.
const ROWS: u64 = 10_000;

/// The most rows of a call.
const MOST_ROWS: u64 = 10_000_000;

/// Plans rows `start` to `end` of the pipeline that a trigger runs.
pub type MakePlan = dyn Fn(Range<u64>) -> Result<Plan> + Send + Sync;

/// Makes rows of one pipeline.
pub struct Sender {
    plan: Box<MakePlan>,
    rows: u64,
    most: u64,
    stop: Stop,
    /// The first row that no call has asked for.
    next: Mutex<u64>,
    active: AtomicUsize,
    sent: AtomicU64,
    failed: AtomicU64,
    last_error: Mutex<Option<String>>,
}

/// Why a call makes nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no whole number from 1.
    Count,
    /// At most so many at once.
    Most(u64),
    /// Others are worked on.
    Busy,
    /// The service is being ended.
    Ending,
}

impl Sender {
    /// A sender that makes its plans by `plan`; a call without a count makes `rows` rows, and none
    /// more than `most`.
    pub fn new(plan: Box<MakePlan>, rows: Option<u64>, most: Option<u64>, stop: Stop) -> Arc<Self> {
        Arc::new(Self {
            plan,
            rows: rows.unwrap_or(ROWS),
            most: most.unwrap_or(MOST_ROWS),
            stop,
            next: Mutex::default(),
            active: AtomicUsize::new(0),
            sent: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            last_error: Mutex::default(),
        })
    }

    /// Begins to make rows, and says how many.
    ///
    /// # Errors
    /// Why not.
    pub fn send(self: &Arc<Self>, count: Option<&str>) -> Result<u64, Refused> {
        let count = self.count(count)?;
        if self.stop.requested() {
            return Err(Refused::Ending);
        }
        // Counted in one step: looked at first and raised afterwards, two calls could both take the
        // last place.
        let entered = self
            .active
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |active| {
                (active < MOST_AT_ONCE).then_some(active + 1)
            });
        entered.map_err(|_| Refused::Busy)?;
        let rows = {
            let mut next = lock(&self.next);
            let first = *next;
            // Calls never share rows: a row is a function of its number, so that the same numbers
            // would send the same rows again.
            *next = first.saturating_add(count);
            first..*next
        };
        // The place is given back when this is dropped: a panic in a triggered run once kept it for
        // ever.
        let call = Call(self.clone());
        // Planning reads files and makes a batch: on a thread of the network it would keep other
        // requests waiting.
        let thread = std::thread::Builder::new()
            .name("trigger".into())
            .spawn(move || call.0.work(rows));
        thread.map(|_| count).map_err(|_| Refused::Busy)
    }

    fn count(&self, text: Option<&str>) -> Result<u64, Refused> {
        let Some(text) = text else {
            return Ok(self.rows);
        };
        // `parse` would take `+5`; all but plain digits is answered with 400.
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse::<u64>() {
            Ok(count) if digits && count > self.most => Err(Refused::Most(self.most)),
            Ok(count) if digits && count > 0 => Ok(count),
            Err(_) if digits => Err(Refused::Most(self.most)),
            _ => Err(Refused::Count),
        }
    }

    fn work(&self, rows: Range<u64>) {
        let asked = rows.end - rows.start;
        let options = RunOptions {
            // The service's end ends the call; the call's own end must not end the service.
            stop: Stop::of(&self.stop),
            ..RunOptions::default()
        };
        let report = (self.plan)(rows).map(|plan| engine::start(Arc::new(plan), options).wait());
        let (sent, error) = match &report {
            Ok(report) => (report.rows, report.first_error().map(str::to_string)),
            Err(error) => (0, Some(error.to_string())),
        };
        self.sent.fetch_add(sent, Ordering::SeqCst);
        self.failed
            .fetch_add(asked.saturating_sub(sent), Ordering::SeqCst);
        if let Some(error) = error {
            tracing::error!("{error}");
            *lock(&self.last_error) = Some(error);
        }
    }

    /// Rows that were sent, rows that were not, and calls that are worked on.
    pub fn figures(&self) -> (u64, u64, usize) {
        (
            self.sent.load(Ordering::SeqCst),
            self.failed.load(Ordering::SeqCst),
            self.active.load(Ordering::SeqCst),
        )
    }

    /// The same for people.
    pub fn status(&self, path: &str) -> Value {
        let (sent, failed, active) = self.figures();
        let error = lock(&self.last_error).clone();
        json!({ "path": path, "rows": self.rows, "most": self.most,
            "sent": sent, "failed": failed, "active": active, "last_error": error })
    }
}

/// A call that is worked on, until this is dropped, also by a panic.
struct Call(Arc<Sender>);

impl Drop for Call {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn counts_are_whole_numbers_from_one() {
        let plan: Box<MakePlan> = Box::new(|_| Err(Error::run("not planned here")));
        let sender = Sender::new(plan, None, Some(50_000), Stop::default());
        for text in ["", "0", "-1", "1.5", "12x", " 1", "+1", "1e3"] {
            assert_eq!(sender.count(Some(text)), Err(Refused::Count), "{text}");
        }
        for text in ["50001", "99999999999999999999999999"] {
            assert_eq!(sender.count(Some(text)), Err(Refused::Most(50_000)));
        }
        assert_eq!(sender.count(None), Ok(10_000));
        assert_eq!(sender.count(Some("50000")), Ok(50_000));
    }

    #[test]
    fn rows_that_cannot_be_planned_have_failed() {
        let plan: Box<MakePlan> = Box::new(|_| Err(Error::run("no such thing")));
        let sender = Sender::new(plan, Some(7), None, Stop::default());
        assert_eq!(sender.send(None), Ok(7));
        while sender.figures().2 > 0 {
            std::thread::yield_now();
        }
        assert_eq!(sender.figures(), (0, 7, 0));
        let status = sender.status("/send");
        assert!(
            status["last_error"]
                .as_str()
                .unwrap()
                .contains("no such thing")
        );
    }
}
