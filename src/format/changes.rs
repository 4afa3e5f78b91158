//! What a writer is told of rows that are changes of a table: which column says what is done, which
//! one says to which row.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int32Type;

use crate::error::{Error, Result};

/// What a change does to a row of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// The row comes: all its columns are said.
    Insert = 0,
    /// Some columns of the row change: they are said, and its key.
    Update = 1,
    /// The row goes: its key is said.
    Delete = 2,
}

/// Which columns of a shape make changes of its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeColumns {
    /// The column of the operation: a dictionary of `Operation::NAMES`.
    pub operation: usize,
    /// The column of the change's number among those of all tables: whole numbers that rise.
    pub change: usize,
    /// The column that tells the table's rows apart.
    pub key: usize,
    /// The columns that an update says, beside the key.
    pub set: Vec<usize>,
    /// For each column: the table itself holds no null in it. In changes it can be null where it is
    /// not said.
    // An update has null in all columns that it does not set, so the schema of the changes cannot
    // say it.
    pub required: Vec<bool>,
    /// The columns that hold keys of other tables.
    pub references: Vec<Reference>,
    /// Rows go, too.
    pub deletes: bool,
    /// How many changes are in a block: change `n` is in block `n / block`. A row's parent came two blocks
    /// before it, or earlier.
    pub block: u64,
    /// The block in which the table's first rows come: later than that of its parents.
    pub depth: u64,
}

/// A column that holds keys of another table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The column.
    pub column: usize,
    /// The other table.
    pub table: String,
    /// Its key.
    pub key: String,
}

impl Operation {
    /// Every operation, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Insert, Self::Update, Self::Delete];

    /// Their names, as batches have them.
    // In the order of their numbers: the keys of the batch's dictionary are the operations
    // themselves.
    pub const NAMES: [&'static str; 3] = ["insert", "update", "delete"];

    /// The operation of this number; an insert where there is none.
    pub fn of(number: i32) -> Self {
        let place = usize::try_from(number).unwrap_or_default();
        Self::ALL.get(place).copied().unwrap_or(Self::Insert)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl ChangeColumns {
    /// The columns of the table itself: all of these but those that say what is done.
    pub fn of_table(&self, columns: usize) -> Vec<usize> {
        let of_table = |column: &usize| *column != self.operation && *column != self.change;
        (0..columns).filter(of_table).collect()
    }

    /// The operation of each row, by its number.
    ///
    /// # Errors
    /// The batch is not of this shape.
    pub fn operations<'b>(&self, batch: &'b RecordBatch) -> Result<&'b [i32]> {
        let column = batch.columns().get(self.operation);
        let column = column.and_then(|column| column.as_dictionary_opt::<Int32Type>());
        match column {
            Some(column) if column.null_count() == 0 => Ok(column.keys().values()),
            _ => Err(Error::run("rows that should be changes have no operation")),
        }
    }
}
