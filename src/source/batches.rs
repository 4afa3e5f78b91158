//! A table's rows as the plan knows them: made here, read from where they stand, or to come in a
//! stream. A plan changes nothing; `start` gives what a run holds.

use std::sync::Arc;

use arrow::array::{ArrayRef, new_empty_array};
use arrow::datatypes::{DataType, SchemaRef};

use super::failing::{ReadRows, RemainingRows, RowOrigins};
use super::made::MadeBatches;
use super::running::RunningSource;
use super::{
    Begin, DAMAGED, Grid, Opened, Piece, Records, Rejected, Rejects, Stream, TableColumns,
};
use crate::batch::{Batch, RowNumbers};
use crate::column::Program;
use crate::column::rows::Rows;
use crate::error::{Error, Result};
use crate::sync::guarded;

/// Rows of a table, by where they come from.
#[derive(Clone)]
pub enum Batches {
    /// All columns are made here.
    Made(MadeBatches),
    /// Columns are read from rows that are there.
    Read(ReadBatches),
    /// Columns are read from rows that come.
    Streamed(Streamed),
}

/// Rows that are read from where they stand: any batch of them.
#[derive(Clone)]
pub struct ReadBatches {
    pub(super) grid: Grid,
    pub(super) records: Arc<dyn Records>,
    taken: TakenColumns,
}

/// Rows that come: whatever is there next.
#[derive(Clone)]
pub struct Streamed {
    batch_rows: u64,
    pub(super) stream: Arc<dyn Stream>,
    taken: TakenColumns,
}

/// Which columns are made, and what of the source they take.
#[derive(Clone)]
pub(super) struct TakenColumns {
    columns: TableColumns,
    /// The source's columns that are used.
    used: Vec<usize>,
    /// With their names.
    names: Vec<(usize, String)>,
    /// How many the source has.
    width: usize,
}

impl ReadBatches {
    /// The same rows as one run reads them.
    #[must_use]
    pub(super) fn for_run(&self) -> Self {
        let own = self.records.for_run();
        Self {
            records: own.unwrap_or_else(|| self.records.clone()),
            ..self.clone()
        }
    }

    /// Batch `number`, from 0; the rows that cannot be read join `rejects`.
    ///
    /// # Errors
    /// A value that cannot be made or read, naming column and row.
    pub fn make(&self, number: u64, rejects: &Rejects) -> Result<Batch> {
        let (first, count) = (self.grid.first_row(number), self.grid.rows(number));
        // Libraries panic on some broken files: three of 500 Parquet files with one wrong byte did.
        // Here that is an error of the file.
        let read = guarded(|| self.records.read(first, count, &self.taken.used));
        let piece = read.unwrap_or_else(|| Err(damaged(&self.records.describe())))?;
        rejects.add(&piece.rejected)?;
        let origins = RowOrigins {
            source: &|| self.records.describe(),
            first,
            origin: &[],
        };
        let made = self.taken.complete(number, piece, count, rejects, &origins);
        let (batch, rejected) = made?;
        rejects.add(&rejected)?;
        Ok(batch)
    }
}

/// A reader could make nothing of what it read, not even an error.
pub(super) fn damaged(source: &str) -> Error {
    Error::because(format!("could not read `{source}`"), DAMAGED)
}

impl Streamed {
    /// What it is read from.
    pub fn stream(&self) -> &dyn Stream {
        self.stream.as_ref()
    }

    pub(super) fn taken(&self) -> &TakenColumns {
        &self.taken
    }

    /// At most so many rows are in a batch: never more than fit a u32, so they fit a usize.
    pub(super) fn most(&self) -> usize {
        self.batch_rows as usize
    }
}

impl TakenColumns {
    /// The source's columns that are used.
    pub(super) fn used(&self) -> &[usize] {
        &self.used
    }

    /// The batch of what was read of `count` rows. Rows of which a column cannot be
    /// made are left out and told, where those that cannot be read are.
    pub(super) fn complete(
        &self,
        number: u64,
        piece: Piece,
        count: usize,
        rejects: &Rejects,
        origins: &RowOrigins<'_>,
    ) -> Result<(Batch, Vec<Rejected>)> {
        let first = origins.first;
        let nothing = new_empty_array(&DataType::Null);
        // What stands in the places of columns that are not used is never looked at.
        // Expressions name a source's columns by their places, whether they are used or not.
        let mut read = vec![nothing; self.width];
        for ((place, _), values) in self.names.iter().zip(piece.columns) {
            read[*place] = values;
        }
        let place = match piece.kept {
            None => RowNumbers::From(first),
            Some(rows) => RowNumbers::List(rows.into()),
        };
        let rows = match &place {
            RowNumbers::From(first) => Rows::Range {
                first: *first,
                count,
            },
            RowNumbers::List(rows) => Rows::List(rows),
        };
        let (place, made, rejected) = match self.columns.evaluate(rows, &read) {
            Ok(made) => (place, made, Vec::new()),
            // Only where it fails rows are looked at one by one: a batch without bad rows costs
            // nothing.
            Err(error) if rejects.leaves_out() => {
                let left = self.leave_out(&rows.numbers(), &read, origins, error)?;
                let made = self
                    .columns
                    .evaluate(Rows::List(&left.rows), &left.columns)?;
                (RowNumbers::List(left.rows.into()), made, left.rejected)
            }
            Err(error) => return Err(error),
        };
        let batch = Batch {
            place,
            ..Batch::new(number, first, made)
        };
        Ok((batch, rejected))
    }

