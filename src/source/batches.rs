//! A table's rows as batches: a run of rows cut into equal parts, made here or read.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_empty_array};
use arrow::datatypes::{DataType, SchemaRef};

use super::turns::Turns;
use super::{Flow, Opened, Piece, Rejects};
use crate::batch::{Batch, Place};
use crate::column::rows::Rows;
use crate::column::{ProgramCell, Selection};
use crate::error::{Error, Result};

/// Rows of a table.
#[derive(Clone)]
pub struct Batches {
    /// The table's columns.
    pub program: Arc<ProgramCell>,
    /// The ones to make.
    pub selection: Selection,
    /// Their names and types.
    pub schema: SchemaRef,
    /// Runs of rows, each cut into batches of its own: one, or one for each partition.
    pub runs: Arc<Vec<RowRange>>,
    /// Rows in a batch, but for the last one of a run.
    pub batch_rows: u64,
    /// Where rows are read from; nothing when all columns are made here.
    pub input: Option<Input>,
}

/// Rows that are read.
#[derive(Clone)]
pub struct Input {
    /// All of them.
    pub opened: Opened,
    /// The columns that are used.
    pub columns: Vec<usize>,
    /// The rows that cannot be read.
    pub rejects: Arc<Rejects>,
    /// A stream, once the run has begun.
    turns: Arc<OnceLock<Turns>>,
}

/// Rows that stand one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    /// The first row.
    pub first_row: u64,
    /// How many; none without end.
    pub rows: Option<u64>,
    /// The number of its first batch.
    pub first_batch: u64,
}

impl Input {
    /// The columns that are used of what was opened.
    pub fn new(opened: &Opened, columns: Vec<usize>) -> Self {
        Self {
            rejects: Arc::new(Rejects::new(opened.on_bad_row())),
            opened: opened.clone(),
            columns,
            turns: Arc::default(),
        }
    }

    /// The run begins: relative paths to write to start at `out`.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn begin(&self, out: &Path) -> Result<()> {
        self.rejects.begin(out, self.opened.is_stream())?;
        if let Opened::Stream(stream) = &self.opened {
            // A run begins once.
            let _ = self.turns.set(Turns::new(stream.start()?));
        }
        Ok(())
    }

    /// The stream in motion, if this is one.
    pub fn flow(&self) -> Option<&dyn Flow> {
        self.turns.get().map(Turns::flow)
    }

    /// The first `batches` batches are safe everywhere.
    ///
    /// # Errors
    /// What was left out of them is not, or whoever sends cannot be told.
    pub fn durable(&self, batches: u64) -> Result<()> {
        match self.flow() {
            Some(flow) => {
                self.rejects.sync()?;
                flow.durable(batches)
            }
            None => Ok(()),
        }
    }

    /// The columns that are used in their places; what stands in the others is never looked at.
    fn spread(&self, columns: Vec<ArrayRef>) -> Vec<ArrayRef> {
        let nothing = new_empty_array(&DataType::Null);
        let mut all = vec![nothing; self.opened.schema().fields().len()];
        for (place, values) in self.columns.iter().zip(columns) {
            all[*place] = values;
        }
        all
    }
}

impl Batches {
    /// The chosen columns at any rows of a table that is made here.
    ///
    /// # Errors
    /// A value that cannot be made, naming column and row; or the table is read.
    pub fn at(&self, rows: Rows<'_>) -> Result<RecordBatch> {
        match &self.input {
            None => self.evaluate(rows, &[]),
            Some(_) => Err(Error::run(
                "a table that is read has no rows out of their order",
            )),
        }
    }

    fn evaluate(&self, rows: Rows<'_>, read: &[ArrayRef]) -> Result<RecordBatch> {
        let program = self
            .program
            .get()
            .ok_or_else(|| Error::run("the table is not built"))?;
        let columns = program.evaluate(&self.selection, rows, read)?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        Ok(RecordBatch::try_new_with_options(
            self.schema.clone(),
            columns,
            &options,
        )?)
    }

    fn run(&self, number: u64) -> &RowRange {
        let after = self.runs.partition_point(|run| run.first_batch <= number);
        &self.runs[after.saturating_sub(1)]
    }

