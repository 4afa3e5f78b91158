//! What is compared: rows that come in pieces, any of which can be read at any time.

use arrow::array::ArrayRef;

use crate::batch::RowNumbers;
use crate::error::Result;

/// Rows of the columns that are compared.
pub(super) struct ComparedRows {
    /// The columns, all of the types that are compared.
    pub columns: Vec<ArrayRef>,
    /// How many rows there are.
    pub count: usize,
    // A list where rows are not in the order of the table: partitions, sorted rows, rows that were
    // left out.
    /// Their numbers: of the table, or of what was found.
    pub place: RowNumbers,
    /// Values that are none of their column's type; the column is null there.
    pub odd: Vec<Odd>,
}

/// A value that is none of its column's type.
#[derive(Debug, Clone)]
pub(super) struct Odd {
    /// Its row in the piece.
    pub row: usize,
    /// Its column.
    pub column: usize,
    /// What stands there.
    pub stands: Stands,
}

/// What stands in the place of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stands {
    /// This text.
    Text(String),
    /// Something that cannot be read, and why.
    Unread(String),
}

/// One of the two that are compared.
// Nothing is handed over but pieces by their number: a piece may be read twice, by any thread, and
// nobody keeps rows, so that memory does not grow with the table.
pub(super) trait Side: Sync {
    /// How many pieces there are.
    fn pieces(&self) -> u64;

    /// How many rows all of them have, at most: some may be left out when they are made.
    fn rows(&self) -> u64;

    /// The rows of a piece.
    ///
    /// # Errors
    /// They cannot be made, or read.
    fn read(&self, piece: u64) -> Result<ComparedRows>;

    /// Where a row of a piece was found, said of it.
    fn at(&self, _piece: u64, number: u64) -> String {
        format!("as row {number}")
    }
}

impl ComparedRows {
    /// Rows that stand one after the other, and are as they should be.
    pub(super) fn new(columns: Vec<ArrayRef>, first: u64) -> Self {
        Self {
            count: columns.first().map_or(0, |column| column.len()),
            columns,
            place: RowNumbers::From(first),
            odd: Vec::new(),
        }
    }

    /// What stands in the place of a value that is none of its column's type.
    pub(super) fn odd(&self, row: usize, column: usize) -> Option<&Stands> {
        let mut odd = self.odd.iter();
        let odd = odd.find(|odd| (odd.row, odd.column) == (row, column));
        odd.map(|odd| &odd.stands)
    }
}
