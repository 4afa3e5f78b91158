//! What one session gets of one batch.

use std::ops::Range;

use super::Part;
use super::narrow::Narrow;
use crate::batch::{Position, RowNumbers, Span};

/// The rows of a batch that one session sends, and what they came from.
#[derive(Debug)]
pub struct Piece<C> {
    batch: u64,
    chunk: C,
    place: RowNumbers,
    /// What is left of its spans; their rows are the chunk's.
    origin: Vec<Span>,
    /// True of rows of a table that is made: another run that has written them has written the
    /// same.
    is_made: bool,
    /// Changes that are applied: their block, and which rows each shard has.
    changes: Option<Changes>,
    pub(super) narrow: Narrow,
}

#[derive(Debug)]
struct Changes {
    block: u64,
    /// The first row of their batch: with it they were due.
    begins: u64,
    shards: Vec<(usize, Range<usize>)>,
}

impl<C: Part> Piece<C> {
    /// Rows of batch `batch` with their numbers in the table, and the spans whose rows these are;
    /// no spans where rows were made or come from files.
    pub fn new(batch: u64, chunk: C, place: RowNumbers, origin: Vec<Span>) -> Self {
        Self {
            batch,
            narrow: Narrow::new(chunk.rows()),
            chunk,
            place,
            is_made: false,
            changes: None,
            origin,
        }
    }

    /// They are changes of a block that are applied, in a batch that begins with this row of the table; and
    /// the rows of each shard.
    #[must_use]
    pub fn of_block(self, block: u64, begins: u64, shards: Vec<(usize, Range<usize>)>) -> Self {
        let changes = Changes {
            block,
            begins,
            shards,
        };
        Self {
            changes: Some(changes),
            ..self
        }
    }

    /// The first row of the batch of changes that they are of.
    pub(super) fn begins(&self) -> Option<u64> {
        self.changes.as_ref().map(|changes| changes.begins)
    }

    /// The block of its changes; 0 where there are none.
    pub(super) fn block(&self) -> u64 {
        self.changes.as_ref().map_or(0, |changes| changes.block)
    }

    /// Which rows each shard has, where they are changes.
    pub(super) fn shards(&self) -> Option<&[(usize, Range<usize>)]> {
        self.changes.as_ref().map(|changes| &changes.shards[..])
    }

    /// Its batch.
    pub(super) fn batch(&self) -> u64 {
        self.batch
    }

    /// Its rows.
    pub(super) fn chunk(&self) -> &C {
        &self.chunk
    }

    /// The table's numbers of its rows.
    pub(super) fn place(&self) -> &RowNumbers {
        &self.place
    }

    /// What it came from, as far as that still counts.
    pub(super) fn origin(&self) -> &[Span] {
        &self.origin
    }

    /// It comes from here, which only whoever puts batches in order knows. Rows of none of these are there
    /// already.
    pub(super) fn came_from(&mut self, spans: Vec<Span>) {
        self.is_made = true;
        self.origin = spans;
        self.remove_others();
    }

    /// Leaves out the rows that no span has, because the sink has them already. Spans are in the
    /// order of their rows.
    fn remove_others(&mut self) {
        if self.changes.is_some() || self.origin.is_empty() {
            let mut start = 0;
            for span in &self.origin {
                self.narrow.remove(&(start..span.rows.start));
                start = span.rows.end;
            }
            self.narrow.remove(&(start..self.chunk.rows()));
        }
    }

    /// Nothing is known of its rows but which of them are kept elsewhere.
    pub(super) fn look_again(&mut self) {
        self.narrow.renew(self.chunk.rows());
        self.remove_others();
    }

    /// True of rows of a table that is made.
    pub(super) fn is_made(&self) -> bool {
        self.is_made
    }

    /// Drops the spans that are `gone`, with their rows.
    pub(super) fn drop_spans(&mut self, gone: impl Fn(&Span) -> bool) {
        let narrow = &mut self.narrow;
        self.origin.retain(|span| {
            let gone = gone(span);
            if gone {
                narrow.remove(&span.rows);
            }
            !gone
        });
    }

    /// Drops the first rows of spans that are like `span`, up to offset `next`: they are changes, of which
    /// another run has committed some.
    pub(super) fn drop_before(&mut self, span: &Span, next: i64) {
        if self.changes.is_none() {
            return;
        }
        let (narrow, place) = (&mut self.narrow, &self.place);
        for one in self.origin.iter_mut().filter(|one| one.is_of(span)) {
            if one.from < next && next < one.to {
                let rows = behind(place, &one.rows, next);
                narrow.remove(&(one.rows.start..rows.start));
                (one.from, one.rows) = (next, rows);
            }
        }
    }

    /// Where a row stands in the stream that it came from.
    pub(super) fn position(&self, row: usize) -> Option<Position> {
        // The partitions of a table that is made are sessions, which mean nothing to people.
        match self.is_made {
            true => None,
            false => Position::of(&self.origin, row),
        }
    }
}

/// The end of a range of rows, from the first one whose number is `next` or higher.
pub(super) fn behind(place: &RowNumbers, rows: &Range<usize>, next: i64) -> Range<usize> {
    // Halved, because numbers rise within a shard, and they may be a list.
    let (mut low, mut high) = (rows.start, rows.end);
    while low < high {
        let middle = low + (high - low) / 2;
        match (place.row(middle) as i64) < next {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low..rows.end
}
