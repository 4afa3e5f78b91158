//! What is made of a table's rows on their way to a sink: nothing, rows with faults, or the ledger of those.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};

use super::TableColumns;
use crate::batch::{Batch, RowNumbers};
use crate::column::rows::Rows;
use crate::error::Result;
use crate::faults::{FaultPlan, FaultyRows, ledger_fields};
use crate::report::FaultReport;
use crate::sync::lock;

/// What a table's rows come as.
#[derive(Clone)]
pub enum View {
    /// As they are.
    Clean,
    /// With faults.
    Faulty(Arc<FaultPlan>, SchemaRef),
    /// As a line for each of these faults.
    Ledger(Arc<FaultPlan>, SchemaRef),
}

/// How many faults a run has made, by their kinds.
#[derive(Debug, Default)]
pub struct Tally {
    kinds: Mutex<BTreeMap<&'static str, u64>>,
    clean: AtomicU64,
}

impl View {
    /// Rows with faults.
    pub fn faulty(faults: &Arc<FaultPlan>) -> Self {
        Self::Faulty(faults.clone(), Arc::new(Schema::new(faults.fields())))
    }

    /// The ledger of the faults.
    pub fn ledger(faults: &Arc<FaultPlan>) -> Self {
        Self::Ledger(faults.clone(), Arc::new(Schema::new(ledger_fields())))
    }

    /// The columns of the batches, where they are not those of the table.
    pub(super) fn schema(&self) -> Option<&SchemaRef> {
        match self {
            Self::Clean => None,
            Self::Faulty(_, schema) | Self::Ledger(_, schema) => Some(schema),
        }
    }

    pub(super) fn describe(&self) -> Option<String> {
        match self {
            Self::Clean => None,
            Self::Faulty(faults, _) => Some(faults.describe()),
            Self::Ledger(..) => Some("a line for each fault, where and what".to_string()),
        }
    }

    /// How many rows come for so many of the table.
    pub(super) fn count(&self, rows: Range<u64>, columns: &TableColumns) -> Result<u64> {
        match self {
            Self::Clean => Ok(rows.end - rows.start),
            Self::Faulty(faults, _) => Ok(faults.count(rows)),
            Self::Ledger(faults, _) => Ok(faults.ledger(rows, &at(columns))?.count as u64),
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
        let made = match self {
            Self::Clean => {
                let count = count as usize;
                let rows = columns.evaluate(Rows::Range { first, count }, &[])?;
                return Ok(Batch::new(number, first, rows));
            }
            Self::Faulty(faults, schema) => (faults.batch(rows, &at(columns))?, schema),
            Self::Ledger(faults, schema) => (faults.ledger(rows, &at(columns))?, schema),
        };
        let (made, schema) = made;
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

fn at(columns: &TableColumns) -> impl Fn(Rows<'_>) -> Result<Vec<arrow::array::ArrayRef>> {
    |rows| Ok(columns.evaluate(rows, &[])?.columns().to_vec())
}

impl Tally {
    fn add(&self, made: &FaultyRows, clean: u64) {
        self.clean.fetch_add(clean, Ordering::Relaxed);
        let mut kinds = lock(&self.kinds);
        for (kind, count) in &made.counts {
            *kinds.entry(kind).or_default() += count;
        }
    }

    /// What has been counted.
    pub(super) fn read(&self) -> FaultReport {
        FaultReport {
            kinds: lock(&self.kinds).clone(),
            clean_rows: self.clean.load(Ordering::Relaxed),
        }
    }
}
