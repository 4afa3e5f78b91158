//! A schedule in motion: each slot is a run of its own, and what is done is read from the outputs.
//!
//! ```text
//! clock   what time it is: the machine's, or one that is given
//! board   which slots wait, run, have failed, and which one is next; it touches nothing
//! slot    one slot from its plan to its end
//! check   whether outputs tell slots apart, before the first one
//! ```
//!
//! There is no state beside the outputs. A scheduler that begins looks at the slots that are due: what is
//! whole of the same plan and seed is done, all else is made. Two schedulers may do so at once: a sink's own
//! lock lets one of them write, the other one finds the slot done a little later.

mod board;
mod check;
mod clock;
mod slot;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use rayon::prelude::*;

pub use board::Board;
pub use check::problems;
pub use clock::Clock;
pub use slot::SlotEnd;

use crate::engine::{RunOptions, Running, Stop};
use crate::error::Result;
use crate::plan::Plan;
use crate::spec::{Missed, Slot, Slots};
use crate::sync::lock;

/// How often it is looked whether a slot is due.
// Slots are minutes apart at least, so that a tenth of a second is no delay; no measurement chose
// it.
const LOOK: Duration = Duration::from_millis(100);

/// Plans a slot; with the second argument for a run, without it only to look at its outputs.
pub type MakePlan = dyn Fn(Slot, bool) -> Result<Plan> + Send + Sync;

/// Hears how each slot has ended.
pub type Tell = dyn Fn(Slot, &SlotEnd) + Send + Sync;

/// What a scheduler does.
pub struct Task {
    /// The pipeline's name.
    pub name: String,
    /// Its slots.
    pub slots: Slots,
    /// How many slots are made at once.
    pub parallel: usize,
    /// How it goes on in time.
    pub when: When,
    /// What time it is.
    pub clock: Clock,
    /// How each run is carried out.
    pub options: RunOptions,
    /// Plans slots.
    pub plan: Box<MakePlan>,
    /// Is told of each slot.
    pub tell: Box<Tell>,
}

/// Which slots are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum When {
    /// The slots that were missed, as far as they are to be caught up with, and all that come.
    Always(Missed),
    /// These, each tried at most so often.
    Once(Vec<Slot>, u32),
}

/// Makes slots.
pub struct Scheduler {
    task: Task,
    board: Mutex<Board>,
    changed: Condvar,
    paused: AtomicBool,
}

impl Scheduler {
    /// One that does nothing before `work`.
    pub fn new(task: Task) -> Arc<Self> {
        let tries = match &task.when {
            When::Always(_) => None,
            When::Once(_, tries) => Some(*tries),
        };
        Arc::new(Self {
            board: Mutex::new(Board::new(task.parallel, tries)),
            changed: Condvar::new(),
            paused: AtomicBool::new(false),
            task,
        })
    }

    /// What it does.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Asks the board.
    pub fn with_board<T>(&self, ask: impl FnOnce(&Board) -> T) -> T {
        ask(&lock(&self.board))
    }

    fn stop(&self) -> &Stop {
        &self.task.options.stop
    }

    /// True while it is being ended.
    pub fn is_ending(&self) -> bool {
        self.stop().requested()
    }

    /// No slot is begun until it goes on, and those that run take nothing more.
    pub fn pause(&self, paused: bool) {
        self.paused.store(paused, Ordering::SeqCst);
        let board = lock(&self.board);
        board.running().for_each(|(_, run)| run.pause(paused));
    }

    /// True while it is paused.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::SeqCst)
    }

    /// Only looks which slots are done and which wait.
    pub fn look(&self) {
        self.survey(match &self.task.when {
            When::Once(slots, _) => slots.clone(),
            When::Always(missed) => self.missed(*missed),
        });
    }

    /// Makes slots on threads of their own until all are done, or until it is told to stop.
    pub fn work(&self) {
        self.look();
        std::thread::scope(|scope| {
            loop {
                let now = self.task.clock.now();
                if let When::Always(missed) = self.task.when {
                    self.note_due(missed);
                }
                let mut board = lock(&self.board);
                while !self.is_ending() && !self.is_paused() {
                    let Some(slot) = board.begin(now) else {
                        break;
                    };
                    scope.spawn(move || self.work_on(slot));
                }
                let all_done = board.is_empty() && matches!(self.task.when, When::Once(..));
                if board.runs() == 0 && (all_done || self.is_ending()) {
                    return;
                }
                // The end of a slot wakes this loop at once; whether another one is due is looked
                // at after `LOOK`.
                drop(self.changed.wait_timeout(board, LOOK));
            }
        });
    }

    /// The slots that are due already, as far as they are caught up with.
    fn missed(&self, missed: Missed) -> Vec<Slot> {
        let (slots, now) = (&self.task.slots, self.task.clock.now());
        let newest = slots.newest(now);
        let next = match newest {
            Some(newest) => slots.after(newest),
            None => slots.from(slots.local(now)),
        };
        lock(&self.board).awaits(next);
        match (missed, newest) {
            (Missed::All, Some(newest)) => slots.until(newest),
            (Missed::Latest, newest) => newest.into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Looks at the outputs of these slots: what is done is noted, all else waits to be made.
    fn survey(&self, slots: Vec<Slot>) {
        // With `--overwrite` every slot is made, whatever is there.
        let asks = !self.task.options.overwrite;
        lock(&self.board).add(&slots);
        if !asks {
            return;
        }
        // Plans are pure, and outputs are only read: every processor looks at some.
        // A year of hourly slots is 8 760 plans and as many looks at a disk or an object store.
        slots.par_iter().for_each(|slot| {
            if self.is_ending() {
                return;
            }
            let plan = (self.task.plan)(*slot, false);
            // A slot that cannot be planned or looked at waits like any other: its error is told
            // when it is to be made.
            let found = plan
                .ok()
                .and_then(|plan| slot::found(&plan, &self.task.options));
            if let Some(end) = found {
                lock(&self.board).end(*slot, &end, self.task.clock.now());
                (self.task.tell)(*slot, &end);
            }
        });
    }

    /// Notes what has become due since the last look.
    fn note_due(&self, missed: Missed) {
        let now = self.task.clock.now();
        let mut board = lock(&self.board);
        let mut due = Vec::new();
        while let Some(next) = board
            .next()
            .filter(|next| self.task.slots.due(*next) <= now)
        {
            due.push(next);
            board.awaits(self.task.slots.after(next));
        }
        // A machine that was suspended may have passed several slots.
        if missed == Missed::Latest {
            due.drain(..due.len().saturating_sub(1));
        }
        board.add(&due);
    }

    fn work_on(&self, slot: Slot) {
        let begun = |run: &Arc<Running>| {
            let mut board = lock(&self.board);
            run.pause(self.is_paused());
            board.runs_as(slot, run.clone());
        };
        let plan = |run| (self.task.plan)(slot, run);
        let end = slot::carry_out(&plan, &self.task.options, &begun);
        let now = self.task.clock.now();
        // Told before the board drops the slot: whoever sees an empty board has then heard of each
        // one.
        (self.task.tell)(slot, &end);
        lock(&self.board).end(slot, &end, now);
        self.changed.notify_all();
    }
}
