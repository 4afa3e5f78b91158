//! Rows without a key, in the order in which the server sends them: over one connection, as they are
//! asked for. Workers ask for batches nearly in order, and what one passes over is kept for the others.

use std::sync::Mutex;

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

/// Rows that came.
pub trait Stretch: Clone + Default + Send {
    /// How many there are.
    fn len(&self) -> usize;

    /// Splits off those behind the first ones.
    fn behind(&mut self, rows: usize) -> Self;
}

/// Whoever asks a server for rows.
pub trait Reads {
    /// One answer, from which rows come.
    type Cursor: Send;
    /// Rows.
    type Rows: Stretch;

    /// Begins to send all rows.
    ///
    /// # Errors
    /// What the server says.
    fn begin(&self) -> impl Future<Output = Result<Self::Cursor>>;

    /// The next rows: so many, or as many as there are.
    ///
    /// # Errors
    /// What the server says.
    fn next(
        &self,
        cursor: &mut Self::Cursor,
        rows: usize,
    ) -> impl Future<Output = Result<Self::Rows>>;

    /// Rows that are counted are not there, or others are.
    fn differs(&self, found: u64, counted: u64) -> Error;
}

/// All rows, from the first one on, which come out of such cursors.
pub struct Sequences<C, S> {
    rows: u64,
    state: Mutex<State<C, S>>,
}

struct State<C, S> {
    /// What was asked last stands last.
    open: Vec<Sequence<C, S>>,
    /// What went wrong: nobody waits for the server again.
    failed: Option<Error>,
}

/// One `SELECT`, and how far it is. Dropped though rows are still to come, its cursor ends them.
struct Sequence<C, S> {
    select: String,
    cursor: C,
    /// Rows that came.
    at: u64,
    rows: u64,
    kept: Vec<Kept<S>>,
}

/// Rows that came before others that were asked for first.
struct Kept<S> {
    first: u64,
    rows: S,
}

impl<C: Send, S: Stretch> Sequences<C, S> {
    /// So many rows, of which none has come.
    pub fn new(rows: u64) -> Self {
        let state = State {
            open: Vec::new(),
            failed: None,
        };
        Self {
            rows,
            state: Mutex::new(state),
        }
    }

    /// Rows of a `SELECT`. Once that has failed it fails for everybody.
    ///
    /// # Errors
    /// What the server says.
    pub fn read(
        &self,
        (first, count): (u64, usize),
        select: &str,
        reads: &(impl Reads<Cursor = C, Rows = S> + Sync),
    ) -> Result<S> {
        let mut state = lock(&self.state);
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        let serves = |one: &Sequence<C, S>| one.select == select && one.has(first, count);
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
                    None => self.begin(select, reads).await?,
                };
                let rows = sequence.take(first, count, reads).await?;
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

    async fn begin(
        &self,
        select: &str,
        reads: &impl Reads<Cursor = C, Rows = S>,
    ) -> Result<Sequence<C, S>> {
        Ok(Sequence {
            select: select.to_string(),
            cursor: reads.begin().await?,
            at: 0,
            rows: self.rows,
            kept: Vec::new(),
        })
    }
}

impl<C, S: Stretch> Sequence<C, S> {
    fn has(&self, first: u64, count: usize) -> bool {
        first >= self.at || self.kept.iter().any(|kept| kept.has(first, count))
    }

    /// Nothing comes any more, and nothing is kept.
    fn is_over(&self) -> bool {
        self.at == self.rows && self.kept.is_empty()
    }

    async fn take(
        &mut self,
        first: u64,
        count: usize,
        reads: &impl Reads<Cursor = C, Rows = S>,
    ) -> Result<S> {
        if first < self.at {
            return Ok(self.take_kept(first, count));
        }
        let near = first.saturating_sub(BEFORE * count as u64);
        while self.at < near {
            let step = STEP.min(usize::try_from(near - self.at).unwrap_or(STEP));
            self.next(step, reads).await?;
        }
        if self.at < first {
            let kept = Kept {
                first: self.at,
                rows: self.next((first - self.at) as usize, reads).await?,
            };
            self.kept.push(kept);
        }
        let rows = self.next(count, reads).await?;
        if first == 0 {
            // What is tried before the run is read again by it.
            let rows = rows.clone();
            self.kept.push(Kept { first, rows });
        }
        let horizon = self.at.saturating_sub(UNDER_WAY * count as u64);
        self.kept.retain(|kept| kept.end() > horizon);
        Ok(rows)
    }

    fn take_kept(&mut self, first: u64, count: usize) -> S {
        let mut taken = S::default();
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

    async fn next(&mut self, count: usize, reads: &impl Reads<Cursor = C, Rows = S>) -> Result<S> {
        let rows = reads.next(&mut self.cursor, count).await?;
        self.at += rows.len() as u64;
        if rows.len() < count {
            return Err(reads.differs(self.at, self.rows));
        }
        if self.at == self.rows {
            // The end comes before whatever else the server has to say.
            let more = reads.next(&mut self.cursor, 1).await?.len() as u64;
            if more > 0 {
                return Err(reads.differs(self.at + more, self.rows));
            }
        }
        Ok(rows)
    }
}

impl<S: Stretch> Kept<S> {
    fn end(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    fn has(&self, first: u64, count: usize) -> bool {
        self.first <= first && first + count as u64 <= self.end()
    }
}
