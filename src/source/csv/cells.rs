//! Values of one column of a CSV file as an Arrow array.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, StringBuilder};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::DataType;

use super::split::{Cell, CellForm, Dialect, RecordSplitter};
use crate::error::{Error, Result};
use crate::source::retype::convert;

/// What stands for null, where it has no quotes.
#[derive(Debug, Clone)]
pub(super) struct NullSpelling(pub(super) Vec<Vec<u8>>);

/// A column, and the records whose value is not of its type.
pub(super) type ParsedColumn = (ArrayRef, Vec<usize>);

impl NullSpelling {
    /// True for a text that stands for null.
    #[inline]
    pub(super) fn has(&self, text: &[u8]) -> bool {
        self.0.iter().any(|null| null == text)
    }

    /// True for a null: in a column of texts quotes make it one of them, and in others nothing is
    /// no value, with quotes or without.
    #[inline]
    pub(super) fn is(&self, cell: Cell, bytes: &[u8], texts: bool) -> bool {
        let text = cell.of(bytes);
        (cell.form == CellForm::Plain && self.has(text)) || (!texts && text.is_empty())
    }
}

/// The values of a column as `data_type`.
pub(super) fn column(
    split: &RecordSplitter<'_>,
    column: usize,
    data_type: &DataType,
    nulls: &NullSpelling,
    dialect: Dialect,
) -> Result<ParsedColumn> {
    let read = CellReader {
        split,
        column,
        nulls,
        dialect,
        texts: matches!(data_type, DataType::Utf8 | DataType::Binary),
    };
    match data_type {
        // The two most usual types are read at once; all others by way of texts, which costs a copy
        // and shares one set of rules with JSON and with expressions.
        DataType::Int64 => Ok(read.integers()),
        DataType::Utf8 => read.texts(),
        other => {
            let (texts, wrong) = read.texts()?;
            let (values, mut bad) = convert(&texts, other)?;
            bad.extend(wrong);
            Ok((values, bad))
        }
    }
}

/// One column, and how it is read.
struct CellReader<'s, 'b> {
    split: &'s RecordSplitter<'b>,
    column: usize,
    nulls: &'s NullSpelling,
    dialect: Dialect,
    /// Its values are texts, of which nothing within quotes is one.
    texts: bool,
}

impl CellReader<'_, '_> {
    fn integers(&self) -> ParsedColumn {
        let (split, nulls) = (self.split, self.nulls);
        let cells = split.cells(self.column);
        // The usual null is no number, so that only what is none need be asked.
        let number = nulls.0.iter().any(|null| integer(null).is_some());
        let mut values = Vec::with_capacity(cells.len());
        let (mut bad, mut missing) = (Vec::new(), Vec::new());
        for (record, cell) in cells.enumerate() {
            let is_null = || nulls.is(cell, split.bytes, false);
            let value = match integer(cell.of(split.bytes)) {
                Some(value) if !number || !is_null() => value,
                _ if is_null() => {
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

    fn texts(&self) -> Result<ParsedColumn> {
        let split = self.split;
        let cells = split.cells(self.column);
        let mut offsets: Vec<i32> = Vec::with_capacity(cells.len() + 1);
        // A guess: most texts of a file seldom stand in one column.
        let mut values: Vec<u8> = Vec::with_capacity(split.bytes.len() / 2);
        let mut missing = Vec::new();
        offsets.push(0);
        for (record, cell) in cells.enumerate() {
            match cell.form {
                _ if self.nulls.is(cell, split.bytes, self.texts) => missing.push(record),
                CellForm::Escaped => unescape(cell, split.bytes, self.dialect, &mut values),
                _ => values.extend_from_slice(cell.of(split.bytes)),
            }
            offsets.push(i32::try_from(values.len()).map_err(|_| too_long())?);
        }
        let nulls = valid(offsets.len() - 1, &missing);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        // One check for the whole column; only where it fails is each value looked at to find the
        // bad ones.
        match StringArray::try_new(offsets, Buffer::from_vec(values), nulls) {
            Ok(texts) => Ok((Arc::new(texts), Vec::new())),
            Err(_) => Ok(self.not_all_text()),
        }
    }

    /// A column of which some is not UTF-8.
    fn not_all_text(&self) -> ParsedColumn {
        let split = self.split;
        let mut bad = Vec::new();
        let mut texts = StringBuilder::new();
        let mut bytes = Vec::new();
        for (record, cell) in split.cells(self.column).enumerate() {
            bytes.clear();
            unescape(cell, split.bytes, self.dialect, &mut bytes);
            match std::str::from_utf8(&bytes) {
                Ok(_) if self.nulls.is(cell, split.bytes, self.texts) => texts.append_null(),
                Ok(text) => texts.append_value(text),
                Err(_) => {
                    bad.push(record);
                    texts.append_null();
                }
            }
        }
        (Arc::new(texts.finish()), bad)
    }
}

/// A whole number as people and programs write it.
pub(super) fn integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    // 18 digits always fit.
    // A whole column of numbers is parsed digit by digit without a check for overflow.
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

fn too_long() -> Error {
    Error::run("the text of one column in one batch is longer than 2 GiB")
        .hint("say a smaller `batch_rows` under `run:`")
}

/// Appends the value: of two quotes one, of an escape and what it stands before the latter.
pub(super) fn unescape(cell: Cell, bytes: &[u8], dialect: Dialect, out: &mut Vec<u8>) {
    let escape = dialect.escape.unwrap_or(dialect.quote);
    let mut rest = cell.of(bytes);
    while cell.form == CellForm::Escaped
        && let Some(found) = memchr::memchr2(dialect.quote, escape, rest)
    {
        let (before, behind) = rest.split_at(found);
        let (special, behind) = behind.split_at(behind.len().min(2));
        out.extend_from_slice(before);
        match special {
            [_, part] if *part == dialect.quote || *part == escape => out.push(*part),
            // Before any other character an escape is a character of the text like others.
            special => out.extend_from_slice(special),
        }
        rest = behind;
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
