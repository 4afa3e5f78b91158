//! Lists as arrays of one dimension.
//!
//! The format (`array_send` in PostgreSQL's `arrayfuncs.c`): the number of dimensions, whether there
//! are nulls, the type of the items; a dimension's length and its first index; then the items as
//! fields. A list without items has no dimension.

use arrow::array::{Array, ArrayRef};
use tokio_postgres::types::Type;

use super::{HEAD, Values, field};
use crate::format::nested::{items, unpacked};

/// What stands before the dimension.
const START: usize = 12;

/// What stands before the items.
const DIMENSION: usize = 8;

pub(super) struct Lists {
    lists: ArrayRef,
    offsets: Vec<usize>,
    values: Box<dyn Values>,
    item: u32,
}

impl Lists {
    pub(super) fn of(array: &ArrayRef, item: &Type) -> Result<Self, String> {
        let items = items(array, None).ok_or("it is no list")?;
        let plain = unpacked(&items.values).map_err(|refusal| refusal.fault)?;
        Ok(Self {
            lists: array.clone(),
            offsets: items.offsets,
            values: super::values(&plain, item)?,
            item: item.oid(),
        })
    }

    fn items(&self, row: usize) -> std::ops::Range<usize> {
        self.offsets[row]..self.offsets[row + 1]
    }
}

impl Values for Lists {
    fn size(&self, row: usize) -> Option<usize> {
        if self.lists.is_null(row) {
            return None;
        }
        let items = self.items(row);
        let dimension = match items.is_empty() {
            true => 0,
            false => DIMENSION,
        };
        let sizes = items.map(|item| HEAD + self.values.size(item).unwrap_or(0));
        Some(START + dimension + sizes.sum::<usize>())
    }

    fn put(&self, row: usize, out: &mut [u8]) {
        let items = self.items(row);
        let has_nulls = items.clone().any(|item| self.values.size(item).is_none());
        let dimensions = i32::from(!items.is_empty());
        out[..4].copy_from_slice(&dimensions.to_be_bytes());
        out[4..8].copy_from_slice(&i32::from(has_nulls).to_be_bytes());
        out[8..START].copy_from_slice(&self.item.to_be_bytes());
        if items.is_empty() {
            return;
        }
        out[START..START + 4].copy_from_slice(&(items.len() as i32).to_be_bytes());
        out[START + 4..START + DIMENSION].copy_from_slice(&1_i32.to_be_bytes());
        let mut place = START + DIMENSION;
        for item in items {
            place += field(&*self.values, item, &mut out[place..]);
        }
    }
}
