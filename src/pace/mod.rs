//! Rows a second: when each row is due. The intended time counts: a send is late or not against it,
//! and after a stall the rows that waited keep theirs.

mod clock;
mod schedule;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use crate::sync::lock;
pub use clock::{Clock, MachineClock};
pub use schedule::{Ramp, Schedule};

/// The slowest rate that a run can be held to, in rows a second: one row in 25 days.
const SLOWEST: f64 = 0.04 / 86_400.0;

/// The fastest one: no clock here tells less than a nanosecond.
const FASTEST: f64 = 1e9;

/// The last stretch before a row is due, which is spun: a sleeper wakes about so much too late.
// A choice: how late a sleeper wakes was not measured here, and differs between machines. A
// spinning thread takes a processor, so the stretch is short.
const SPUN: Duration = Duration::from_micros(100);

/// Rows whose gaps are summed up together: Poisson gaps have no closed form, a row's moment is their sum.
// A choice, no measurement is behind it: to answer for one row costs at most so many logarithms.
const BLOCK: u64 = 256;

/// Sums of blocks that are kept: enough for all rows that are under way at once.
// 4096 blocks of 256 rows are a million rows, in 32 KiB.
const KEPT: usize = 4096;

/// How rows follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Arrivals {
    /// All gaps are equal.
    #[default]
    Fixed,
    /// Gaps are exponentially distributed, as those of independent clients are; the same in every
    /// run with this key.
    Poisson(u64),
}

/// What becomes of rows that are late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CatchUp {
    /// They go out one after the other, as fast as it goes.
    #[default]
    Burst,
    /// Those after which another one is due already are left out.
    Skip,
}

/// How the rows of a run follow each other, whatever their rate.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tempo {
    /// The gaps between them.
    pub arrivals: Arrivals,
    /// What comes before the rate is reached.
    pub ramp: Option<Ramp>,
    /// What becomes of those that are late.
    pub catch_up: CatchUp,
    /// Those that are due so early count for no figure of what messages take.
    pub warm_up: Duration,
}

/// The number that a row has among others.
type RowNumbering = Arc<dyn Fn(u64) -> u64 + Send + Sync>;

/// A rate from a start on.
pub struct Pace {
    schedule: Schedule,
    tempo: Tempo,
    clock: Arc<dyn Clock>,
    // Set once: sinks and sources ask from threads of their own, and all must count from the same
    // moment.
    start: OnceLock<Duration>,
    /// Rows are some of those that the rate is of: the number of each among all of them.
    among: Option<RowNumbering>,
    /// Rows before this one, among all of them, are there already: it is due first.
    skipped: AtomicU64,
    /// Where blocks of rows begin, in periods: the number of the first one kept, and the sums.
    blocks: Mutex<(u64, VecDeque<f64>)>,
}

