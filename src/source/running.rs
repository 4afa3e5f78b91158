//! What a run holds of a table's rows: batches in their order, what could not be read of them, and
//! how much of a stream is safe.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::batches::{Batches, ReadBatches, Streamed, damaged};
use super::failing::RowOrigins;
use super::faulty::Tally;
use super::made::MadeBatches;
use super::ordered::{SortContext, SortedFolder, SortedRun, Sorting};
use super::turns::StreamTurns;
use super::{Begin, Rejects, SourceKept};
use crate::batch::{Batch, RowNumbers, Span};
use crate::error::Result;
use crate::report::FaultReport;
use crate::sync::guarded;

/// A table's rows in one run.
pub struct RunningSource {
    kind: RunningKind,
    wake: Arc<dyn Fn() + Send + Sync>,
}

enum RunningKind {
    Made(MadeBatches, Tally),
    Sorted(SortedRun),
    Read(ReadBatches, Rejects),
    Streamed(Streamed, StreamTurns, Rejects),
}

impl RunningSource {
    pub(super) fn start(batches: &Batches, begin: &Begin) -> Result<Self> {
        let kind = match batches {
            Batches::Made(made) => RunningKind::Made(made.clone(), Tally::default()),
            Batches::Read(read) => {
                let mut rejects = Rejects::begin(read.records.on_bad_row(), begin, false)?;
                rejects.note_files(read.records.bad_files(), begin)?;
                RunningKind::Read(read.for_run(), rejects)
            }
            Batches::Streamed(streamed) => {
                let rejects = Rejects::begin(streamed.stream.on_bad_row(), begin, true)?;
                let turns = StreamTurns::new(streamed.stream.start(begin)?);
                RunningKind::Streamed(streamed.clone(), turns, rejects)
            }
        };
        let wake = begin.wake.clone();
        Ok(Self { kind, wake })
    }

    /// The rows of a table that is made here, in another order than its own.
    ///
    /// # Errors
    /// A column has no order.
    pub fn sorted(sorting: &Sorting, begin: &Begin) -> Result<Self> {
        Ok(Self {
            kind: RunningKind::Sorted(sorting.start()?),
            wake: begin.wake.clone(),
        })
    }

    /// Sorts the rows of one that is in another order; the folders that come, where there are any.
    ///
    /// # Errors
    /// A value that cannot be made, or a file that cannot be written.
    pub fn sort(&self, context: &SortContext<'_>) -> Result<Vec<SortedFolder>> {
        match &self.kind {
            RunningKind::Sorted(sorted) => sorted.sort(context),
            _ => Ok(Vec::new()),
        }
    }

    /// Makes more batches of sorted rows ready; false when all are.
    ///
    /// # Errors
    /// As `sort`.
    pub fn sort_on(&self, context: &SortContext<'_>) -> Result<bool> {
        match &self.kind {
            RunningKind::Sorted(sorted) => sorted.go_on(context),
            _ => Ok(false),
        }
    }

    /// True if what it reads has grown since it was opened.
    ///
    /// # Errors
    /// What was read was written over meanwhile: rows are of both.
    pub fn has_grown(&self) -> Result<bool> {
        match &self.kind {
            RunningKind::Read(read, _) => read.records.has_grown(),
            _ => Ok(false),
        }
    }

    /// No more batches are taken of it.
    pub fn end(&self) {
        if let RunningKind::Sorted(sorted) = &self.kind {
            sorted.end();
        }
    }

    /// How many batches there are; none where that is not known.
    pub fn batches(&self) -> Option<u64> {
        match &self.kind {
            RunningKind::Made(MadeBatches { grid, .. }, _)
            | RunningKind::Read(ReadBatches { grid, .. }, _) => grid.batches(),
            RunningKind::Sorted(sorted) => Some(sorted.batches()),
            RunningKind::Streamed(..) => None,
        }
    }

    /// How many of them can be taken by now.
    pub fn ready(&self) -> Option<u64> {
        match &self.kind {
            RunningKind::Sorted(sorted) => Some(sorted.ready()),
            _ => self.batches(),
        }
    }

    /// How long until batch `number` is worth taking; nothing when it is now. A stream wakes the run
    /// before that, when something comes: no worker waits for it while there is other work.
    pub fn wait(&self, number: u64) -> Option<Duration> {
        match &self.kind {
            RunningKind::Streamed(streamed, turns, _) => turns.wait(number, streamed.most()),
            _ => None,
        }
    }

    /// Batch `number`; nothing when the stream ended before it. Of a stream numbers come in order.
    ///
    /// # Errors
    /// A value that cannot be made or read, naming column and row.
    pub fn take(&self, number: u64) -> Result<Option<Batch>> {
        match &self.kind {
            RunningKind::Made(made, tally) => made.make_counted(number, tally).map(Some),
            RunningKind::Sorted(sorted) => sorted.make(number).map(Some),
            RunningKind::Read(read, rejects) => read.make(number, rejects).map(Some),
            RunningKind::Streamed(streamed, turns, rejects) => {
                let taken = turns.take(number, streamed.most());
                (self.wake)();
                let Some((first, block)) = taken? else {
                    return Ok(None);
                };
                let taken = streamed.taken();
                // Libraries panic at some damaged files and messages: it is an error of this
                // source, not the end of the process.
                let piece = guarded(|| block.read(first, taken.used()));
                let source = || streamed.stream.describe();
                let piece = piece.unwrap_or_else(|| Err(damaged(&source())))?;
                let (rows, origin) = (block.rows(), block.origin().clone());
                // Whoever sends has its memory back before columns are made.
                drop(block);
                rejects.add(&piece.rejected)?;
                let origins = RowOrigins {
                    source: &source,
                    first,
                    origin: &origin,
                };
                let made = taken.complete(number, piece, rows, rejects, &origins);
                let (batch, rejected) = made?;
                rejects.add(&rejected)?;
                let origin = among(origin, first, &batch.place);
                Ok(Some(Batch { origin, ..batch }))
            }
        }
    }

