//! Where batches come from. An indexed source makes any batch by its number.

mod generated;

pub use generated::{Generated, RowRange};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::Result;

/// Batches that can be made alone, in any order, on any thread.
pub trait Indexed: Send + Sync {
    /// The columns of its batches.
    fn schema(&self) -> SchemaRef;

    /// How many batches there are; none without end.
    fn batches(&self) -> Option<u64>;

    /// The table's row number at which batch `number` begins.
    fn first_row(&self, number: u64) -> u64;

    /// How many rows batch `number` has.
    fn rows(&self, number: u64) -> usize;

    /// Batch `number`, from 0.
    ///
    /// # Errors
    /// A value that cannot be made or read, naming column and row.
    fn make(&self, number: u64) -> Result<RecordBatch>;
}
