//! Faults of whole rows: which come, how often, and where they stand.
//!
//! Every row has a slot: its own number, or a greater one if it moves. Rows come in the order of their slots,
//! and in one slot the row that belongs there comes first. A batch is the rows of its slots.

use std::ops::Range;

use super::clean::CleanRows;
use super::times::{Delay, Times};
use crate::error::{Problem, Result};
use crate::place::{Count, Placed};

/// The most rows by which one can be moved.
// Every batch looks at so many rows before it: 2 ns each on the machine of the benchmarks, and a batch of
// 16 384 rows takes a few milliseconds.
pub const MOST_REACH: u64 = 1 << 20;

/// A fault of whole rows.
pub trait RowFault: Send + Sync {
    /// The most rows by which it moves a row.
    fn reach(&self) -> u64 {
        0
    }

    /// How long after its time a row may come, where it moves rows by a time.
    fn delay(&self) -> Option<&Delay> {
        None
    }

    /// True where a row may come more than once.
    fn repeats(&self) -> bool {
        false
    }

    /// How many rows more come for each, on average.
    fn more(&self) -> f64 {
        0.0
    }

    /// What it makes of a row, beside what faults before it have made.
    fn befall(&self, row: u64, fate: &mut Fate);
}

/// What becomes of a row.
#[derive(Debug, Default)]
pub struct Fate {
    /// It is not there.
    pub gone: bool,
    /// What moves it, and how far.
    pub moved: Option<(&'static str, Shift)>,
    /// How many rows behind the row's place each copy comes; 0 is right behind the row itself.
    pub copies: Vec<u64>,
}

/// How far a row is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// So many rows.
    Rows(u64),
    /// Behind all rows whose times are below its own and so many ticks.
    Time(i64),
}

/// All faults of whole rows of a table.
#[derive(Default)]
pub struct RowFaults {
    faults: Vec<Box<dyn RowFault>>,
    reach: u64,
    /// How many rows the table has; none without end.
    end: Option<u64>,
}

/// A row where it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placing {
    /// Where.
    pub slot: u64,
    /// It does not belong there.
    pub moved: bool,
    /// The row.
    pub row: u64,
    /// 0 for the row itself, else which copy of it.
    pub copy: u64,
}

/// Something that befell a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowMark {
    /// The row.
    pub row: u64,
    /// What.
    pub kind: &'static str,
    /// Where it, or a copy of it, comes; nothing if it does not.
    pub slot: Option<u64>,
}

/// How far rows may be moved.
///
/// # Errors
/// Not at all, or too far.
pub(super) fn reach(count: &Placed<Count>, option: &str) -> Result<u64, Problem> {
    match count.value.0 {
        rows @ 1..=MOST_REACH => Ok(rows),
        _ => Err(
            Problem::new(format!("`{option}` is from 1 to 1 048 576 rows"))
                .at(&count.place)
                .hint("each batch looks back so far, so that it can be made alone"),
        ),
    }
}

impl RowFaults {
    /// These faults, one after the other, in a table of so many rows.
    pub fn new(faults: Vec<Box<dyn RowFault>>, end: Option<u64>) -> Self {
        let reach = faults.iter().map(|fault| fault.reach());
        Self {
            // A row is moved by one of them, and copies count from where rows belong.
            reach: reach.max().unwrap_or(0),
            faults,
            end,
        }
    }

    /// True where every row comes once, in its place.
    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// True where a row may come more than once.
    pub fn repeat(&self) -> bool {
        self.faults.iter().any(|fault| fault.repeats())
    }

    /// How many rows come for each, on average and rounded down.
    pub fn growth(&self) -> u64 {
        let more: f64 = self.faults.iter().map(|fault| fault.more()).sum();
        1 + more as u64
    }

    /// The most rows by which one is moved.
    pub fn reach(&self) -> u64 {
        self.reach
    }

    /// What becomes of a row.
    fn befall(&self, row: u64, fate: &mut Fate) {
        fate.gone = false;
        fate.moved = None;
        fate.copies.clear();
        for fault in &self.faults {
            fault.befall(row, fate);
        }
    }

    /// How long after its time a row may come, where rows are moved by a time.
    pub(super) fn delay(&self) -> Option<&Delay> {
        self.faults.iter().find_map(|fault| fault.delay())
    }

    /// True where rows move.
    pub fn moves(&self) -> bool {
        self.reach > 0 || self.delay().is_some()
    }