impl Pace {
    /// What is wrong with a rate that a run is to be held to.
    pub fn problem(rows_per_second: f64) -> Option<&'static str> {
        let makes_sense = (SLOWEST..=FASTEST).contains(&rows_per_second);
        (!makes_sense).then_some("a run's rate is at least `0.04/d` and at most `1_000_000_000/s`")
    }

    /// A pace of so many rows a second, above zero. It starts when `start_in` is called, or when it is
    /// first asked.
    pub fn new(rows_per_second: f64, tempo: Tempo, clock: Arc<dyn Clock>) -> Self {
        Self {
            schedule: Schedule::new(rows_per_second, tempo.ramp),
            tempo,
            clock,
            start: OnceLock::new(),
            among: None,
            skipped: AtomicU64::new(0),
            blocks: Mutex::new((0, VecDeque::from([0.0]))),
        }
    }

    /// A pace by the machine's own time.
    pub fn of_machine(rows_per_second: f64, tempo: Tempo) -> Self {
        Self::new(rows_per_second, tempo, Arc::new(MachineClock::default()))
    }

    /// The pace of rows that come among others: `number` is a row's place among all of them.
    #[must_use]
    pub fn among(self, number: impl Fn(u64) -> u64 + Send + Sync + 'static) -> Self {
        Self {
            among: Some(Arc::new(number)),
            ..self
        }
    }

    /// The row with this number among all of them is due first: those before it are there already.
    pub fn skip(&self, number: u64) {
        self.skipped.store(number, Ordering::Release);
    }

    /// The number of a row, counted from this run's first, among all that the rate is of.
    pub fn number(&self, row: u64) -> u64 {
        self.among.as_ref().map_or(row, |number| number(row))
    }

    /// Rows a second.
    pub fn rate(&self) -> f64 {
        self.schedule.rate()
    }

    /// Row 0 is due so long from now, unless the pace has started before.
    pub fn start_in(&self, time: Duration) {
        self.start.get_or_init(|| self.clock.now() + time);
    }

    /// How long after the start row `row`, counted from this run's first, is due.
    pub fn span(&self, row: u64) -> Duration {
        let row = self.number(row);
        // A run that goes on where an earlier one stopped must not have to catch up with what that
        // one did.
        let row = row.saturating_sub(self.skipped.load(Ordering::Acquire));
        match self.tempo.arrivals {
            Arrivals::Fixed => self.schedule.at(row),
            Arrivals::Poisson(key) => self.schedule.at_gaps(self.gaps(key, row)),
        }
    }

    /// When row `row`, counted from this run's first, is due, on the pace's clock.
    pub fn due(&self, row: u64) -> Duration {
        self.started().saturating_add(self.span(row))
    }

    /// How long until row `row` is due; nothing when it already is.
    pub fn wait(&self, row: u64) -> Option<Duration> {
        let wait = self.due(row).saturating_sub(self.clock.now());
        (!wait.is_zero()).then_some(wait)
    }

    /// How late row `row` is now.
    pub fn late(&self, row: u64) -> Duration {
        self.clock.now().saturating_sub(self.due(row))
    }

    /// True where rows before row `next` that are not on their way yet are left out: they are late, and it
    /// is due already.
    pub fn leaves_out(&self, next: u64) -> bool {
        self.tempo.catch_up == CatchUp::Skip && self.wait(next).is_none()
    }

    /// True for a row that is due then, is sent, and counts for no figure of what messages take.
    pub fn is_warming_up(&self, due: Duration) -> bool {
        due < self.started().saturating_add(self.tempo.warm_up)
    }

    /// Comes closer to the time `due` of a row by at most `step`: sleeps, and spins the last stretch.
    /// True once it is due.
    pub fn approach(&self, due: Duration, step: Duration) -> bool {
        let wait = due.saturating_sub(self.clock.now());
        if wait > SPUN {
            // In steps, so that whoever waits can look between two of them whether the run is to
            // end.
            self.clock.sleep((wait - SPUN).min(step));
            return false;
        }
        // The last stretch is not slept: how late a message is sent is part of what is measured.
        while self.clock.now() < due {
            self.clock.spin();
        }
        true
    }

    /// The pace's clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    fn started(&self) -> Duration {
        *self.start.get_or_init(|| self.clock.now())
    }

    /// The sum of the gaps before a row, in mean gaps.
    fn gaps(&self, key: u64, row: u64) -> f64 {
        let (block, within) = (row / BLOCK, row % BLOCK);
        let gaps = |block: u64, count: u64| -> f64 {
            (0..count)
                .map(|place| gap(key, block * BLOCK + place))
                .sum()
        };
        let mut blocks = lock(&self.blocks);
        if block < blocks.0 {
            // Nobody asks for what is long past; the answer is right all the same.
            *blocks = (0, VecDeque::from([0.0]));
        }
        while blocks.0 + blocks.1.len() as u64 <= block {
            let last = blocks.0 + blocks.1.len() as u64 - 1;
            let sum = blocks.1.back().copied().unwrap_or_default() + gaps(last, BLOCK);
            blocks.1.push_back(sum);
            if blocks.1.len() > KEPT {
                blocks.1.pop_front();
                blocks.0 += 1;
            }
        }
        let place = usize::try_from(block - blocks.0).unwrap_or_default();
        blocks.1[place] + gaps(block, within)
    }
}

/// The gap after a row in mean gaps: exponentially distributed (inverse transform), from a hash of the
/// key and the row (SplitMix64's finalizer).
fn gap(key: u64, row: u64) -> f64 {
    let mut bits = key ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    // In (0, 1]: the logarithm of zero is none.
    let unit = ((bits >> 11) + 1) as f64 / (1_u64 << 53) as f64;
    // Not the platform's logarithm: its last bits differ between machines, and a key must give the
    // same gaps on each of them.
    -libm::log(unit)
}

#[cfg(test)]
mod tests;