    /// The columns of the batches.
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    /// How many batches there are; none without end.
    pub fn batches(&self) -> Option<u64> {
        match self.runs.last() {
            Some(run) => Some(run.first_batch + run.rows?.div_ceil(self.batch_rows)),
            None => Some(0),
        }
    }

    /// The table's row number at which batch `number` begins.
    pub fn first_row(&self, number: u64) -> u64 {
        if let Some(turns) = self.input.as_ref().and_then(|input| input.turns.get()) {
            return turns.rows();
        }
        let run = self.run(number);
        run.first_row + (number - run.first_batch) * self.batch_rows
    }

    /// How many rows batch `number` has, before any is left out.
    pub fn rows(&self, number: u64) -> usize {
        let run = self.run(number);
        let before = (number - run.first_batch) * self.batch_rows;
        let left = run
            .rows
            .map_or(self.batch_rows, |rows| rows.saturating_sub(before));
        // A batch never has more rows than fit a u32, so it fits a usize.
        left.min(self.batch_rows) as usize
    }

    /// Batch `number`, from 0: any of them, in any order, on any thread.
    ///
    /// # Errors
    /// A value that cannot be made or read, naming column and row.
    pub fn make(&self, number: u64) -> Result<Batch> {
        let (first, count) = (self.first_row(number), self.rows(number));
        match self.input.as_ref().map(|input| (input, &input.opened)) {
            None => {
                let rows = self.at(Rows::Range { first, count })?;
                Ok(Batch::new(number, first, rows))
            }
            Some((input, Opened::Records(records))) => {
                let piece = records.read(first, count, &input.columns)?;
                self.completed(number, input, piece, first, count)
            }
            Some((_, Opened::Stream(_))) => {
                Err(Error::run("a stream has no rows before the run").hint("use `rowgen run`"))
            }
        }
    }

    /// Batch `number` of a run; nothing when the stream that it is read from ended before it.
    ///
    /// # Errors
    /// As `make`.
    pub fn take(&self, number: u64) -> Result<Option<Batch>> {
        let Some(input) = &self.input else {
            return self.make(number).map(Some);
        };
        let Some(turns) = input.turns.get() else {
            return self.make(number).map(Some);
        };
        // A batch never has more rows than fit a u32, so it fits a usize.
        let Some((first, block)) = turns.take(number, self.batch_rows as usize)? else {
            return Ok(None);
        };
        let piece = block.read(first, &input.columns)?;
        let rows = block.rows();
        drop(block);
        self.completed(number, input, piece, first, rows).map(Some)
    }

    fn completed(
        &self,
        number: u64,
        input: &Input,
        piece: Piece,
        first: u64,
        count: usize,
    ) -> Result<Batch> {
        input.rejects.add(&piece.rejected)?;
        let read = input.spread(piece.columns);
        let place = match piece.kept {
            None => Place::From(first),
            Some(rows) => Place::List(rows.into()),
        };
        let rows = match &place {
            Place::From(first) => Rows::Range {
                first: *first,
                count,
            },
            Place::List(rows) => Rows::List(rows),
        };
        let rows = self.evaluate(rows, &read)?;
        Ok(Batch {
            place,
            ..Batch::new(number, first, rows)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_cut_into_batches_of_their_own() {
        let runs = vec![
            RowRange {
                first_row: 0,
                rows: Some(10),
                first_batch: 0,
            },
            RowRange {
                first_row: 10,
                rows: Some(5),
                first_batch: 3,
            },
        ];
        let program = Arc::new(ProgramCell::new());
        let selection = crate::column::Program::default().select(vec![]);
        let schema = Arc::new(arrow::datatypes::Schema::empty());
        let source = Batches {
            program,
            selection,
            schema,
            runs: Arc::new(runs),
            batch_rows: 4,
            input: None,
        };
        let cuts: Vec<(u64, usize)> = (0..5)
            .map(|n| (source.first_row(n), source.rows(n)))
            .collect();
        assert_eq!(cuts, [(0, 4), (4, 4), (8, 2), (10, 4), (14, 1)]);
        assert_eq!(source.batches(), Some(5));
    }
}
