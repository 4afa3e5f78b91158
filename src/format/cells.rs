//! Values as bytes, a column at a time: what the rows of every text and row format are put together from.

use std::sync::Arc;

use arrow::array::{BinaryArray, StringArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};

use crate::batch::RowNumbers;
use crate::error::{Error, Problem};
use crate::kernel::interleave::RowWriter;
use crate::kernel::value_blocks::ValueBlocks;

/// Values one after the other: value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone)]
pub struct Cells {
    /// The bytes of all values.
    pub bytes: Vec<u8>,
    /// Where each value begins, and where the last one ends.
    pub offsets: Vec<usize>,
}

/// Values of a column, in blocks where they are short.
#[derive(Debug, Clone)]
pub enum CellValues {
    /// Each in a block of its own.
    Blocks(ValueBlocks),
    /// One after the other.
    Cells(Cells),
}

/// A column ready to be put into rows.
#[derive(Debug, Clone)]
pub enum CellColumn {
    /// A value for each row.
    Own(CellValues),
    /// A few values and the one that each row has.
    Picked(ScalarBuffer<i32>, Arc<CellValues>),
    /// The texts of the column's own array: as they are, between what stands around each; with
    /// `sized` after their length.
    Texts {
        /// The texts; what is null is empty.
        array: StringArray,
        /// What stands around each.
        frame: Delimiters,
        /// Their length as a zigzag varint stands before them.
        sized: bool,
    },
}

/// What stands around each value of a column.
#[derive(Debug, Clone, Default)]
pub struct Delimiters {
    /// What stands before a value.
    pub before: Vec<u8>,
    /// What stands after a value.
    pub after: Vec<u8>,
    /// What stands for null, and around it.
    pub null: Vec<u8>,
}

/// A value that a format cannot hold.
#[derive(Debug)]
pub struct Refusal {
    /// The column, and the way into it.
    pub path: String,
    /// Its row in the batch.
    pub row: usize,
    /// What it is and why that is wrong: `is NaN, which JSON cannot hold`.
    pub fault: String,
    /// What to do about it.
    pub hint: &'static str,
}

impl Default for Cells {
    fn default() -> Self {
        Self::reuse(Vec::new())
    }
}

impl Cells {
    /// No values yet, in the room of a used buffer.
    pub fn reuse(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self {
            bytes,
            offsets: vec![0],
        }
    }

    /// Writes `len` values with what stands around each.
    pub fn fill(
        len: usize,
        nulls: Option<&NullBuffer>,
        frame: &Delimiters,
        mut write: impl FnMut(&mut Vec<u8>, usize),
    ) -> Self {
        // Eight bytes a value are about what numbers and dates need; more is a matter of one or two growths.
        let around = frame.before.len() + frame.after.len();
        let mut cells = Self {
            bytes: Vec::with_capacity(len * (8 + around)),
            offsets: Vec::with_capacity(len + 1),
        };
        cells.offsets.push(0);
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        for row in 0..len {
            match nulls {
                Some(nulls) if nulls.is_null(row) => cells.bytes.extend_from_slice(&frame.null),
                _ => {
                    cells.bytes.extend_from_slice(&frame.before);
                    write(&mut cells.bytes, row);
                    cells.bytes.extend_from_slice(&frame.after);
                }
            }
            cells.end();
        }
        cells
    }

    /// Ends the value whose bytes were pushed last.
    pub fn end(&mut self) {
        self.offsets.push(self.bytes.len());
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of value `index`.
    pub fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.offsets[index]..self.offsets[index + 1]]
    }
}

impl From<Cells> for CellValues {
    fn from(cells: Cells) -> Self {
        match ValueBlocks::of(&cells.offsets, &cells.bytes) {
            // Short values go into blocks of one width where they fit: a row is then put together
            // of whole vector copies, without looking at where each value ends.
            Some(blocks) => Self::Blocks(blocks),
            None => Self::Cells(cells),
        }
    }
}

impl From<Cells> for CellColumn {
    fn from(cells: Cells) -> Self {
        Self::Own(CellValues::Cells(cells))
    }
}

impl CellValues {
    /// The bytes of value `index`.
    pub fn get(&self, index: usize) -> &[u8] {
        match self {
            Self::Blocks(blocks) => blocks.get(index),
            Self::Cells(cells) => cells.get(index),
        }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Blocks(blocks) => blocks.len(),
            Self::Cells(cells) => cells.len(),
        }
    }

    /// True without values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Writes short values, each into a block that begins with what stands before it. `write` gets
    /// a block, where to write, and the row, and says where the value ends; it may write `room`
    /// bytes.
    #[inline(always)]
    pub fn short(
        len: usize,
        nulls: Option<&NullBuffer>,
        frame: &Delimiters,
        room: usize,
        mut write: impl FnMut(&mut [u8], usize, usize) -> usize,
    ) -> Self {
        let Delimiters {
            before,
            after,
            null,
        } = frame;
        let room = (before.len() + room + after.len()).max(null.len());
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        Self::Blocks(ValueBlocks::fill(room, len, before, |row, block| {
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                block[..null.len()].copy_from_slice(null);
                return null.len();
            }
            let end = write(block, before.len(), row);
            put_after(block, end, after)
        }))
    }
}

