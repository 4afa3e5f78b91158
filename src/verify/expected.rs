//! What must be there: made again by the plan's own programs, piece by piece, as the sink could keep it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::concat;

use super::columns::{Column, From};
use super::side::{ComparedRows, Side};
use crate::batch::{Batch, RowNumbers};
use crate::error::{Error, Result};
use crate::plan::{BATCH_ROWS, Job, SinkPlan};
use crate::sink::Partition;
use crate::source::{Batches, Grid, OnBadRow, Rejects, convert};

/// The rows that a sink was given.
pub(super) struct Expected<'p> {
    job: &'p Job,
    sink: &'p SinkPlan,
    source: Batches,
    columns: &'p [Column],
    rows: u64,
    /// How many rows come before each piece, where that is not so many of the table.
    before: Option<Vec<u64>>,
    pieces: u64,
    rejects: Rejects,
}

impl<'p> Expected<'p> {
    /// The rows of a sink of a job that has an end.
    ///
    /// # Errors
    /// Its rows cannot be made again.
    pub(super) fn new(job: &'p Job, sink: &'p SinkPlan, columns: &'p [Column]) -> Result<Self> {
        let rows = job.rows.ok_or_else(|| endless(&job.table))?;
        let partitioned = sink.lanes.iter().any(|lane| !lane.is_empty());
        // Batches of a partitioned sink end where its partitions do; all others are cut as suits
        // this comparison.
        let source = match partitioned {
            true => job.source.clone(),
            false => job
                .source
                // Values do not depend on how rows are cut, so that verify takes batches of one
                // size whatever `batch_rows` was in the run.
                .on(Grid::one(job.first_row, Some(rows), BATCH_ROWS)),
        };
        let pieces = source.batches().ok_or_else(|| endless(&job.table))?;
        let before = match &source {
            Batches::Made(made) => made.uneven()?,
            _ => None,
        };
        let all = before.as_ref().and_then(|before| before.last());
        let rows = all.copied().unwrap_or(rows);
        let policy = source.source().map(|(opened, _)| opened.on_bad_row());
        let all = Self {
            job,
            sink,
            source,
            columns,
            rows,
            before,
            pieces,
            // Rows that the run left out must be left out again: the same policy decides here.
            rejects: Rejects::new(policy.unwrap_or(OnBadRow::Stop)),
        };
        // They are made once more to be counted: whoever compares them asks how many there are.
        Ok(match sink.is_filtered() {
            true => Self {
                rows: all.counted()?,
                ..all
            },
            false => all,
        })
    }

    /// The number of rows. Where bad rows are left out, all of them have to be read to know it.
    pub(super) fn exact_rows(&self) -> Result<u64> {
        match self.rejects.leaves_out() {
            true => self.counted(),
            false => Ok(self.rows),
        }
    }

    /// The rows that are left when those are left out that the sink does not get.
    fn counted(&self) -> Result<u64> {
        let rows = |piece: u64| match &self.job.split {
            None => self.make(piece).map(|batch| batch.rows.num_rows() as u64),
            Some(split) => Ok(self.split(split, piece)?.count as u64),
        };
        (0..self.pieces).map(rows).sum()
    }

    /// The last value of a column, in the order of the table; none where there are no rows.
    ///
    /// # Errors
    /// It cannot be made.
    pub(super) fn last(&self, column: usize) -> Result<Option<ArrayRef>> {
        let grid = Grid::one(self.job.first_row, self.job.rows, BATCH_ROWS);
        let source = self.job.source.on(grid);
        for piece in (0..source.batches().unwrap_or(0)).rev() {
            let batch = self.make_from(&source, piece)?;
            let columns = self.columns(&batch, None)?;
            let values = crate::column::arrays::plain(&columns[column])?;
            if let Some(at) = values.len().checked_sub(1) {
                return Ok(Some(values.slice(at, 1)));
            }
        }
        Ok(None)
    }

    fn make(&self, piece: u64) -> Result<Batch> {
        self.make_from(&self.source, piece)
    }

    fn make_from(&self, source: &Batches, piece: u64) -> Result<Batch> {
        made((self.job, self.sink), source, piece, &self.rejects)
    }

    /// The folder that the rows of a batch are in, where those of a batch are in one.
    fn folder(&self, piece: u64) -> Option<&Partition> {
        let partitions = self.sink.lanes.first()?;
        let after = partitions.partition_point(|partition| partition.first_batch <= piece);
        partitions.get(after.checked_sub(1)?)
    }

