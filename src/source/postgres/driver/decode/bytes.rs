//! Texts and bytes.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, FixedSizeBinaryBuilder, NullBufferBuilder, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};

use super::super::split::Slots;
use super::Wrong;

/// The only version of `jsonb` on the wire, in front of its text.
const JSONB: u8 = 1;

/// Fields one after the other, where each ends, and which are null.
type Joined = (OffsetBuffer<i32>, Buffer, Option<NullBuffer>);

/// Joins fields, without so many bytes in front of each.
fn joined(slots: &Slots<'_>, front: usize) -> Result<Joined, Wrong> {
    let size: usize = slots.iter().flatten().map(<[u8]>::len).sum();
    let mut bytes = Vec::with_capacity(size);
    let mut offsets = Vec::with_capacity(slots.len() + 1);
    let mut nulls = NullBufferBuilder::new(slots.len());
    offsets.push(0);
    for (row, field) in slots.iter().enumerate() {
        match field {
            Some(field) => {
                bytes.extend_from_slice(field.get(front..).unwrap_or_default());
                nulls.append_non_null();
            }
            None => nulls.append_null(),
        }
        let end = i32::try_from(bytes.len()).map_err(|_| {
            let what = "the texts of a batch have more than 2 GiB: `--batch-rows` makes it smaller";
            Wrong::bytes(row, what)
        })?;
        offsets.push(end);
    }
    let offsets = OffsetBuffer::new(offsets.into());
    Ok((offsets, bytes.into(), nulls.finish()))
}

fn strings(slots: &Slots<'_>, front: usize) -> Result<ArrayRef, Wrong> {
    let (offsets, bytes, nulls) = joined(slots, front)?;
    match StringArray::try_new(offsets, bytes, nulls) {
        Ok(strings) => Ok(Arc::new(strings)),
        Err(error) => {
            let mut fields = slots.iter();
            let broken =
                |field: Option<&[u8]>| field.is_some_and(|text| std::str::from_utf8(text).is_err());
            let row = fields.position(broken);
            // Nothing but a text that is none is wrong with them.
            let what = row.map_or_else(|| error.to_string(), |_| "it is no text in UTF-8".into());
            Err(Wrong::bytes(row.unwrap_or(0), what))
        }
    }
}

pub(super) fn texts(slots: &Slots<'_>) -> Result<ArrayRef, Wrong> {
    strings(slots, 0)
}

pub(super) fn jsonb(slots: &Slots<'_>) -> Result<ArrayRef, Wrong> {
    let known = |field: Option<&[u8]>| field.is_none_or(|field| field.first() == Some(&JSONB));
    match slots.iter().position(|field| !known(field)) {
        Some(row) => Err(Wrong::bytes(
            row,
            "it is no jsonb of a version that is known",
        )),
        None => strings(slots, 1),
    }
}

pub(super) fn binaries(slots: &Slots<'_>) -> Result<ArrayRef, Wrong> {
    let (offsets, bytes, nulls) = joined(slots, 0)?;
    Ok(Arc::new(BinaryArray::new(offsets, bytes, nulls)))
}

pub(super) fn uuids(slots: &Slots<'_>) -> Result<ArrayRef, Wrong> {
    let mut values = FixedSizeBinaryBuilder::with_capacity(slots.len(), 16);
    for (row, field) in slots.iter().enumerate() {
        match field {
            None => values.append_null(),
            Some(field) => values
                .append_value(field)
                .map_err(|_| Wrong::bytes(row, "it has not the 16 bytes of a UUID"))?,
        }
    }
    Ok(Arc::new(values.finish()))
}
