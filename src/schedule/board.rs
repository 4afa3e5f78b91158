//! Which slots wait, run and have failed, and what becomes of those that end. It touches nothing.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::SlotEnd;
use crate::engine::Running;
use crate::spec::Slot;

/// How many seconds a slot that has failed waits before it is tried again: at first, and at most.
// Doubled after each failure up to five minutes. The figures are choices, as are the two below.
const WAIT: (i64, i64) = (1, 300);

/// How many seconds a slot waits at which another run is at work.
const BUSY: i64 = 1;

/// How many slots that have ended are remembered, for the page and `/status`.
const REMEMBERED: usize = 50;

/// All slots of a schedule that are not done.
pub struct Board {
    open: BTreeMap<Slot, OpenSlot>,
    parallel: usize,
    tries: Option<u32>,
    next: Option<Slot>,
    past: VecDeque<PastSlot>,
    /// The newest slot that is done.
    pub last_done: Option<(Slot, DateTime<Utc>)>,
    /// Slots that were made.
    pub made: u64,
    /// Slots that were there already.
    pub there: u64,
    /// Slots whose output is there, of another plan or seed.
    pub kept: u64,
    /// Tries that have failed.
    pub failures: u64,
    /// Rows of runs that have ended.
    pub rows: u64,
    /// Made, but for rows that were left out, or too slowly.
    pub warned: u64,
}

#[derive(Default)]
struct OpenSlot {
    state: State,
    tries: u32,
    error: Option<String>,
    users: bool,
}

#[derive(Default)]
enum State {
    /// It is to be made, from this time on.
    #[default]
    Waits,
    Again(DateTime<Utc>),
    Begins,
    Runs(Arc<Running>),
    /// It is not tried again.
    Over,
}

/// A slot that has failed.
pub struct FailedSlot<'b> {
    /// The slot.
    pub slot: Slot,
    /// How often it was tried.
    pub tries: u32,
    /// Why.
    pub error: &'b str,
    /// It is the user's to mend.
    pub users: bool,
    /// When it is tried again, unless it is tried just now or not at all.
    pub again: Option<DateTime<Utc>>,
}

