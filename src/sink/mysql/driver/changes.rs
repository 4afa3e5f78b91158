//! Changes as they are sent: whole rows of inserts, the columns of updates, the keys of all of them.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Decimal128Type};

use super::Load;
use super::values::Encoded;
use crate::batch::RowNumbers;
use crate::error::{Error, Result};
use crate::format::Operation;
use crate::format::nested::plain_type;
use crate::sink::applied::{AppliedColumns, Keyed};

/// The changes of a batch, each as far as its statement says it.
pub(super) struct Sent {
    /// Whole rows that are inserted.
    inserts: Encoded,
    /// What updates set, column by column.
    sets: Vec<Encoded>,
    /// The keys of all rows.
    keys: Encoded,
    /// The same as numbers, where they are whole.
    numbers: Option<Vec<i128>>,
    /// Each row's place among the inserts, or among the updates.
    places: Vec<usize>,
}

/// Makes what is sent of a batch, which has the table's columns only.
///
/// # Errors
/// A value without a text form.
pub(super) fn encode(
    (load, changes): (&Load, &AppliedColumns),
    (batch, place): (&RecordBatch, &RowNumbers),
    keyed: &Keyed,
) -> Result<Sent> {
    let of = |wanted: Operation| {
        let rows = keyed.rows().iter().zip(0..);
        let rows = rows.filter(|((operation, _), _)| *operation == wanted);
        let rows: Vec<u32> = rows.map(|(_, row)| row).collect();
        let places = rows.iter().map(|row| place.row(*row as usize)).collect();
        let rows = take_record_batch(batch, &UInt32Array::from(rows))?;
        Ok::<_, Error>((rows, RowNumbers::List(places)))
    };
    let (inserts, updates) = (of(Operation::Insert)?, of(Operation::Update)?);
    let whole = load.columns.encoder();
    let bare = whole.bare();
    let column = |(rows, place): (&RecordBatch, &RowNumbers), column: usize| {
        let rows = rows.project(&[column])?;
        bare.encode(&rows, place)
    };
    let sets = changes.set.iter();
    let sets = sets.map(|set| column((&updates.0, &updates.1), *set));
    let mut counts = [0; Operation::ALL.len()];
    let places = keyed.rows().iter().map(|(operation, _)| {
        let count = &mut counts[*operation as usize];
        *count += 1;
        *count - 1
    });
    Ok(Sent {
        inserts: whole.encode(&inserts.0, &inserts.1)?,
        sets: sets.collect::<Result<_>>()?,
        keys: column((batch, place), changes.key)?,
        numbers: numbers(batch.column(changes.key))?,
        places: places.collect(),
    })
}

/// Whole numbers as they are compared; nothing of other keys.
fn numbers(keys: &ArrayRef) -> Result<Option<Vec<i128>>> {
    if !plain_type(keys.data_type()).is_integer() {
        return Ok(None);
    }
    let wide = cast(keys, &DataType::Decimal128(20, 0))?;
    let wide = wide.as_primitive::<Decimal128Type>();
    Ok((wide.null_count() == 0).then(|| wide.values().to_vec()))
}

impl Sent {
    /// The row of an insert, with the comma behind it.
    pub(super) fn inserted(&self, row: usize) -> &[u8] {
        let place = self.places[row];
        self.inserts.rows(place..place + 1)
    }

    /// What an update sets a column to, with the comma behind it.
    pub(super) fn set(&self, row: usize, column: usize) -> &[u8] {
        let place = self.places[row];
        self.sets[column].rows(place..place + 1)
    }

    /// The key of a row, with the comma behind it.
    pub(super) fn key(&self, row: usize) -> &[u8] {
        self.keys.rows(row..row + 1)
    }

    /// The same as a number, if it is one.
    pub(super) fn number(&self, row: usize) -> Option<i128> {
        Some(self.numbers.as_ref()?[row])
    }

    /// About how many bytes are sent for some rows.
    pub(super) fn size(&self, first: usize, rows: &[(Operation, u64)]) -> usize {
        let size = |(row, (operation, _)): (usize, &(Operation, u64))| {
            let own = match operation {
                Operation::Insert => self.inserted(row).len(),
                Operation::Update => {
                    let sets = 0..self.sets.len();
                    sets.map(|column| self.set(row, column).len()).sum()
                }
                Operation::Delete => 0,
            };
            own + 2 * self.key(row).len()
        };
        (first..).zip(rows).map(size).sum()
    }

    /// Inserts with values that MySQL has not, by their rows, and what they are.
    pub(super) fn odd(&self, row: usize, operation: Operation) -> Option<&str> {
        let of = |encoded: &Encoded| {
            let odd = encoded
                .odd
                .iter()
                .position(|(one, _)| *one == self.places[row])?;
            Some(odd)
        };
        let encoded = match operation {
            Operation::Insert => &self.inserts,
            Operation::Update => self.sets.iter().find(|set| of(set).is_some())?,
            Operation::Delete => return None,
        };
        of(encoded).map(|place| encoded.odd[place].1.as_str())
    }
}
