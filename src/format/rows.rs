//! Rows from a batch: each column as its format spells it, then side by side; what was made of a
//! dictionary's values is remembered for the batches after it.

use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, PrimitiveArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{DataType, Int32Type};

use super::cells::{CellColumn, CellValues, Cells, Refusal};
use super::nested::unpacked;
use crate::dispatched;
use crate::kernel::interleave::RowWriter;
use crate::kernel::value_blocks::ValueBlocks;

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// One for each row; texts may be left in their array.
    Rows,
    /// Those of a dictionary, which rows may have or not.
    Dictionary,
}

/// How a format spells the columns of a table, with everything that stands between them.
pub trait RowSpelling {
    /// The values of column `index`, of a plain type.
    ///
    /// # Errors
    /// A value that the format cannot hold.
    fn column(&self, index: usize, array: &ArrayRef, of: Of) -> Result<CellColumn, Refusal>;

    /// What stands for null in column `index`; nothing where null is refused.
    fn null(&self, index: usize) -> Option<Vec<u8>>;
}

/// Rows are made so many at a time: their columns stay in the cache of the core.
// The pieces of so many rows stay in the second cache from when they are written to when they are
// put side by side; JSON and Avro alone took a tenth less time and half the memory with it.
const ROWS: usize = 2048;

/// Dictionaries that stand side by side become one as long as that has no more bytes.
// Two columns of few values next to each other become one of all their combinations, as long as
// those stay in the cache: a row then takes one copy where it took two.
const FUSED_BYTES: usize = 64 << 10;

/// What an encoder remembers of the dictionaries of its columns.
#[derive(Debug, Default)]
pub struct Memory(RwLock<Arc<Dictionaries>>);

/// What was made of the dictionaries of a batch.
#[derive(Debug, Default)]
struct Dictionaries {
    columns: Vec<Option<ColumnDictionary>>,
    groups: Vec<ColumnGroup>,
}

/// The dictionary of a column.
#[derive(Debug, Clone)]
struct ColumnDictionary {
    values: ArrayRef,
    /// The last value made of it is that of null.
    nulls: bool,
}

/// Columns side by side, and what is written for every combination of their values.
#[derive(Debug, Clone)]
struct ColumnGroup {
    columns: Range<usize>,
    /// How many values each column has, null included.
    counts: Vec<usize>,
    values: Arc<CellValues>,
}

/// Appends the rows of these columns to `out`, and where each one ends to `ends`. Without a memory
/// they are made all at once, as is right for the insides of other columns.
///
/// # Errors
/// A value that the format cannot hold.
pub fn append(
    spelling: &dyn RowSpelling,
    columns: &[ArrayRef],
    memory: Option<&Memory>,
    out: &mut Vec<u8>,
    mut ends: Option<&mut Vec<usize>>,
) -> Result<(), Refusal> {
    let rows = columns.first().map_or(0, |column| column.len());
    let (dictionaries, step) = match memory {
        Some(memory) => (memory.of(spelling, columns, rows), ROWS),
        None => {
            let none = Dictionaries::default();
            (
                Arc::new(Dictionaries::new(spelling, columns, 0, &none)),
                rows.max(1),
            )
        }
    };
    for first in (0..rows).step_by(step) {
        let range = first..(first + step).min(rows);
        let columns = dictionaries
            .columns(spelling, columns, &range)
            .map_err(|refusal| Refusal {
                row: first + refusal.row,
                ..refusal
            })?;
        let mut pieces = RowWriter::new(range.len());
        columns.iter().for_each(|column| column.add(&mut pieces));
        pieces.append(out, ends.as_deref_mut());
    }
    Ok(())
}

impl Memory {
    /// What is to be written for the dictionaries of these columns.
    fn of(
        &self,
        spelling: &dyn RowSpelling,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Arc<Dictionaries> {
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        // Batches share their dictionaries by address: what each value looks like as text is made
        // once a run.
        if known.are_of(columns) {
            return known;
        }
        let made = Arc::new(Dictionaries::new(spelling, columns, rows, &known));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = made.clone();
        made
    }
}

impl Dictionaries {
    fn new(spelling: &dyn RowSpelling, columns: &[ArrayRef], rows: usize, known: &Self) -> Self {
        let seen = |(index, array): (usize, &ArrayRef)| {
            let values = dictionary(array)?.values().clone();
            let before = known.columns.get(index).and_then(Option::as_ref);
            let nulls = before.is_some_and(|before| before.nulls) || array.null_count() > 0;
            Some(ColumnDictionary { values, nulls })
        };
        let mut all = Self {
            columns: columns.iter().enumerate().map(seen).collect(),
            groups: Vec::new(),
        };
        for index in 0..columns.len() {
            if let Some(group) = all.single(spelling, index, known) {
                match all.groups.last().and_then(|last| last.fused(&group, rows)) {
                    Some(fused) => {
                        all.groups.pop();
                        all.groups.push(fused);
                    }
                    None => all.groups.push(group),
                }
            }
        }
        all
    }