/// A slot that has ended.
#[derive(Debug, Clone)]
pub struct PastSlot {
    /// The slot.
    pub slot: Slot,
    /// How.
    pub end: &'static str,
    /// Rows that were made.
    pub rows: u64,
    /// A warning or an error, where there is one.
    pub told: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Board {
    /// An empty one, for so many slots at once, each tried at most so often.
    pub(super) fn new(parallel: usize, tries: Option<u32>) -> Self {
        Self {
            open: BTreeMap::new(),
            parallel,
            tries,
            next: None,
            past: VecDeque::new(),
            last_done: None,
            made: 0,
            there: 0,
            kept: 0,
            failures: 0,
            rows: 0,
            warned: 0,
        }
    }

    /// These are to be made.
    pub(super) fn add(&mut self, slots: &[Slot]) {
        for slot in slots {
            self.open.entry(*slot).or_default();
        }
    }

    /// The slot that becomes due next.
    pub(super) fn awaits(&mut self, next: Option<Slot>) {
        self.next = next;
    }

    /// The slot that becomes due next.
    pub fn next(&self) -> Option<Slot> {
        self.next
    }

    /// The oldest slot that may begin, if there is room for it: it has begun.
    pub(super) fn begin(&mut self, now: DateTime<Utc>) -> Option<Slot> {
        if self.runs() >= self.parallel {
            return None;
        }
        let may = |open: &OpenSlot| match open.state {
            State::Waits => true,
            State::Again(time) => time <= now,
            State::Begins | State::Runs(_) | State::Over => false,
        };
        // The oldest first, by the order of the map: whoever reads the datasets has them without
        // gaps as long as may be.
        let (slot, open) = self.open.iter_mut().find(|(_, open)| may(open))?;
        open.state = State::Begins;
        Some(*slot)
    }

    /// This is its run.
    pub(super) fn runs_as(&mut self, slot: Slot, run: Arc<Running>) {
        if let Some(open) = self.open.get_mut(&slot) {
            open.state = State::Runs(run);
        }
    }

    /// A slot has ended so.
    pub(super) fn end(&mut self, slot: Slot, end: &SlotEnd, now: DateTime<Utc>) {
        let at = self.open.remove(&slot).unwrap_or_default();
        let mut past = PastSlot {
            slot,
            end: end.word(),
            rows: 0,
            told: None,
            at: now,
        };
        match end {
            SlotEnd::Made { rows, warning, .. } => {
                (self.made, self.rows) = (self.made + 1, self.rows + rows);
                self.warned += u64::from(warning.is_some());
                (past.rows, past.told) = (*rows, warning.clone());
                self.done(slot, now);
            }
            SlotEnd::There => {
                self.there += 1;
                self.done(slot, now);
            }
            SlotEnd::Kept(path) => {
                self.kept += 1;
                past.told = Some(kept(path));
            }
            // No end of the slot and no failure: it is not among those that have ended.
            SlotEnd::Busy(_) => return self.again(slot, at, now + TimeDelta::seconds(BUSY)),
            SlotEnd::Cut => return self.again(slot, at, now),
            SlotEnd::Failed { error, users } => {
                past.told = Some(error.clone());
                self.fail(slot, at, (error, *users), now);
            }
        }
        self.past.push_front(past);
        self.past.truncate(REMEMBERED);
    }

    fn done(&mut self, slot: Slot, now: DateTime<Utc>) {
        if self.last_done.is_none_or(|(last, _)| last < slot) {
            self.last_done = Some((slot, now));
        }
    }

    fn again(&mut self, slot: Slot, open: OpenSlot, time: DateTime<Utc>) {
        let state = State::Again(time);
        self.open.insert(slot, OpenSlot { state, ..open });
    }

    /// A schedule never gives a slot up: its dataset would be missing for good. It only comes back less
    /// and less often, and keeps no other slot waiting.
    fn fail(
        &mut self,
        slot: Slot,
        open: OpenSlot,
        (error, users): (&str, bool),
        now: DateTime<Utc>,
    ) {
        self.failures += 1;
        let tries = open.tries + 1;
        // Bounded before the shift: the 64th failure would shift all bits out.
        let wait = WAIT.0 << (tries - 1).min(16);
        // What the user has to mend fails the same way at each try. A service tries again all the
        // same: the file that is missing may be there tomorrow.
        let over = self.tries.is_some_and(|most| users || tries >= most);
        let state = match over {
            true => State::Over,
            false => State::Again(now + TimeDelta::seconds(wait.min(WAIT.1))),
        };
        let open = OpenSlot {
            state,
            tries,
            error: Some(error.to_string()),
            users,
        };
        self.open.insert(slot, open);
    }

    /// The slots that run, each with its run.
    pub fn running(&self) -> impl Iterator<Item = (Slot, &Arc<Running>)> {
        self.open
            .iter()
            .filter_map(|(slot, open)| match &open.state {
                State::Runs(run) => Some((*slot, run)),
                _ => None,
            })
    }

    /// How many are at work.
    pub fn runs(&self) -> usize {
        let works = |open: &&OpenSlot| matches!(open.state, State::Begins | State::Runs(_));
        self.open.values().filter(works).count()
    }

    /// Slots that are due and neither done nor at work, the oldest first.
    pub fn waiting(&self) -> impl Iterator<Item = Slot> {
        let waits = |open: &OpenSlot| matches!(open.state, State::Waits | State::Again(_));
        let open = self.open.iter().filter(move |(_, open)| waits(open));
        open.map(|(slot, _)| *slot)
    }

    /// Slots that have failed and are not done since.
    pub fn failed(&self) -> impl Iterator<Item = FailedSlot<'_>> {
        self.open.iter().filter_map(|(slot, open)| {
            Some(FailedSlot {
                slot: *slot,
                tries: open.tries,
                error: open.error.as_deref()?,
                users: open.users,
                again: match open.state {
                    State::Again(time) => Some(time),
                    _ => None,
                },
            })
        })
    }

    /// Slots that have ended, the last one first.
    pub fn past(&self) -> impl Iterator<Item = &PastSlot> {
        self.past.iter()
    }

    /// Nothing is left to do.
    pub(super) fn is_empty(&self) -> bool {
        let over = |open: &OpenSlot| matches!(open.state, State::Over);
        self.open.values().all(over)
    }
}

/// The text for a slot whose output stays.
pub(super) fn kept(path: &Path) -> String {
    let path = path.display();
    format!(
        "`{path}` is there already, of another plan or seed, and stays; `rowgen backfill --overwrite` makes it anew"
    )
}
