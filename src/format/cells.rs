//! Values as bytes, a column at a time: what the rows of every text and row format are put together from.

use arrow::buffer::NullBuffer;

use crate::error::{Error, Problem};

/// Values one after the other: value `i` is `bytes[offsets[i]..offsets[i + 1]]`.
#[derive(Debug, Clone)]
pub struct Cells {
    /// The bytes of all values.
    pub bytes: Vec<u8>,
    /// Where each value begins, and where the last one ends.
    pub offsets: Vec<usize>,
}

/// A column's cells: one for each row, or one for each value of a dictionary and a pick for each row.
#[derive(Debug, Clone)]
pub struct Column {
    cells: Cells,
    picks: Option<Vec<u32>>,
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

    /// Writes `len` values; those that `nulls` marks are `null`.
    pub fn fill(
        len: usize,
        nulls: Option<&NullBuffer>,
        null: &[u8],
        mut write: impl FnMut(&mut Vec<u8>, usize),
    ) -> Self {
        // Eight bytes a value are about what numbers and dates need; more is a matter of one or two growths.
        let mut cells = Self {
            bytes: Vec::with_capacity(len * 8),
            offsets: Vec::with_capacity(len + 1),
        };
        cells.offsets.push(0);
        let nulls = nulls.filter(|nulls| nulls.null_count() > 0);
        for row in 0..len {
            match nulls {
                Some(nulls) if nulls.is_null(row) => cells.bytes.extend_from_slice(null),
                _ => write(&mut cells.bytes, row),
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

impl From<Cells> for Column {
    fn from(cells: Cells) -> Self {
        Self { cells, picks: None }
    }
}

impl Column {
    /// A dictionary column: the cells of its values, and the one that each row has.
    pub fn picked(
        mut cells: Cells,
        keys: &[usize],
        nulls: Option<&NullBuffer>,
        null: &[u8],
    ) -> Self {
        let missing = cells.len() as u32;
        cells.bytes.extend_from_slice(null);
        cells.end();
        let pick = |(row, key): (usize, &usize)| match nulls {
            Some(nulls) if nulls.is_null(row) => missing,
            _ => *key as u32,
        };
        Self {
            cells,
            picks: Some(keys.iter().enumerate().map(pick).collect()),
        }
    }

    /// The bytes of the value in `row`.
    pub fn get(&self, row: usize) -> &[u8] {
        match &self.picks {
            Some(picks) => self.cells.get(picks[row] as usize),
            None => self.cells.get(row),
        }
    }

    /// How many bytes its rows have together, to reserve room; a guess for dictionaries.
    pub fn size(&self) -> usize {
        match &self.picks {
            Some(picks) => picks.len() * (self.cells.bytes.len() / self.cells.len().max(1) + 1),
            None => self.cells.bytes.len(),
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

    /// The error of a run, with the row counted from the first row of the output.
    pub fn error(self, first_row: u64) -> Error {
        let row = first_row + self.row as u64;
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
        let cells = Cells::fill(3, Some(&nulls), b"null", |out, row| {
            out.extend_from_slice(&b"abc"[..row]);
        });
        assert_eq!(cells.bytes, b"nullab");
        assert_eq!(cells.offsets, [0, 0, 4, 6]);
        assert_eq!(cells.get(1), b"null");
    }

    #[test]
    fn a_dictionary_is_written_once_and_picked_from() {
        let values = Cells::fill(2, None, b"", |out, row| out.push(b"xy"[row]));
        let nulls = NullBuffer::from(vec![true, false, true]);
        let column = Column::picked(values, &[1, 0, 0], Some(&nulls), b"-");
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
                .error(100)
                .to_string(),
            "error: column `lines.price` in row 103 is NaN, which JSON cannot hold\n  hint: make it null"
        );
    }
}
