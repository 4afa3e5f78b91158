//! Where rows come from: generated tables, and files whose rows can be read alone, in any order.
//!
//! New source: its file, its `mod` line, its row in the registry.

pub mod avro;
mod batches;
pub mod csv;
mod file;
pub mod json;
mod json_rows;
mod lines;
pub mod parquet;
mod reject;
mod retype;

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::filter;
use arrow::datatypes::SchemaRef;

pub use batches::{Batches, Input, RowRange};
pub use reject::{OnBadRow, Rejected, Rejects};

use crate::column::ColumnType;
use crate::error::{Problem, Result};
use crate::place::Placed;
use crate::registry;

registry! {
    /// Where the rows of a table are read from.
    pub enum SourceKind: Source {
        "avro" => Avro(avro::Avro),
        "csv" => Csv(csv::Csv),
        "json" => Json(json::Json),
        "parquet" => Parquet(parquet::Parquet),
    }
}

/// Types of columns by name, as a table's `types` say them.
pub type Types = [(Placed<String>, Placed<ColumnType>)];

/// The options of a source: they look at what is there before the run.
pub trait Source: std::fmt::Debug + Send + Sync {
    /// Finds out which columns and how many rows there are.
    ///
    /// # Errors
    /// It is not there, cannot be read, or does not have the types it should have.
    fn open(&self, types: &Types) -> Result<Arc<dyn Records>, Problem>;
}

/// Rows that are there to be read: any of them can be read alone, from any thread.
pub trait Records: Send + Sync {
    /// The columns, in their order.
    fn schema(&self) -> SchemaRef;

    /// How many rows there are.
    fn rows(&self) -> u64;

    /// Some columns of `count` rows from row `first` on; those that cannot be read are left out
    /// and told.
    ///
    /// # Errors
    /// Reading failed.
    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece>;

    /// What becomes of rows that cannot be read.
    fn on_bad_row(&self) -> OnBadRow {
        OnBadRow::Stop
    }

    /// What is read, in one line.
    fn describe(&self) -> String;

    /// Equal while the rows are the same.
    fn digest(&self) -> String;
}

/// Rows that were read.
#[derive(Debug, Default)]
pub struct Piece {
    /// The columns asked for, in that order.
    pub columns: Vec<ArrayRef>,
    /// The numbers of the rows that are there, when some are not.
    pub kept: Option<Vec<u64>>,
    /// The rows that are not.
    pub rejected: Vec<Rejected>,
}

impl Piece {
    /// Every row is there.
    pub fn whole(columns: Vec<ArrayRef>) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Of `count` rows from row `first` on, those that are not rejected. `rejected` names them by
    /// their place among the rows, in order.
    ///
    /// # Errors
    /// The arrays are not of one length.
    pub fn without(
        columns: Vec<ArrayRef>,
        first: u64,
        count: usize,
        rejected: Vec<(usize, Rejected)>,
    ) -> Result<Self> {
        let mut keep = vec![true; count];
        rejected.iter().for_each(|(row, _)| keep[*row] = false);
        let kept = (first..).zip(&keep).filter(|(_, keep)| **keep);
        let kept = kept.map(|(row, _)| row).collect();
        let keep = BooleanArray::from(keep);
        let columns = columns
            .iter()
            .map(|column| Ok(filter(column, &keep)?))
            .collect::<Result<_>>()?;
        Ok(Self {
            columns,
            kept: Some(kept),
            rejected: rejected.into_iter().map(|(_, rejected)| rejected).collect(),
        })
    }
}