    /// The times that rows are moved by which come in these slots.
    fn times(&self, slots: Range<u64>, clean: &dyn CleanRows) -> Result<Option<Times>> {
        let delay = self.delay();
        let times = delay.map(|delay| Times::around(slots, (delay, self.end), clean));
        times.transpose()
    }

    /// Where a row that is moved so far comes: nothing is moved behind the last row.
    fn slot(&self, row: u64, by: Shift, times: Option<&Times>) -> u64 {
        let slot = match (by, times) {
            (Shift::Rows(rows), _) => row + rows,
            (Shift::Time(ticks), Some(times)) => times.slot(row, ticks),
            (Shift::Time(_), None) => row,
        };
        self.end.map_or(slot, |end| slot.min(end.max(1) - 1))
    }

    /// Where a row and its copies come, in no order.
    fn placings(&self, row: u64, fate: &Fate, times: Option<&Times>, mut put: impl FnMut(Placing)) {
        if fate.gone {
            return;
        }
        let by = fate.moved.map_or(Shift::Rows(0), |(_, by)| by);
        let slot = self.slot(row, by, times);
        let own = Placing {
            slot,
            moved: slot != row,
            row,
            copy: 0,
        };
        put(own);
        for (copy, behind) in (1..).zip(&fate.copies) {
            let slot = self.slot(row, Shift::Rows(*behind), times);
            put(match behind {
                0 => Placing { copy, ..own },
                _ => Placing {
                    slot,
                    moved: slot != row,
                    row,
                    copy,
                },
            });
        }
    }

    /// The rows that come in these slots, in order.
    ///
    /// # Errors
    /// A time that cannot be made.
    pub fn coming(&self, slots: Range<u64>, clean: &dyn CleanRows) -> Result<Vec<Placing>> {
        let times = self.times(slots.clone(), clean)?;
        Ok(self.come(slots, times.as_ref(), |_, _| {}))
    }

    /// The rows that come in these slots, and what befalls the rows that belong there, each in order.
    ///
    /// # Errors
    /// A time that cannot be made.
    pub fn coming_and_marks(
        &self,
        slots: Range<u64>,
        clean: &dyn CleanRows,
    ) -> Result<(Vec<Placing>, Vec<RowMark>)> {
        let times = self.times(slots.clone(), clean)?;
        let (mut marks, times) = (Vec::new(), times.as_ref());
        let coming = self.come(slots.clone(), times, |row, fate| {
            // Those before are looked at for what of them comes here.
            if slots.contains(&row) {
                self.mark(row, fate, times, &mut marks);
            }
        });
        Ok((coming, marks))
    }

    /// What befalls each of these rows, in order.
    ///
    /// # Errors
    /// A time that cannot be made.
    pub fn marks(&self, rows: Range<u64>, clean: &dyn CleanRows) -> Result<Vec<RowMark>> {
        let times = self.times(rows.clone(), clean)?;
        let (mut marks, mut fate) = (Vec::new(), Fate::default());
        for row in rows {
            self.befall(row, &mut fate);
            self.mark(row, &fate, times.as_ref(), &mut marks);
        }
        Ok(marks)
    }

    /// The rows that come in these slots, in order; each row that is looked at is `seen` once.
    fn come(
        &self,
        slots: Range<u64>,
        times: Option<&Times>,
        mut seen: impl FnMut(u64, &Fate),
    ) -> Vec<Placing> {
        let first = slots.start.saturating_sub(self.reach);
        let first = times.map_or(first, |times| first.min(times.first));
        let mut coming = Vec::with_capacity((slots.end - slots.start) as usize);
        let mut fate = Fate::default();
        for row in first..slots.end {
            self.befall(row, &mut fate);
            seen(row, &fate);
            self.placings(row, &fate, times, |placing| {
                if slots.contains(&placing.slot) {
                    coming.push(placing);
                }
            });
        }
        if self.moves() {
            coming.sort_unstable();
        }
        coming
    }

    /// What befalls a row.
    fn mark(&self, row: u64, fate: &Fate, times: Option<&Times>, marks: &mut Vec<RowMark>) {
        if fate.gone {
            let kind = "missing";
            marks.push(RowMark {
                row,
                kind,
                slot: None,
            });
            return;
        }
        self.placings(row, fate, times, |placing| {
            let kind = match (placing.copy, fate.moved) {
                (0, Some((kind, _))) if placing.moved => kind,
                (0, _) => return,
                _ => "duplicates",
            };
            let slot = Some(placing.slot);
            marks.push(RowMark { row, kind, slot });
        });
    }
}
