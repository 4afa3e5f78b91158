//! Values of one column of a CSV file as an Arrow array.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, StringBuilder};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;

use super::split::{Cell, Form, Split};
use crate::error::{Error, Result};
use crate::source::retype::convert;

/// What stands for null, where it has no quotes.
#[derive(Debug, Clone)]
pub(super) struct Nulls(pub(super) Vec<u8>);

/// A column, and the records whose value is not of its type.
pub(super) type Column = (ArrayRef, Vec<usize>);

impl Nulls {
    #[inline]
    pub(super) fn is(&self, cell: Cell, bytes: &[u8]) -> bool {
        cell.form == Form::Plain && cell.of(bytes) == self.0
    }
}

/// The values of a column as `data_type`.
pub(super) fn column(
    split: &Split<'_>,
    column: usize,
    data_type: &DataType,
    nulls: &Nulls,
    quote: u8,
) -> Result<Column> {
    match data_type {
        DataType::Int64 => Ok(integers(split, column, nulls)),
        DataType::Utf8 => texts(split, column, nulls, quote),
        other => {
            let (texts, wrong) = texts(split, column, nulls, quote)?;
            let (values, mut bad) = convert(&texts, other)?;
            bad.extend(wrong);
            Ok((values, bad))
        }
    }
}

fn integers(split: &Split<'_>, column: usize, nulls: &Nulls) -> Column {
    let cells = split.cells(column);
    // The usual null is no number, so that only what is none need be asked.
    let number = integer(&nulls.0).is_some();
    let mut values = Vec::with_capacity(cells.len());
    let (mut bad, mut missing) = (Vec::new(), Vec::new());
    for (record, cell) in cells.enumerate() {
        let value = match integer(cell.of(split.bytes)) {
            Some(value) if !number || !nulls.is(cell, split.bytes) => value,
            _ if nulls.is(cell, split.bytes) => {
                missing.push(record);
                0
            }
            _ => {
                bad.push(record);
                0
            }
        };
        values.push(value);
    }
    let nulls = valid(values.len(), &missing);
    (Arc::new(Int64Array::new(values.into(), nulls)), bad)
}

/// A whole number as people and programs write it.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    // 18 digits always fit.
    if digits.is_empty() || digits.len() > 18 {
        return std::str::from_utf8(text).ok()?.parse().ok();
    }
    let mut value = 0_i64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + i64::from(digit);
    }
    Some(if negative { -value } else { value })
}

fn texts(split: &Split<'_>, column: usize, nulls_text: &Nulls, quote: u8) -> Result<Column> {
    let cells = split.cells(column);
    let mut offsets: Vec<i32> = Vec::with_capacity(cells.len() + 1);
    let mut values: Vec<u8> = Vec::with_capacity(split.bytes.len() / 2);
    let mut missing = Vec::new();
    offsets.push(0);
    for (record, cell) in cells.enumerate() {
        let text = cell.of(split.bytes);
        match cell.form {
            Form::Plain if text == nulls_text.0 => missing.push(record),
            Form::Plain | Form::Quoted => values.extend_from_slice(text),
            Form::Escaped => unescape(cell, split.bytes, quote, &mut values),
        }
        offsets.push(i32::try_from(values.len()).map_err(|_| too_long())?);
    }
    let nulls = valid(offsets.len() - 1, &missing);
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    match StringArray::try_new(offsets, Buffer::from_vec(values), nulls) {
        Ok(texts) => Ok((Arc::new(texts), Vec::new())),
        Err(_) => Ok(not_all_text(split, column, nulls_text, quote)),
    }
}

fn too_long() -> Error {
    Error::run("the text of one column in one batch is longer than 2 GiB")
        .hint("say a smaller `batch_rows` under `run:`")
}

/// A column of which some is not UTF-8.
fn not_all_text(split: &Split<'_>, column: usize, nulls: &Nulls, quote: u8) -> Column {
    let mut bad = Vec::new();
    let mut texts = StringBuilder::new();
    let mut bytes = Vec::new();
    for (record, cell) in split.cells(column).enumerate() {
        bytes.clear();
        unescape(cell, split.bytes, quote, &mut bytes);
        match std::str::from_utf8(&bytes) {
            Ok(_) if nulls.is(cell, split.bytes) => texts.append_null(),
            Ok(text) => texts.append_value(text),
            Err(_) => {
                bad.push(record);
                texts.append_null();
            }
        }
    }
    (Arc::new(texts.finish()), bad)
}

/// Appends the value, every two quotes as one.
pub(super) fn unescape(cell: Cell, bytes: &[u8], quote: u8, out: &mut Vec<u8>) {
    let mut rest = cell.of(bytes);
    while cell.form == Form::Escaped
        && let Some(found) = memchr::memchr(quote, rest)
    {
        out.extend_from_slice(&rest[..=found]);
        rest = &rest[(found + 2).min(rest.len())..];
    }
    out.extend_from_slice(rest);
}

fn valid(length: usize, missing: &[usize]) -> Option<NullBuffer> {
    if missing.is_empty() {
        return None;
    }
    let mut valid = vec![true; length];
    for record in missing {
        valid[*record] = false;
    }
    Some(NullBuffer::from(valid))
}