/// Copies a few bytes: a call of `memcpy` costs more than what it copies.
#[inline(always)]
// A comma, or a quote and a comma: for these lengths a copy of unknown length is a call of
// `memcpy`.
fn put_after(block: &mut [u8], at: usize, after: &[u8]) -> usize {
    match *after {
        [] => {}
        [byte] => block[at] = byte,
        [first, second] => block[at..at + 2].copy_from_slice(&[first, second]),
        _ => block[at..at + after.len()].copy_from_slice(after),
    }
    at + after.len()
}

impl CellColumn {
    /// The bytes of the value in `row`; of a text only the text itself.
    pub fn get(&self, row: usize) -> &[u8] {
        match self {
            Self::Own(values) => values.get(row),
            Self::Picked(keys, values) => values.get(keys[row] as usize),
            Self::Texts { array, .. } => array.value(row).as_bytes(),
        }
    }

    /// The same with `others` in the place of some values, which `write` writes and the frame stands around.
    #[must_use]
    pub fn with_others(
        &self,
        others: &BinaryArray,
        frame: &Delimiters,
        write: impl Fn(&mut Vec<u8>, &[u8]),
    ) -> Cells {
        let mut cells = Cells::default();
        for (row, other) in others.iter().enumerate() {
            match other {
                None => cells.bytes.extend_from_slice(self.get(row)),
                Some(other) => {
                    cells.bytes.extend_from_slice(&frame.before);
                    write(&mut cells.bytes, other);
                    cells.bytes.extend_from_slice(&frame.after);
                }
            }
            cells.end();
        }
        cells
    }

    /// Adds the column to rows.
    pub fn add<'a>(&'a self, rows: &mut RowWriter<'a>) {
        match self {
            Self::Own(CellValues::Blocks(blocks)) => rows.own(blocks),
            Self::Own(CellValues::Cells(cells)) => rows.values(&cells.offsets, &cells.bytes),
            Self::Picked(keys, values) => match values.as_ref() {
                CellValues::Blocks(blocks) => rows.keyed(keys, blocks),
                CellValues::Cells(cells) => rows.picked(keys, &cells.offsets, &cells.bytes),
            },
            Self::Texts {
                array,
                frame,
                sized,
            } => rows.texts(array, (&frame.before, &frame.after), *sized),
        }
    }
}

impl Delimiters {
    /// A frame of these bytes; what stands for null stands without `around`.
    pub fn new(lead: &[u8], around: &[u8], null: &[u8], tail: &[u8]) -> Self {
        Self {
            before: [lead, around].concat(),
            after: [around, tail].concat(),
            null: [lead, null, tail].concat(),
        }
    }
}

impl Refusal {
    /// Puts the name of the column (or field) that holds the value before its path.
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        self.path = match self.path.is_empty() {
            true => name.to_string(),
            false => format!("{name}.{}", self.path),
        };
        self
    }

    /// The error of a run, with the table's number of the row; `place` is that of the batch.
    pub fn error(self, place: &RowNumbers) -> Error {
        let row = place.row(self.row);
        let message = format!("column `{}` in row {row} {}", self.path, self.fault);
        Error::run(Problem::new(message).hint(self.hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_know_where_each_value_ends() {
        let nulls = NullBuffer::from(vec![true, false, true]);
        let frame = Delimiters::new(b":", b"'", b"null", b",");
        let cells = Cells::fill(3, Some(&nulls), &frame, |out, row| {
            out.extend_from_slice(&b"abc"[..row]);
        });
        assert_eq!(cells.bytes, b":'',:null,:'ab',");
        assert_eq!(cells.offsets, [0, 4, 10, 16]);
        assert_eq!(cells.get(1), b":null,");
        let short = CellValues::short(3, Some(&nulls), &frame, 2, |block, at, row| {
            block[at..at + row].copy_from_slice(&b"abc"[..row]);
            at + row
        });
        assert!((0..3).all(|row| short.get(row) == cells.get(row)));
    }

    #[test]
    fn a_dictionary_is_written_once_and_picked_from() {
        let values = Cells::fill(3, None, &Delimiters::default(), |out, row| {
            out.push(b"xy-"[row])
        });
        let column = CellColumn::Picked(vec![1, 2, 0].into(), Arc::new(values.into()));
        assert_eq!([0, 1, 2].map(|row| column.get(row)), [b"y", b"-", b"x"]);
    }

    #[test]
    fn a_refusal_says_where() {
        let refusal = Refusal {
            path: String::new(),
            row: 3,
            fault: "is NaN, which JSON cannot hold".into(),
            hint: "make it null",
        };
        assert_eq!(
            refusal
                .within("price")
                .within("lines")
                .error(&RowNumbers::From(100))
                .to_string(),
            "error: column `lines.price` in row 103 is NaN, which JSON cannot hold\n  hint: make it null"
        );
    }
}