    /// The rows of which every column can be made, where that failed for all of them.
    fn leave_out(
        &self,
        rows: &[u64],
        read: &[ArrayRef],
        origins: &RowOrigins<'_>,
        error: Error,
    ) -> Result<RemainingRows> {
        let found = ReadRows {
            rows,
            columns: read,
            used: &self.names,
            origins,
        };
        let make =
            |rows: Rows<'_>, read: &[ArrayRef]| self.columns.evaluate(rows, read).map(|_| ());
        let left = found.without_failing(&make)?;
        match left.rejected.is_empty() {
            // It was no row's fault.
            true => Err(error),
            false => Ok(left),
        }
    }
}

impl Batches {
    /// These columns of rows that are read from `opened`, or made without it. A stream takes of the
    /// grid how many rows a batch has at most.
    pub fn new(
        columns: TableColumns,
        program: &Program,
        opened: Option<&Opened>,
        grid: Grid,
    ) -> Self {
        let Some(opened) = opened else {
            return Self::Made(MadeBatches::new(columns, grid));
        };
        let (used, schema) = (columns.used(program), opened.schema());
        let name = |column: &usize| (*column, schema.field(*column).name().clone());
        let taken = TakenColumns {
            names: used.iter().map(name).collect(),
            used,
            width: schema.fields().len(),
            columns,
        };
        match opened {
            Opened::Records(records) => Self::Read(ReadBatches {
                grid,
                records: records.clone(),
                taken,
            }),
            Opened::Stream(stream) => Self::Streamed(Streamed {
                batch_rows: grid.batch_rows(),
                stream: stream.clone(),
                taken,
            }),
        }
    }

    /// The same columns in other batches.
    #[must_use]
    pub fn on(&self, grid: Grid) -> Self {
        match self {
            Self::Made(made) => Self::Made(made.on(grid)),
            Self::Read(read) => Self::Read(ReadBatches {
                grid,
                ..read.clone()
            }),
            Self::Streamed(streamed) => Self::Streamed(Streamed {
                batch_rows: grid.batch_rows(),
                ..streamed.clone()
            }),
        }
    }

    /// The columns of the batches.
    pub fn schema(&self) -> &SchemaRef {
        match self {
            Self::Made(made) => made.schema(),
            Self::Read(read) => read.taken.columns.schema(),
            Self::Streamed(streamed) => streamed.taken.columns.schema(),
        }
    }

    /// How rows are cut into batches, where that is known before they are there.
    pub fn grid(&self) -> Option<&Grid> {
        match self {
            Self::Made(made) => Some(&made.grid),
            Self::Read(read) => Some(&read.grid),
            Self::Streamed(_) => None,
        }
    }

    /// How many batches there are; none without an end that is known.
    pub fn batches(&self) -> Option<u64> {
        self.grid().and_then(Grid::batches)
    }

    /// Rows in a batch: in all but the last one, or, of a stream, at most.
    pub fn batch_rows(&self) -> u64 {
        match self {
            Self::Made(made) => made.grid.batch_rows(),
            Self::Read(read) => read.grid.batch_rows(),
            Self::Streamed(streamed) => streamed.batch_rows,
        }
    }

    /// What rows are read from and which of its columns, if they are.
    pub fn source(&self) -> Option<(Opened, &[usize])> {
        match self {
            Self::Made(_) => None,
            Self::Read(read) => Some((Opened::Records(read.records.clone()), &read.taken.used)),
            Self::Streamed(streamed) => Some((
                Opened::Stream(streamed.stream.clone()),
                &streamed.taken.used,
            )),
        }
    }

    /// The first batch, outside of a run: what cannot be read of it is counted nowhere.
    ///
    /// # Errors
    /// A value that cannot be made or read, naming column and row; or it is a stream.
    pub fn first(&self) -> Result<Batch> {
        match self {
            Self::Made(made) => made.make(0),
            Self::Read(read) => read.make(0, &Rejects::new(read.records.on_bad_row())),
            Self::Streamed(_) => {
                Err(Error::run("a stream has no rows before the run").hint("use `rowgen run`"))
            }
        }
    }

    /// Begins a run.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn start(&self, begin: &Begin) -> Result<RunningSource> {
        RunningSource::start(self, begin)
    }
}