    /// How many rows of this run come before batch `number`, which is the next one of a stream.
    pub fn rows_before(&self, number: u64) -> u64 {
        match &self.kind {
            RunningKind::Made(MadeBatches { grid, .. }, _)
            | RunningKind::Read(ReadBatches { grid, .. }, _) => {
                grid.first_row(number) - grid.first_row(0)
            }
            RunningKind::Sorted(sorted) => sorted.rows_before(number),
            RunningKind::Streamed(_, turns, _) => turns.rows(),
        }
    }

    /// The rows of batch `number` in the table, where they are made here: nobody misses them if they are not.
    pub fn made_rows(&self, number: u64) -> Option<Range<u64>> {
        match &self.kind {
            RunningKind::Made(made, _) => Some(made.rows(number)),
            _ => None,
        }
    }

    /// The run is to end: nobody waits for a stream any more, and for a server a little while only.
    pub fn stop(&self) {
        match &self.kind {
            RunningKind::Made(..) | RunningKind::Sorted(_) => {}
            RunningKind::Read(read, _) => read.records.stop(),
            RunningKind::Streamed(_, turns, _) => turns.flow().stop(),
        }
    }

    /// The first `batches` batches are safe everywhere.
    ///
    /// # Errors
    /// What was left out of them is not, or whoever sends cannot be told.
    pub fn durable(&self, batches: u64) -> Result<()> {
        match &self.kind {
            RunningKind::Streamed(_, turns, rejects) => {
                // Before the offsets: once they are committed, whoever sends does not send these
                // rows again.
                rejects.sync()?;
                turns.flow().durable(batches)
            }
            _ => Ok(()),
        }
    }

    /// A sink has failed and others go on: what is not safe by now never will be. True the first
    /// time, of a stream.
    pub fn freeze(&self) -> bool {
        match &self.kind {
            RunningKind::Streamed(_, turns, _) => turns.flow().freeze(),
            _ => false,
        }
    }

    /// Nothing will be asked any more.
    pub fn close(&self) {
        if let RunningKind::Streamed(_, turns, _) = &self.kind {
            turns.flow().close();
        }
    }

    /// What was made of rows that are made with faults.
    pub fn faults(&self) -> Option<FaultReport> {
        match &self.kind {
            RunningKind::Made(made, tally) if made.is_faulty() => Some(tally.read()),
            _ => None,
        }
    }

    /// How many rows of the table were left out before others got faults; nothing where all get them.
    pub fn left_out(&self) -> Option<u64> {
        match &self.kind {
            RunningKind::Made(made, tally) if made.is_filtered() => Some(tally.left_out()),
            _ => None,
        }
    }

    /// What was read, and what of it could not be; nothing of rows that are made.
    pub fn kept(&self) -> Option<SourceKept> {
        let (source, bad_files, rejects) = match &self.kind {
            RunningKind::Made(..) | RunningKind::Sorted(_) => return None,
            RunningKind::Read(read, rejects) => {
                let records = &read.records;
                (records.describe(), records.bad_files(), rejects)
            }
            RunningKind::Streamed(streamed, _, rejects) => {
                (streamed.stream.describe(), None, rejects)
            }
        };
        Some(SourceKept {
            source,
            rejected: rejects.counts(),
            dead_letters: rejects.path().map(Path::to_path_buf),
            bad_files: bad_files.cloned(),
            file_letters: rejects.file_letters().map(Path::to_path_buf),
        })
    }
}

/// The spans with the rows that are left of theirs, of which the first one was row `first`.
fn among(origin: Arc<[Span]>, first: u64, place: &RowNumbers) -> Arc<[Span]> {
    let RowNumbers::List(kept) = place else {
        return origin;
    };
    let before = |row: usize| kept.partition_point(|kept| *kept < first + row as u64);
    let left = origin.iter().map(|span| {
        let rows = before(span.rows.start)..before(span.rows.end);
        let place = |kept: &u64| (kept - first) as usize - span.rows.start;
        Span {
            offsets: span.offsets.among(kept[rows.clone()].iter().map(place)),
            rows,
            ..span.clone()
        }
    });
    left.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Offsets, Turn};

    #[test]
    fn spans_keep_the_rows_that_are_left() {
        let turn = Arc::new(Turn::new());
        let span = |partition, rows| Span {
            turn: turn.clone(),
            partition,
            from: 0,
            to: 9,
            rows,
            offsets: Offsets::default(),
        };
        let origin: Arc<[Span]> = [span(0, 0..3), span(1, 3..4), span(4, 4..6)].into();
        let rows = |place| {
            let left = among(origin.clone(), 100, &place);
            left.iter()
                .map(|span| span.rows.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(rows(RowNumbers::From(100)), [0..3, 3..4, 4..6]);
        let list = RowNumbers::List(Arc::from([101, 102, 104, 105]));
        assert_eq!(rows(list), [0..2, 2..2, 2..4]);
    }
}