    /// The folder of each row where rows are sorted into folders: rows of one folder lie among
    /// others in the table.
    fn folders(&self, batch: &Batch) -> Result<Option<Vec<StringArray>>> {
        let count = batch.rows.num_rows();
        let order = self
            .job
            .order
            .as_ref()
            .filter(|order| !order.folders.is_empty());
        let numbers = || {
            (0..count)
                .map(|row| batch.place.row(row))
                .collect::<Vec<u64>>()
        };
        let texts = order.map(|order| order.sorting.folders(&numbers()));
        texts.transpose()
    }

    fn columns(&self, batch: &Batch, folder: Option<&Partition>) -> Result<Vec<ArrayRef>> {
        let rows = self.sink.shape.take(&self.sink.columns, &batch.rows)?;
        let folders = self.folders(batch)?;
        let column = |column: &Column| match column.from {
            From::Batch(index) => column.held.of(rows.column(index)),
            From::Folder(index) => {
                if let Some(texts) = &folders {
                    let texts: ArrayRef = Arc::new(texts[index].clone());
                    return Ok(convert(&texts, column.field.data_type())?.0);
                }
                let value = folder.and_then(|folder| folder.values[index].1.clone());
                // A folder's name cannot tell the empty text from null.
                // Hive's layout has one name for null and for the empty text,
                // `__HIVE_DEFAULT_PARTITION__`.
                let value = value.filter(|value| !value.is_empty());
                let values = (0..rows.num_rows()).map(|_| value.as_deref());
                let texts: ArrayRef = Arc::new(StringArray::from_iter(values));
                Ok(convert(&texts, column.field.data_type())?.0)
            }
        };
        self.columns.iter().map(column).collect()
    }

    /// The rows of all folders among which those of a chunk are dealt.
    fn split(&self, split: &crate::plan::PartitionSplit, piece: u64) -> Result<ComparedRows> {
        let (mut numbers, mut parts) = (Vec::new(), Vec::new());
        for (lane, rows) in split.rows(piece)?.into_iter().enumerate() {
            if rows.is_empty() {
                continue;
            }
            let batch = self.sink.kept(&split.make(piece, rows)?)?;
            numbers.extend((0..batch.rows.num_rows()).map(|row| batch.place.row(row)));
            parts.push(self.columns(&batch, self.sink.lanes[lane].first())?);
        }
        let column = |index: usize| {
            let arrays: Vec<&dyn Array> = parts.iter().map(|part| part[index].as_ref()).collect();
            Ok(concat(&arrays)?)
        };
        let columns = match parts.is_empty() {
            true => Vec::new(),
            false => (0..self.columns.len()).map(column).collect::<Result<_>>()?,
        };
        Ok(ComparedRows {
            count: numbers.len(),
            columns,
            place: RowNumbers::List(numbers.into()),
            odd: Vec::new(),
        })
    }
}

impl Side for Expected<'_> {
    fn pieces(&self) -> u64 {
        self.pieces
    }

    fn rows(&self) -> u64 {
        self.rows
    }

    fn read(&self, piece: u64) -> Result<ComparedRows> {
        if let Some(split) = &self.job.split {
            return self.split(split, piece);
        }
        let batch = self.make(piece)?;
        let before = self.before.as_ref();
        Ok(ComparedRows {
            columns: self.columns(&batch, self.folder(piece))?,
            count: batch.rows.num_rows(),
            // Rows with faults are told by where they come.
            place: before.map_or(batch.place, |before| {
                RowNumbers::From(self.job.first_row + before[piece as usize])
            }),
            odd: Vec::new(),
        })
    }
}

/// Batch `number` of these, with the rows that the sink of the job gets.
pub(super) fn made(
    (job, sink): (&Job, &SinkPlan),
    source: &Batches,
    number: u64,
    rejects: &Rejects,
) -> Result<Batch> {
    let batch = match source {
        Batches::Made(made) => made.make(number),
        Batches::Read(read) => read.make(number, rejects),
        Batches::Streamed(_) => Err(endless(&job.table)),
    };
    sink.kept(&batch?)
}

/// Why a table's rows are not all known.
pub(super) fn endless(table: &str) -> Error {
    Error::user(format!(
        "table `{table}` has no end, and no end can be compared"
    ))
    .hint(format!(
        "`--rows {table}=1000` compares the first 1 000 of its rows"
    ))
}
