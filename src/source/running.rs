//! What a run holds of a table's rows: batches in their order, what could not be read of them, and
//! how much of a stream is safe.

use std::path::Path;

use super::batches::{Batches, Made, Read, Streamed};
use super::turns::Turns;
use super::{Rejects, SourceKept};
use crate::batch::Batch;
use crate::error::Result;

/// A table's rows in one run.
pub struct RunningSource(Kind);

enum Kind {
    Made(Made),
    Read(Read, Rejects),
    Streamed(Streamed, Turns, Rejects),
}

impl RunningSource {
    pub(super) fn start(batches: &Batches, out: &Path) -> Result<Self> {
        Ok(Self(match batches {
            Batches::Made(made) => Kind::Made(made.clone()),
            Batches::Read(read) => {
                let rejects = Rejects::begin(read.records.on_bad_row(), out, false)?;
                Kind::Read(read.clone(), rejects)
            }
            Batches::Streamed(streamed) => {
                let rejects = Rejects::begin(streamed.stream.on_bad_row(), out, true)?;
                let turns = Turns::new(streamed.stream.start()?);
                Kind::Streamed(streamed.clone(), turns, rejects)
            }
        }))
    }

    /// Batch `number`; nothing when the stream ended before it. Of a stream numbers come in order.
    ///
    /// # Errors
    /// A value that cannot be made or read, naming column and row.
    pub fn take(&self, number: u64) -> Result<Option<Batch>> {
        match &self.0 {
            Kind::Made(made) => made.make(number).map(Some),
            Kind::Read(read, rejects) => read.make(number, rejects).map(Some),
            Kind::Streamed(streamed, turns, rejects) => {
                // A batch never has more rows than fit a u32, so it fits a usize.
                let most = streamed.batch_rows as usize;
                let Some((first, block)) = turns.take(number, most)? else {
                    return Ok(None);
                };
                let taken = streamed.taken();
                let piece = block.read(first, taken.used())?;
                let rows = block.rows();
                drop(block);
                rejects.add(&piece.rejected)?;
                taken.complete(number, piece, first, rows).map(Some)
            }
        }
    }

    /// How many rows of this run come before batch `number`, which is the next one of a stream.
    pub fn rows_before(&self, number: u64) -> u64 {
        match &self.0 {
            Kind::Made(Made { grid, .. }) | Kind::Read(Read { grid, .. }, _) => {
                grid.first_row(number) - grid.first_row(0)
            }
            Kind::Streamed(_, turns, _) => turns.rows(),
        }
    }

    /// The run is to end: nobody waits for a stream any more.
    pub fn stop(&self) {
        if let Kind::Streamed(_, turns, _) = &self.0 {
            turns.flow().stop();
        }
    }

    /// The first `batches` batches are safe everywhere.
    ///
    /// # Errors
    /// What was left out of them is not, or whoever sends cannot be told.
    pub fn durable(&self, batches: u64) -> Result<()> {
        match &self.0 {
            Kind::Streamed(_, turns, rejects) => {
                rejects.sync()?;
                turns.flow().durable(batches)
            }
            _ => Ok(()),
        }
    }

    /// Nothing will be asked any more.
    pub fn close(&self) {
        if let Kind::Streamed(_, turns, _) = &self.0 {
            turns.flow().close();
        }
    }

    /// What was read, and what of it could not be; nothing of rows that are made.
    pub fn kept(&self) -> Option<SourceKept> {
        let (source, rejects) = match &self.0 {
            Kind::Made(_) => return None,
            Kind::Read(read, rejects) => (read.records.describe(), rejects),
            Kind::Streamed(streamed, _, rejects) => (streamed.stream.describe(), rejects),
        };
        Some(SourceKept {
            source,
            rejected: rejects.counts(),
            dead_letters: rejects.path().map(Path::to_path_buf),
        })
    }
}