    /// What is written for the values of one column; nothing when one of them is refused, which
    /// matters only if a row has it.
    fn single(
        &self,
        spelling: &dyn RowSpelling,
        index: usize,
        known: &Self,
    ) -> Option<ColumnGroup> {
        let seen = self.columns[index].as_ref()?;
        let same = |group: &&ColumnGroup| group.columns == (index..index + 1);
        let before = known.columns.get(index).and_then(Option::as_ref);
        let unchanged = before.is_some_and(|before| before.same(seen));
        if let Some(group) = known.groups.iter().filter(|_| unchanged).find(same) {
            return Some(group.clone());
        }
        // A value that cannot be written may be one that no row has: its column is then written row
        // by row, and the row that has it is told.
        let column = spelling.column(index, &seen.values, Of::Dictionary).ok()?;
        let mut cells = Cells::default();
        for value in 0..seen.values.len() {
            cells.bytes.extend_from_slice(column.get(value));
            cells.end();
        }
        if seen.nulls {
            cells.bytes.extend(spelling.null(index)?);
            cells.end();
        }
        Some(ColumnGroup {
            columns: index..index + 1,
            counts: vec![cells.len()],
            values: Arc::new(cells.into()),
        })
    }

    fn are_of(&self, columns: &[ArrayRef]) -> bool {
        let same =
            |(seen, array): (&Option<ColumnDictionary>, &ArrayRef)| match (seen, dictionary(array))
            {
                (Some(seen), Some(dictionary)) => {
                    Arc::ptr_eq(&seen.values, dictionary.values())
                        && (seen.nulls || dictionary.null_count() == 0)
                }
                (None, None) => true,
                _ => false,
            };
        self.columns.len() == columns.len() && self.columns.iter().zip(columns).all(same)
    }

    /// Some rows of the columns, ready to be put side by side.
    fn columns(
        &self,
        spelling: &dyn RowSpelling,
        columns: &[ArrayRef],
        rows: &Range<usize>,
    ) -> Result<Vec<CellColumn>, Refusal> {
        let mut ready = Vec::with_capacity(columns.len());
        let mut groups = self.groups.iter().peekable();
        let mut index = 0;
        while index < columns.len() {
            if let Some(group) = groups.next_if(|group| group.columns.start == index) {
                let keys = group.keys(&columns[group.columns.clone()], rows);
                ready.push(CellColumn::Picked(keys, group.values.clone()));
                index = group.columns.end;
            } else {
                let array = columns[index].slice(rows.start, rows.len());
                ready.push(spelling.column(index, &unpacked(&array)?, Of::Rows)?);
                index += 1;
            }
        }
        Ok(ready)
    }
}

impl ColumnDictionary {
    fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.values, &other.values) && self.nulls == other.nulls
    }
}

impl ColumnGroup {
    /// Both as one, unless that would be much more than the rows of a batch need.
    fn fused(&self, next: &Self, rows: usize) -> Option<Self> {
        let (CellValues::Blocks(first), CellValues::Blocks(second)) =
            (self.values.as_ref(), next.values.as_ref())
        else {
            return None;
        };
        let longest = first.longest() + second.longest();
        let count = first.len() * second.len();
        let bytes = count * ValueBlocks::width_for(longest);
        let adjacent = self.columns.end == next.columns.start;
        // More combinations than rows in a batch would cost more than they save.
        if !adjacent || longest > ValueBlocks::WIDEST || count > rows || bytes > FUSED_BYTES {
            return None;
        }
        let blocks = ValueBlocks::fill(longest, count, b"", |index, block| {
            let (before, after) = (index / second.len(), index % second.len());
            let both = [first.get(before), second.get(after)].concat();
            block[..both.len()].copy_from_slice(&both);
            both.len()
        });
        Some(Self {
            columns: self.columns.start..next.columns.end,
            counts: [self.counts.as_slice(), &next.counts].concat(),
            values: Arc::new(CellValues::Blocks(blocks)),
        })
    }

    /// Which of the values each row has.
    fn keys(&self, columns: &[ArrayRef], rows: &Range<usize>) -> ScalarBuffer<i32> {
        let keys = |column: usize| {
            let keys = columns[column].as_dictionary::<Int32Type>().keys();
            picks(&keys.slice(rows.start, rows.len()), self.counts[column])
        };
        if columns.len() == 1 {
            return keys(0);
        }
        let mut fused = keys(0).to_vec();
        for column in 1..columns.len() {
            fuse(&mut fused, &keys(column), self.counts[column] as i32);
        }
        fused.into()
    }
}

dispatched! {
    /// From keys of one dictionary to those of it and the next one, which has `count` values.
    fn fuse(keys: &mut [i32], next: &[i32], count: i32) {
        for (key, next) in keys.iter_mut().zip(next) {
            *key = key.wrapping_mul(count).wrapping_add(*next);
        }
    }
}

/// The keys of a dictionary column; that of null is the last of `count`.
fn picks(keys: &PrimitiveArray<Int32Type>, count: usize) -> ScalarBuffer<i32> {
    match keys.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => keys.values().clone(),
        Some(nulls) => {
            let null = count as i32 - 1;
            let keys = keys.values().iter().zip(nulls.iter());
            keys.map(|(key, valid)| if valid { *key } else { null })
                .collect()
        }
    }
}

/// The dictionary of a column whose values are flat and not null.
fn dictionary(array: &ArrayRef) -> Option<&DictionaryArray<Int32Type>> {
    let dictionary = array.as_dictionary_opt::<Int32Type>()?;
    let values = dictionary.values();
    let flat = !values.data_type().is_nested() && *values.data_type() != DataType::Null;
    (flat && !values.is_empty() && values.null_count() == 0).then_some(dictionary)
}
