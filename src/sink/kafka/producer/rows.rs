//! Rows of a batch that are on their way to be messages: which of them are left, where they stood, and
//! their keys.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::{take, take_record_batch};
use arrow::datatypes::UInt32Type;

use super::messages::ByteStrings;
use crate::batch::{Batch, RowNumbers};
use crate::error::Result;

/// Rows of one batch, in any order.
pub struct BatchRows {
    /// The rows.
    pub batch: RecordBatch,
    /// The key of each, where messages have keys: made once, as they choose the partition too.
    pub keys: Option<RowKeys>,
    /// Where each stood in the whole batch; as they are without.
    places: Option<UInt32Array>,
    /// Which rows of the table the whole batch holds.
    of: RowNumbers,
}

/// The keys of rows that stand side by side.
#[derive(Debug, Clone)]
pub struct RowKeys {
    // Keys are made once for the whole batch and shared by its parts: they were made for the
    // partition and again for the message before.
    all: Arc<ByteStrings>,
    rows: Range<usize>,
}

impl From<ByteStrings> for RowKeys {
    fn from(all: ByteStrings) -> Self {
        Self {
            rows: 0..all.len(),
            all: Arc::new(all),
        }
    }
}

impl RowKeys {
    /// The key of row `row`, unless it is null.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        self.all.get(self.rows.start + row)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The bytes of the keys of these rows.
    pub fn size(&self, rows: Range<usize>) -> usize {
        self.all
            .size(self.rows.start + rows.start..self.rows.start + rows.end)
    }

    fn picked(&self, rows: &[u32]) -> Self {
        let rows = rows.iter().map(|row| self.rows.start + *row as usize);
        self.all.picked(rows).into()
    }

    fn slice(&self, rows: Range<usize>) -> Self {
        Self {
            all: self.all.clone(),
            rows: self.rows.start + rows.start..self.rows.start + rows.end,
        }
    }
}

impl BatchRows {
    /// All of a batch.
    pub fn all(batch: &Batch) -> Self {
        Self {
            batch: batch.rows.clone(),
            keys: None,
            places: None,
            of: batch.place.clone(),
        }
    }

    /// Where a row stood in the whole batch.
    pub fn place(&self, row: usize) -> usize {
        let places = self.places.as_ref();
        places.map_or(row, |places| places.value(row) as usize)
    }

    /// The table's row.
    pub fn row(&self, row: usize) -> u64 {
        self.of.row(self.place(row))
    }

    /// These rows, in this order.
    ///
    /// # Errors
    /// Texts of 2 GiB and more.
    pub fn picked(&self, rows: Vec<u32>) -> Result<Self> {
        let keys = self.keys.as_ref().map(|keys| keys.picked(&rows));
        let rows = UInt32Array::from(rows);
        let batch = take_record_batch(&self.batch, &rows)?;
        let places = match &self.places {
            None => rows,
            Some(places) => take(places, &rows, None)?
                .as_primitive::<UInt32Type>()
                .clone(),
        };
        Ok(Self {
            batch,
            keys,
            places: Some(places),
            of: self.of.clone(),
        })
    }

    /// All but these, which rise.
    ///
    /// # Errors
    /// See `picked`.
    pub fn without(&self, rows: &[usize]) -> Result<Self> {
        let all = 0..self.batch.num_rows();
        let left = all.filter(|row| rows.binary_search(row).is_err());
        self.picked(left.map(|row| row as u32).collect())
    }

    /// Some that stand side by side.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        let places = self.places.as_ref();
        Self {
            batch: self.batch.slice(rows.start, rows.len()),
            keys: self.keys.as_ref().map(|keys| keys.slice(rows.clone())),
            places: places.map(|places| places.slice(rows.start, rows.len())),
            of: self.of.clone(),
        }
    }
}
