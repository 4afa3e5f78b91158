//! One transaction: which pieces are in it, and what of them is settled. It never grows: the
//! service that `pipelines/seed_status.yaml` follows made a failed batch again inside an ever
//! larger one.

use std::collections::HashMap;
use std::ops::Range;

use super::Part;
use super::letters::Letter;
use super::origin::merged;
use super::piece::Piece;
use crate::batch::Span;
use crate::error::Result;

/// What a session commits at once.
pub(super) struct Transaction<C> {
    pieces: Vec<Piece<C>>,
    parts: Vec<(u64, u64)>,
    /// Something of it may be at the server.
    pub(super) begun: bool,
    /// The answer to a commit was lost: it may be done, or be done later.
    pub(super) in_doubt: bool,
    /// It is this run's own commit whose answer was lost: what the sink has is counted as done here.
    pub(super) asked: bool,
    /// Its pieces are put one by one: some row of them was refused, and nobody said which.
    one_by_one: bool,
    /// A commit after that found these partitions with other offsets.
    pub(super) fenced: Vec<i32>,
}

/// Rows of a piece that are put with others.
pub(super) struct Wanted {
    piece: usize,
    /// Its number among the ranges of the piece.
    range: usize,
    rows: Range<usize>,
}

impl<C: Part> Transaction<C> {
    pub(super) fn new(pieces: Vec<Piece<C>>) -> Self {
        Self {
            parts: pieces
                .iter()
                .map(|piece| (piece.batch(), piece.block()))
                .collect(),
            pieces,
            begun: false,
            in_doubt: false,
            asked: false,
            one_by_one: false,
            fenced: Vec::new(),
        }
    }

    /// The batch and the block of each of its pieces.
    pub(super) fn parts(&self) -> &[(u64, u64)] {
        &self.parts
    }

    /// The row of the table with which it was due: that of its first batch of changes.
    pub(super) fn begins(&self) -> Option<u64> {
        self.pieces.iter().filter_map(Piece::begins).min()
    }

    /// Its pieces.
    pub(super) fn pieces(&mut self) -> &mut [Piece<C>] {
        &mut self.pieces
    }

    /// What can be put at once; nothing where a wrong row is looked for, or nothing is left.
    pub(super) fn together(&self) -> Option<Vec<Wanted>> {
        let mut together = Vec::new();
        for (piece, of) in self.pieces.iter().enumerate() {
            let ranges = of.narrow.plain()?;
            together.extend(ranges.map(|(range, rows)| Wanted { piece, range, rows }));
        }
        (!self.one_by_one && !together.is_empty()).then_some(together)
    }

    /// The rows that were wanted together.
    pub(super) fn chunks(&self, together: &[Wanted]) -> Vec<C> {
        let chunk = |wanted: &Wanted| self.pieces[wanted.piece].chunk().part(wanted.rows.clone());
        together.iter().map(chunk).collect()
    }

    /// All of it was put at once.
    pub(super) fn took_all(&mut self) {
        let pieces = self.pieces.iter_mut();
        pieces.for_each(|piece| piece.narrow.took_all());
    }

    /// Some of what was wanted together is wrong: these rows, counted from the first one, or some that
    /// nobody names.
    pub(super) fn refused(&mut self, together: &[Wanted], rows: &[(usize, String)], reason: &str) {
        let mut end = together
            .iter()
            .map(|wanted| wanted.rows.len())
            .sum::<usize>();
        // Pieces are put one by one only when the server named no row: that costs an answer for
        // each.
        if !rows.iter().any(|(row, _)| *row < end) {
            match together {
                [one] => self.pieces[one.piece].narrow.refused(reason),
                _ => self.one_by_one = true,
            }
            return;
        }
        // From the last one on, so that the numbers of the ranges before it stay.
        for wanted in together.iter().rev() {
            let start = end - wanted.rows.len();
            let own = rows.iter().filter(|(row, _)| (start..end).contains(row));
            let own: Vec<_> = own.map(|(row, why)| (row - start, why.clone())).collect();
            if !own.is_empty() {
                let narrow = &mut self.pieces[wanted.piece].narrow;
                narrow.refused_of(wanted.range, own);
            }
            end = start;
        }
    }

    /// The first row that is left out ends the run: of the others only those before it still count.
    pub(super) fn only_before_bad(&mut self) {
        let mut pieces = self.pieces.iter_mut();
        if let Some(first) = pieces.find(|piece| piece.narrow.has_new()) {
            first.narrow.only_before_bad();
            pieces.for_each(|piece| piece.narrow.clear());
        }
    }

    /// It is put from the beginning: what was read in turns that are over is dropped.
    pub(super) fn restart(&mut self) {
        self.begun = false;
        // They belong to another consumer now, which reads them again.
        self.drop_spans(|span| span.turn.is_over());
        for piece in &mut self.pieces {
            piece.narrow.restart();
        }
    }

    /// True when there is nothing to commit.
    pub(super) fn is_settled(&self) -> bool {
        let nothing = |piece: &Piece<C>| piece.origin().is_empty() && piece.narrow.is_nothing();
        self.pieces.iter().all(nothing)
    }

    /// True when a turn ended since it was begun.
    pub(super) fn has_ended_turns(&self) -> bool {
        self.spans().any(|span| span.turn.is_over())
    }

    /// Its rows and bytes.
    pub(super) fn size(&self) -> (u64, u64) {
        let rows = self.pieces.iter().map(|piece| piece.narrow.rows() as u64);
        let left = self.pieces.iter().filter(|piece| piece.narrow.rows() > 0);
        let bytes = left.map(|piece| piece.chunk().bytes() as u64);
        (rows.sum(), bytes.sum())
    }

