//! Arrays of one dimension as lists.
//!
//! The format (`array_send` in PostgreSQL's `arrayfuncs.c`): the number of dimensions, whether there
//! are nulls, the type of the items; a dimension's length and its first index; then the items as
//! fields. A list without items has no dimension.

use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray, NullBufferBuilder};
use arrow::buffer::OffsetBuffer;

use super::super::split::Slots;
use super::{Kind, Wrong, decode};
use crate::column::LIST_ITEM;

/// What stands before the dimension.
const START: usize = 12;

/// What stands before the items.
const ITEMS: usize = START + 8;

pub(super) fn lists(
    slots: &Slots<'_>,
    item: &Kind,
    odd: &mut Vec<Wrong>,
) -> Result<ArrayRef, Wrong> {
    let mut places = Vec::new();
    let mut ends = vec![0];
    let mut nulls = NullBufferBuilder::new(slots.len());
    for (row, list) in slots.iter().enumerate() {
        let count = match list.map(|list| count(row, list)).transpose() {
            Err(wrong) if wrong.is_value => {
                odd.push(wrong);
                None
            }
            count => count?,
        };
        nulls.append(count.is_some());
        if let Some(count) = count.flatten() {
            let inner = slots.inner(row, ITEMS, count, &mut places);
            inner.ok_or_else(|| Wrong::bytes(row, "it is no array"))?;
        }
        // A field has less than 1 GiB, and an item four bytes or more.
        ends.push(i32::try_from(places.len()).map_err(|_| {
            let what = "the arrays of a batch have too many items: `--batch-rows` makes it smaller";
            Wrong::bytes(row, what)
        })?);
    }
    let row_of = |item: usize| ends.partition_point(|end| *end as usize <= item) - 1;
    let in_row = |wrong: Wrong| Wrong {
        row: row_of(wrong.row),
        ..wrong
    };
    let mut items = Vec::new();
    let values = decode(item, &slots.with(places), &mut items).map_err(in_row)?;
    odd.extend(items.into_iter().map(in_row));
    odd.sort_by_key(|wrong| wrong.row);
    let field = Arc::new(item.field(LIST_ITEM, true));
    let offsets = OffsetBuffer::new(ends.into());
    Ok(Arc::new(ListArray::new(
        field,
        offsets,
        values,
        nulls.finish(),
    )))
}

/// How many items the list of a row has; nothing where it has no dimension.
fn count(row: usize, list: &[u8]) -> Result<Option<usize>, Wrong> {
    let word = |at: usize| {
        let bytes = list.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or_else(|| Wrong::bytes(row, "it is no array"));
        bytes.map(i32::from_be_bytes)
    };
    match word(0)? {
        0 => Ok(None),
        1 => {
            let count = usize::try_from(word(START)?);
            let count = count.map_err(|_| Wrong::bytes(row, "it is no array"))?;
            Ok(Some(count))
        }
        dimensions => {
            let what = format!("it has {dimensions} dimensions, and lists here have one");
            Err(Wrong::value(row, what))
        }
    }
}
