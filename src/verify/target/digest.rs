//! Rows as numbers that are equal where they are, for rows that are kept in memory.

use arrow::array::ArrayRef;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field};
use arrow::row::{RowConverter, SortField};
use twox_hash::XxHash3_128;

use crate::column::arrays::plain_type;
use crate::error::Result;

/// Rows as numbers that are equal where they are.
pub(super) struct Digest {
    all: RowConverter,
    key: RowConverter,
    index: usize,
    types: Vec<DataType>,
}

impl Digest {
    pub(super) fn new(fields: &[Field], key: usize) -> Result<Self> {
        let sort = |field: &Field| SortField::new(plain_type(field.data_type()).clone());
        let types = fields
            .iter()
            .map(|field| plain_type(field.data_type()).clone());
        Ok(Self {
            all: RowConverter::new(fields.iter().map(sort).collect())?,
            key: RowConverter::new(vec![sort(&fields[key])])?,
            index: key,
            types: types.collect(),
        })
    }

    /// Of each row what its key is, and what all of it is.
    pub(super) fn of(&mut self, columns: &[ArrayRef]) -> Result<Vec<(u128, u128)>> {
        let plain = columns.iter().zip(&self.types);
        let columns: Vec<ArrayRef> = plain
            .map(|(column, plain)| Ok(cast(column, plain)?))
            .collect::<Result<_>>()?;
        let keys = self
            .key
            .convert_columns(&columns[self.index..=self.index])?;
        let all = self.all.convert_columns(&columns)?;
        let hash = |bytes: &[u8]| XxHash3_128::oneshot(bytes);
        let rows = keys.iter().zip(all.iter());
        Ok(rows
            .map(|(key, all)| (hash(key.as_ref()), hash(all.as_ref())))
            .collect())
    }
}