    /// The offsets to commit.
    ///
    /// # Errors
    /// A source has left something out.
    pub(super) fn origin(&self) -> Result<Vec<Span>> {
        merged(self.spans())
    }

    /// What was refused may be there already: all of it is looked at again, once it is known how far the sink
    /// is.
    pub(super) fn look_again(&mut self) {
        (self.in_doubt, self.one_by_one) = (true, false);
        self.pieces.iter_mut().for_each(Piece::look_again);
    }

    /// The batch of the first row that was left out since `new_letters` was asked before.
    pub(super) fn first_bad(&self) -> Option<u64> {
        let mut pieces = self.pieces.iter();
        let first = pieces.find(|piece| piece.narrow.has_new());
        first.map(Piece::batch)
    }

    /// Rows that were left out since this was asked before.
    pub(super) fn new_letters(&mut self) -> Vec<Letter> {
        let mut letters = Vec::new();
        for piece in &mut self.pieces {
            let bad = piece.narrow.bad().iter_mut().filter(|bad| !bad.kept);
            let new: Vec<(usize, String)> = bad
                .map(|bad| {
                    // Marked before it is written, because a transaction may be made again, and a
                    // row is one letter. If writing fails, the run ends.
                    bad.kept = true;
                    (bad.row, bad.reason.clone())
                })
                .collect();
            letters.extend(new.into_iter().map(|(row, reason)| Letter {
                row: piece.place().row(row),
                position: piece.position(row),
                reason,
                kept: piece.chunk().letter(row),
            }));
        }
        letters
    }

    /// Drops what the sink has, as its table of offsets says, and tells the partitions that are
    /// neither where this transaction began nor where it ends.
    ///
    /// # Errors
    /// A source has left something out.
    pub(super) fn resolve(&mut self, next: &HashMap<i32, i64>) -> Result<Vec<i32>> {
        if self.is_made() {
            return self.resolve_made(next);
        }
        let mut elsewhere = Vec::new();
        for span in self.origin()? {
            match next.get(&span.partition).copied() {
                // Where it ends: the commit was done. Where it began, or nowhere: it was not.
                // Anywhere else another writer was here.
                Some(next) if next == span.to => self.drop_spans(|one| one.is_of(&span)),
                Some(next) if next != span.from => elsewhere.push(span.partition),
                _ => {}
            }
        }
        Ok(elsewhere)
    }

    /// As `resolve`, of a table that is made: an earlier run whose last commit came late has
    /// written the same rows. The first version stopped with an error there; ten thousand simulated
    /// runs found it.
    ///
    /// # Errors
    /// A source has left something out.
    fn resolve_made(&mut self, next: &HashMap<i32, i64>) -> Result<Vec<i32>> {
        let mut elsewhere = Vec::new();
        for span in self.origin()? {
            let Some(next) = next.get(&span.partition).copied() else {
                continue;
            };
            let ends = self.spans().any(|one| one.is_of(&span) && one.to == next);
            match ends || next >= span.to {
                true => self.drop_spans(|one| one.is_of(&span) && one.to <= next),
                false if next == span.from => {}
                false if self.is_cut(&span, next) => {}
                false => elsewhere.push(span.partition),
            }
        }
        Ok(elsewhere)
    }

    /// Drops changes before an offset that lies within a piece: another run, with batches of another size,
    /// has committed them. False where it lies elsewhere.
    fn is_cut(&mut self, span: &Span, next: i64) -> bool {
        let changes = self.pieces.iter().any(|piece| piece.shards().is_some());
        if !changes || next < span.from {
            return false;
        }
        self.drop_spans(|one| one.is_of(span) && one.to <= next);
        let pieces = self.pieces.iter_mut();
        pieces.for_each(|piece| piece.drop_before(span, next));
        true
    }

    /// True of a transaction of a table that is made.
    pub(super) fn is_made(&self) -> bool {
        self.pieces.iter().any(Piece::is_made)
    }

    /// True when it has some of these partitions.
    pub(super) fn has(&self, partitions: &[i32]) -> bool {
        self.spans()
            .any(|span| partitions.contains(&span.partition))
    }

    /// Somebody else has these partitions: their turns end.
    pub(super) fn fence(&mut self, partitions: &[i32]) {
        let fenced = |span: &Span| partitions.contains(&span.partition);
        for span in self.spans().filter(|span| fenced(span)) {
            span.turn.end();
        }
        self.drop_spans(fenced);
    }

    fn spans(&self) -> impl Iterator<Item = &Span> {
        self.pieces.iter().flat_map(Piece::origin)
    }

    fn drop_spans(&mut self, gone: impl Fn(&Span) -> bool) {
        for piece in &mut self.pieces {
            piece.drop_spans(&gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::RowNumbers;
    use arrow::array::{Int64Array, RecordBatch};
    use std::sync::Arc;

    #[test]
    fn a_row_that_is_refused_is_a_letter_before_all_is_settled() {
        let ids = Arc::new(Int64Array::from(vec![7])) as _;
        let rows = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        // Of a sink without offsets: nothing else is left of it.
        let piece = Piece::new(0, rows, RowNumbers::From(41), Vec::new());
        let mut transaction = Transaction::new(vec![piece]);
        assert_eq!(transaction.pieces()[0].narrow.next(), Some(0..1));
        transaction.pieces()[0].narrow.refused("too long");
        transaction.restart();
        assert!(!transaction.is_settled());
        let letters = transaction.new_letters();
        assert_eq!((letters.len(), letters[0].row), (1, 41));
        transaction.restart();
        assert!(transaction.is_settled());
        assert!(transaction.new_letters().is_empty());
    }
}
