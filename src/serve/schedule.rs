//! What a service tells of a schedule: its slots, for people, for the page and for Prometheus.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::engine::Status;
use crate::schedule::{Board, Scheduler, When};
use crate::spec::{Missed, Slot};

/// How many slots of a kind are named.
// A schedule that was away for a year has thousands of slots to make: the page shows their number,
// and these of them.
const NAMED: usize = 20;

/// Figures of a schedule.
pub struct SlotFigures {
    /// Slots that were made since the service began.
    pub made: u64,
    /// Tries that have failed.
    pub failures: u64,
    /// Rows of their runs, those under way included.
    pub rows: u64,
    /// Slots that are made.
    pub running: usize,
    /// Slots that are due and neither done nor made.
    pub missed: usize,
    /// Slots of which the last try has failed.
    pub failed: usize,
    /// When the newest slot that is done was due.
    pub last_done: Option<DateTime<Utc>>,
    /// When the next one is due.
    pub next: Option<DateTime<Utc>>,
}

/// What it does, in words and figures.
pub fn status(scheduler: &Scheduler) -> Value {
    let task = scheduler.task();
    let (cron, zone) = task.slots.describe();
    let due = |slot: Slot| shown(task.slots.due(slot));
    let catch_up = match &task.when {
        When::Always(Missed::All) => "all",
        When::Always(Missed::Latest) => "latest",
        When::Always(Missed::None) | When::Once(..) => "none",
    };
    scheduler.with_board(|board| {
        let running = board.running().map(|(slot, run)| {
            let status = run.status();
            json!({ "slot": slot.to_string(), "rows": made(&status), "seconds": status.seconds })
        });
        let failed = board.failed().take(NAMED).map(|failed| {
            json!({ "slot": failed.slot.to_string(), "tries": failed.tries, "error": failed.error,
                "again": failed.again.map(shown) })
        });
        let past = board.past().take(NAMED).map(|past| {
            json!({ "slot": past.slot.to_string(), "end": past.end, "rows": past.rows,
                "told": past.told, "at": shown(past.at) })
        });
        let missed: Vec<Slot> = board.waiting().collect();
        let named = missed.iter().take(NAMED).map(Slot::to_string);
        json!({
            "pipeline": task.name,
            "state": state(scheduler, board),
            "cron": cron,
            "zone": zone,
            "catch_up": catch_up,
            "max_parallel": task.parallel,
            "last_done": board.last_done.map(|(slot, at)| json!({ "slot": slot.to_string(), "at": shown(at) })),
            "running": running.collect::<Vec<_>>(),
            "next": board.next().map(|slot| json!({ "slot": slot.to_string(), "due": due(slot) })),
            "missed": { "count": missed.len(), "slots": named.collect::<Vec<_>>() },
            "failed": failed.collect::<Vec<_>>(),
            "made": board.made,
            "there": board.there,
            "kept": board.kept,
            "failures": board.failures,
            "rows": rows(board),
            "past": past.collect::<Vec<_>>(),
        })
    })
}

fn state(scheduler: &Scheduler, board: &Board) -> &'static str {
    match (scheduler.is_ending(), scheduler.is_paused(), board.runs()) {
        (true, ..) => "ending",
        (_, true, _) => "paused",
        (.., 0) => "waiting",
        _ => "running",
    }
}

/// Rows of all its runs.
pub fn rows(board: &Board) -> u64 {
    let running = board.running().map(|(_, run)| made(&run.status()));
    board.rows + running.sum::<u64>()
}

/// What a run has made or read so far.
fn made(run: &Status) -> u64 {
    run.sources.iter().map(|one| one.figures.rows).sum()
}

/// Its figures.
pub fn figures(scheduler: &Scheduler) -> SlotFigures {
    let due = |slot: Slot| scheduler.task().slots.due(slot);
    scheduler.with_board(|board| SlotFigures {
        made: board.made,
        failures: board.failures,
        rows: rows(board),
        running: board.runs(),
        missed: board.waiting().count(),
        failed: board.failed().count(),
        last_done: board.last_done.map(|(slot, _)| due(slot)),
        next: board.next().map(due),
    })
}

/// Why it does not do what it should.
pub fn troubles(scheduler: &Scheduler) -> Vec<String> {
    let name = &scheduler.task().name;
    let mut troubles: Vec<String> = scheduler.with_board(|board| {
        let failed = board.failed().take(NAMED).map(|failed| {
            format!(
                "slot {} of pipeline `{name}` has failed: {}",
                failed.slot, failed.error
            )
        });
        failed.collect()
    });
    if scheduler.is_ending() {
        // A load balancer is to send nothing more to a process that ends.
        troubles.push(format!("pipeline `{name}` is being ended"));
    }
    troubles
}

fn shown(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
