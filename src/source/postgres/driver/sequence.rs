//! Rows without a key, in the order in which the server sends them: over one connection, as they are
//! asked for. Workers ask for batches nearly in order, and what one passes over is kept for the others.

use std::sync::Mutex;

use super::copy::{Copy, Reading};
use super::session::{Held, Snapshot};
use super::split::Rows;
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Result};
use crate::sync::lock;

/// Batches that are under way at once are no further apart than so many.
const UNDER_WAY: u64 = 256;

/// Where a table is read from a row in its middle on, batches that come a little before are kept.
const BEFORE: u64 = 32;

/// Rows that are passed over at once.
const STEP: usize = 65_536;

/// Two sinks of a table may read it at paces of their own, each in its order.
const MOST: usize = 2;

/// All rows, from the first one on.
pub(super) struct Sequences {
    pub(super) snapshot: Snapshot,
    rows: u64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What was asked last stands last.
    open: Vec<Sequence>,
    /// What went wrong: nobody waits for the server again.
    failed: Option<Error>,
}

/// One `SELECT`, and how far it is.
struct Sequence {
    select: String,
    held: Option<Held>,
    copy: Copy,
    /// Rows that came.
    at: u64,
    rows: u64,
    kept: Vec<Kept>,
}

/// Rows that came before others that were asked for first.
struct Kept {
    first: u64,
    rows: Rows,
}

impl Sequences {
    pub(super) fn new(snapshot: Snapshot, rows: u64) -> Self {
        Self {
            snapshot,
            rows,
            state: Mutex::default(),
        }
    }

    /// Rows of a `SELECT` of `width` expressions. Once that has failed it fails for everybody.
    ///
    /// # Errors
    /// What the server says.
    pub(super) fn read(
        &self,
        (first, count): (u64, usize),
        (select, width): (&str, usize),
        reading: Reading<'_>,
    ) -> Result<Rows> {
        let mut state = lock(&self.state);
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        let serves = |one: &Sequence| one.select == select && one.has(first, count);
        // The one that is nearest; the last one of two.
        let found = state.open.iter().enumerate();
        let found = found.filter(|(_, one)| serves(one));
        let found = found.max_by_key(|(_, one)| one.at.min(first));
        let found = found.map(|(index, _)| index);
        let found = found.map(|index| state.open.remove(index));
        let taken = apart("reading rows", || {
            block_on(async {
                let mut sequence = match found {
                    Some(sequence) => sequence,
                    None => self.begin(select, width, reading).await?,
                };
                let rows = sequence.take(first, count, reading).await?;
                Ok((rows, sequence))
            })?
        });
        let (rows, sequence) = taken.inspect_err(|error| state.failed = Some(error.clone()))?;
        state.open.push(sequence);
        state.open.retain(|sequence| !sequence.is_over());
        // What was not asked for the longest time stands first.
        let many = state.open.len().saturating_sub(MOST);
        state.open.drain(..many);
        Ok(rows)
    }

    async fn begin(&self, select: &str, width: usize, reading: Reading<'_>) -> Result<Sequence> {
        let held = self.snapshot.reader(&reading.patience).await?;
        let copy = Copy::begin(&held, select, width, reading).await?;
        Ok(Sequence {
            select: select.to_string(),
            held: Some(held),
            copy,
            at: 0,
            rows: self.rows,
            kept: Vec::new(),
        })
    }
}

impl Sequence {
    fn has(&self, first: u64, count: usize) -> bool {
        first >= self.at || self.kept.iter().any(|kept| kept.has(first, count))
    }

    /// Nothing comes any more, and nothing is kept.
    fn is_over(&self) -> bool {
        self.at == self.rows && self.kept.is_empty()
    }

    async fn take(&mut self, first: u64, count: usize, reading: Reading<'_>) -> Result<Rows> {
        if first < self.at {
            return Ok(self.take_kept(first, count));
        }
        let near = first.saturating_sub(BEFORE * count as u64);
        while self.at < near {
            let step = STEP.min(usize::try_from(near - self.at).unwrap_or(STEP));
            self.next(step, reading).await?;
        }
        if self.at < first {
            let kept = Kept {
                first: self.at,
                rows: self.next((first - self.at) as usize, reading).await?,
            };
            self.kept.push(kept);
        }
        let rows = self.next(count, reading).await?;
        if first == 0 {
            // What is tried before the run is read again by it.
            let rows = rows.clone();
            self.kept.push(Kept { first, rows });
        }
        let horizon = self.at.saturating_sub(UNDER_WAY * count as u64);
        self.kept.retain(|kept| kept.end() > horizon);
        Ok(rows)
    }

    fn take_kept(&mut self, first: u64, count: usize) -> Rows {
        let mut taken = Rows::default();
        for mut kept in std::mem::take(&mut self.kept) {
            if !kept.has(first, count) {
                self.kept.push(kept);
                continue;
            }
            taken = kept.rows.behind((first - kept.first) as usize);
            let behind = taken.behind(count);
            let end = first + count as u64;
            let parts = [(kept.first, kept.rows), (end, behind)].into_iter();
            let parts = parts.filter(|(_, rows)| rows.len() > 0);
            self.kept
                .extend(parts.map(|(first, rows)| Kept { first, rows }));
        }
        taken
    }

    async fn next(&mut self, count: usize, reading: Reading<'_>) -> Result<Rows> {
        let rows = self.copy.rows(count, reading).await?;
        self.at += rows.len() as u64;
        if rows.len() < count {
            return Err(reading.differs(self.at, self.rows));
        }
        if self.at == self.rows {
            // The end comes before whatever else the server has to say.
            let more = self.copy.rows(1, reading).await?.len() as u64;
            if more > 0 {
                return Err(reading.differs(self.at + more, self.rows));
            }
        }
        Ok(rows)
    }
}

impl Kept {
    fn end(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    fn has(&self, first: u64, count: usize) -> bool {
        self.first <= first && first + count as u64 <= self.end()
    }
}

/// A connection on which rows are still to come is of no use.
impl Drop for Sequence {
    fn drop(&mut self) {
        if let Some(held) = self.held.take().filter(|_| self.at < self.rows) {
            held.abandon();
        }
    }
}
