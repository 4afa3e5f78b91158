//! What is made of a table's rows on their way to a sink: nothing, rows with faults, or the ledger of those.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::BooleanBuffer;
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::TableColumns;
use crate::batch::{Batch, RowNumbers, is_true};
use crate::column::rows::Rows;
use crate::column::values::ticks::ticks;
use crate::error::{Error, Result};
use crate::faults::{CleanRows, FaultPlan, FaultyRows, ledger_fields};
use crate::report::FaultReport;
use crate::sync::lock;

/// What a table's rows come as.
#[derive(Clone)]
pub enum View {
    /// As they are.
    Clean,
    /// With faults.
    Faulty(Faulty),
    /// As a line for each of these faults.
    Ledger(Faulty),
}

/// Faults among the rows of a table.
#[derive(Clone)]
pub struct Faulty {
    faults: Arc<FaultPlan>,
    /// What comes of it.
    schema: SchemaRef,
    /// The columns that say which rows there are; none where all are.
    conditions: Option<TableColumns>,
    /// The times that rows are late by.
    times: Option<TableColumns>,
}

/// Columns that faults look at, and that are not written for that.
pub struct Beside {
    /// Those that say which rows there are; none where all are.
    pub conditions: Option<TableColumns>,
    /// The times that rows are late by.
    pub times: Option<TableColumns>,
}

/// The columns of a table, as whoever spoils its rows asks for them.
struct Clean<'a> {
    columns: &'a TableColumns,
    of: &'a Faulty,
}

/// How many faults a run has made, by their kinds.
#[derive(Debug, Default)]
pub struct Tally {
    kinds: Mutex<BTreeMap<&'static str, u64>>,
    clean: AtomicU64,
    left_out: AtomicU64,
}

impl View {
    /// Rows with faults.
    pub fn faulty(faults: &Arc<FaultPlan>, beside: Beside) -> Self {
        let fields = faults.fields();
        Self::Faulty(Faulty::new(faults, fields, beside))
    }

    /// The ledger of the faults.
    pub fn ledger(faults: &Arc<FaultPlan>, beside: Beside) -> Self {
        Self::Ledger(Faulty::new(faults, ledger_fields(), beside))
    }

    /// The columns of the batches, where they are not those of the table.
    pub(super) fn schema(&self) -> Option<&SchemaRef> {
        match self {
            Self::Clean => None,
            Self::Faulty(faulty) | Self::Ledger(faulty) => Some(&faulty.schema),
        }
    }

    /// True where not every row of the table comes once.
    pub(super) fn is_uneven(&self) -> bool {
        match self {
            Self::Clean => false,
            Self::Faulty(faulty) => faulty.faults.has_row_faults() || faulty.conditions.is_some(),
            Self::Ledger(_) => true,
        }
    }

    pub(super) fn describe(&self) -> Option<String> {
        match self {
            Self::Clean => None,
            Self::Faulty(faulty) => {
                let faults = faulty.faults.describe();
                Some(match faulty.conditions {
                    Some(_) => format!("of the rows for which `where` is true, {faults}"),
                    None => faults,
                })
            }
            Self::Ledger(_) => Some("a line for each fault, where and what".to_string()),
        }
    }

    /// How many rows come for so many of the table.
    pub(super) fn count(&self, rows: Range<u64>, columns: &TableColumns) -> Result<u64> {
        match self {
            Self::Clean => Ok(rows.end - rows.start),
            Self::Faulty(faulty) => faulty.faults.count(rows, &faulty.clean(columns)),
            Self::Ledger(faulty) => {
                let lines = faulty.faults.ledger(rows, &faulty.clean(columns))?;
                Ok(lines.count as u64)
            }
        }
    }

    /// What comes for these rows of the table as batch `number`; its faults are counted.
    pub(super) fn make(
        &self,
        columns: &TableColumns,
        number: u64,
        rows: Range<u64>,
        tally: Option<&Tally>,
    ) -> Result<Batch> {
        let (first, count) = (rows.start, rows.end - rows.start);
        let (made, schema) = match self {
            Self::Clean => {
                let count = count as usize;
                let rows = columns.evaluate(Rows::Range { first, count }, &[])?;
                return Ok(Batch::new(number, first, rows));
            }
            Self::Faulty(faulty) => {
                let clean = faulty.clean(columns);
                (faulty.faults.batch(rows, &clean)?, &faulty.schema)
            }
            Self::Ledger(faulty) => {
                let clean = faulty.clean(columns);
                (faulty.faults.ledger(rows, &clean)?, &faulty.schema)
            }
        };
        if let Some(tally) = tally {
            tally.add(&made, count);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(made.count));
        let rows = RecordBatch::try_new_with_options(schema.clone(), made.columns, &options)?;
        Ok(Batch {
            place: match made.slots {
                Some(slots) => RowNumbers::List(slots.into()),
                None => RowNumbers::From(first),
            },
            ..Batch::new(number, first, rows)
        })
    }
}

impl Faulty {
    fn new(faults: &Arc<FaultPlan>, fields: Vec<Field>, beside: Beside) -> Self {
        Self {
            faults: faults.clone(),
            schema: Arc::new(Schema::new(fields)),
            conditions: beside.conditions,
            times: beside.times,
        }
    }

    fn clean<'a>(&'a self, columns: &'a TableColumns) -> Clean<'a> {
        Clean { columns, of: self }
    }

    /// True where rows of the table are left out.
    pub(super) fn is_filtered(&self) -> bool {
        self.conditions.is_some()
    }
}

impl CleanRows for Clean<'_> {
    fn columns(&self, rows: Rows<'_>) -> Result<Vec<ArrayRef>> {
        Ok(self.columns.evaluate(rows, &[])?.columns().to_vec())
    }

    fn times(&self, rows: Rows<'_>) -> Result<Vec<i64>> {
        let times = self.of.times.as_ref();
        let times = times.ok_or_else(|| Error::run("the rows have no times"))?;
        let made = times.evaluate(rows, &[])?;
        Ok(ticks(made.column(0))?.values().to_vec())
    }

    fn kept(&self, rows: Rows<'_>) -> Result<Option<BooleanBuffer>> {
        let Some(conditions) = &self.of.conditions else {
            return Ok(None);
        };
        let made = conditions.evaluate(rows, &[])?;
        let all = made.columns().iter().map(|one| is_true(one.as_boolean()));
        Ok(all.reduce(|all, one| &all & &one))
    }
}

impl Tally {
    fn add(&self, made: &FaultyRows, clean: u64) {
        let clean = clean - made.left_out;
        self.clean.fetch_add(clean, Ordering::Relaxed);
        self.left_out.fetch_add(made.left_out, Ordering::Relaxed);
        let mut kinds = lock(&self.kinds);
        for (kind, count) in &made.counts {
            *kinds.entry(kind).or_default() += count;
        }
    }

    /// How many rows of the table were left out.
    pub(super) fn left_out(&self) -> u64 {
        self.left_out.load(Ordering::Relaxed)
    }

    /// What has been counted.
    pub(super) fn read(&self) -> FaultReport {
        FaultReport {
            kinds: lock(&self.kinds).clone(),
            clean_rows: self.clean.load(Ordering::Relaxed),
        }
    }
}
