//! What one session gets of one batch.

use super::Part;
use super::narrow::Narrow;
use crate::batch::{Place, Position, Span};

/// The rows of a batch that one session sends, and what they came from.
#[derive(Debug)]
pub struct Piece<C> {
    batch: u64,
    chunk: C,
    place: Place,
    /// What is left of its spans; their rows are the chunk's.
    origin: Vec<Span>,
    /// They are of a table that is made: whoever else has written these rows has written the same.
    is_made: bool,
    pub(super) narrow: Narrow,
}

impl<C: Part> Piece<C> {
    /// Rows of batch `batch` with their numbers in the table, and the spans whose rows these are;
    /// no spans where rows were made or come from files.
    pub fn new(batch: u64, chunk: C, place: Place, origin: Vec<Span>) -> Self {
        Self {
            batch,
            narrow: Narrow::new(chunk.rows()),
            chunk,
            place,
            is_made: false,
            origin,
        }
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
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// What it came from, as far as that still counts.
    pub(super) fn origin(&self) -> &[Span] {
        &self.origin
    }

    /// It comes from here, which only whoever puts batches in order knows.
    pub(super) fn came_from(&mut self, span: Span) {
        self.origin = vec![span];
        self.is_made = true;
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

    /// Where a row stands in the stream that it came from.
    pub(super) fn position(&self, row: usize) -> Option<Position> {
        // The partitions of a table that is made are sessions, which mean nothing to people.
        match self.is_made {
            true => None,
            false => Position::of(&self.origin, row),
        }
    }
}
