//! Where rows come that are late by a time: behind all rows whose times are below their own and a delay. The
//! times never fall, so that a batch looks no further than the longest delay to each side.

use std::ops::Range;

use super::clean::CleanRows;
use super::rows::MOST_REACH;
use crate::column::rows::Rows;
use crate::error::{Error, Problem, Result};
use crate::place::Place;

/// Rows whose times are made at once to find one among many.
const PROBES: u64 = 64;

/// How long after its time a row may come.
#[derive(Debug, Clone)]
pub(super) struct Delay {
    /// The longest, in ticks of the times.
    pub(super) most: i64,
    /// The column of the times, among those of the faults.
    pub(super) column: usize,
    /// Where the file says it.
    pub(super) place: Place,
}

/// The times of rows that follow each other.
pub(super) struct Times {
    pub(super) first: u64,
    ticks: Vec<i64>,
}

impl Times {
    /// Those of the rows that may come in these slots, and of those that they may come behind, in a table of so
    /// many rows.
    pub(super) fn around(
        slots: Range<u64>,
        (delay, end): (&Delay, Option<u64>),
        clean: &dyn CleanRows,
    ) -> Result<Self> {
        if slots.is_empty() {
            let (first, ticks) = (slots.start, Vec::new());
            return Ok(Self { first, ticks });
        }
        let ends = clean.times(Rows::List(&[slots.start, slots.end - 1]))?;
        let (oldest, latest) = (
            ends[0].saturating_sub(delay.most),
            ends[1].saturating_add(delay.most),
        );
        let before = slots.start.saturating_sub(MOST_REACH)..slots.start;
        let first = find(before.clone(), |time| time > oldest, clean)?;
        let behind = slots.end.saturating_add(MOST_REACH);
        let behind = slots.end..end.unwrap_or(u64::MAX).min(behind);
        let last = find(behind.clone(), |time| time >= latest, clean)?;
        let reaches_too_far = first == before.start && first > 0;
        if reaches_too_far || (last == behind.end && Some(last) != end) {
            return Err(delay.too_long());
        }
        let count = (last - first) as usize;
        let ticks = clean.times(Rows::Range { first, count })?;
        Ok(Self { first, ticks })
    }

    /// The last row whose time is below that of `row` and so many ticks.
    pub(super) fn slot(&self, row: u64, by: i64) -> u64 {
        // What is before them comes before the slots, however late it is.
        let from = row.checked_sub(self.first).map(|from| from as usize);
        let Some((from, own)) = from.and_then(|from| Some((from, self.ticks.get(from)?))) else {
            return row;
        };
        let due = own.saturating_add(by);
        let behind = self.ticks[from..].partition_point(|time| *time < due);
        row + (behind.max(1) - 1) as u64
    }
}

impl Delay {
    fn too_long(&self) -> Error {
        let what = "more than 1 048 576 rows have times within this `delay` of each other";
        let problem = Problem::new(what).at(&self.place);
        Error::run(problem.hint("a shorter one, or one in rows: each batch looks back so far, so that it can be made alone"))
    }
}

/// The first row of which this is true; the end where it is of none. It is true of all behind such a row.
fn find(mut rows: Range<u64>, is: impl Fn(i64) -> bool, clean: &dyn CleanRows) -> Result<u64> {
    while !rows.is_empty() {
        let step = (rows.end - rows.start).div_ceil(PROBES);
        let probes: Vec<u64> = rows.clone().step_by(step as usize).collect();
        let times = clean.times(Rows::List(&probes))?;
        let at = times.partition_point(|time| !is(*time));
        let found = probes.get(at).copied().unwrap_or(rows.end);
        let begin = match at {
            0 => return Ok(rows.start),
            at => probes[at - 1] + 1,
        };
        rows = begin..found;
    }
    Ok(rows.end)
}
