//! `--self-test`: faults that are put into what must be there have to be found, each of them once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, new_null_array};
use arrow::compute::{concat, interleave};

use super::altered::altered;
use super::hash::Hasher;
use super::keyed::Keyed;
use super::matching::Counts;
use super::side::{ComparedRows, Side};
use crate::batch::RowNumbers;
use crate::column::arrays::plain;
use crate::column::hash::{Key, below};
use crate::error::Result;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A value is another one.
    Changed,
    /// A value is null.
    Null,
    /// A row is not there.
    Missing,
    /// A row is there twice.
    Doubled,
    /// A row is there that should not be.
    Extra,
    /// Two rows have each other's key.
    Swapped,
}

/// What is done to a row.
enum Done {
    Replace(usize, ArrayRef),
    Remove,
    Twice,
    Beside(Vec<ArrayRef>),
}

/// A side with faults.
pub(super) struct Faulty<'s> {
    inner: &'s dyn Side,
    /// By piece, and by the row in it.
    faults: BTreeMap<u64, Vec<(usize, Done)>>,
    /// How many there are.
    pub count: u64,
    first_row: u64,
}

/// A row that was chosen, with its values.
struct Chosen {
    piece: u64,
    row: usize,
    values: Vec<ArrayRef>,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::Changed,
        Self::Null,
        Self::Missing,
        Self::Doubled,
        Self::Extra,
        Self::Swapped,
    ];

    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Changed => "changed values",
            Self::Null => "nulls for values",
            Self::Missing => "missing rows",
            Self::Doubled => "doubled rows",
            Self::Extra => "extra rows",
            Self::Swapped => "swapped keys",
        }
    }

    /// How many rows one fault of the kind is of.
    fn rows(self) -> u64 {
        if self == Self::Swapped { 2 } else { 1 }
    }

    /// How many faults of this kind the counts show; none if they show faults of another kind, too.
    pub(super) fn found(self, counts: &Counts) -> Option<u64> {
        let Counts {
            missing,
            extra,
            different,
            doubled,
            ..
        } = *counts;
        let only = |own: u64, others: u64| (others == 0).then_some(own);
        match self {
            // Without a key a row with another value looks like a missing row beside an extra one.
            Self::Changed | Self::Null => {
                // Both have to fit: as many rows too many as too few, or something else was found
                // than what was put in.
                (extra + doubled == missing).then_some(different + missing)
            }
            Self::Missing => only(missing, extra + different + doubled),
            Self::Doubled => only(doubled, missing + extra + different),
            Self::Extra => only(extra + doubled, missing + different),
            Self::Swapped => only(different / 2, missing + extra + doubled + different % 2),
        }
    }
}

impl<'s> Faulty<'s> {
    /// So many faults of a kind, or as many as there are rows for.
    pub(super) fn new(
        inner: &'s dyn Side,
        fault: Fault,
        count: u64,
        keyed: &Keyed,
        first_row: u64,
    ) -> Result<Self> {
        let chosen = chosen(inner, count * fault.rows())?;
        let mut faulty = Self {
            inner,
            faults: BTreeMap::new(),
            count: 0,
            first_row,
        };
        let mut changes = Changes::default();
        for (number, rows) in chosen.chunks(fault.rows() as usize).enumerate() {
            faulty.put(fault, rows, number, keyed, &mut changes)?;
        }
        // Without a key, two faults that turn two rows into each other change nothing together.
        if keyed.column().is_none() && matches!(fault, Fault::Changed | Fault::Null) {
            faulty.count = changes.gone();
        }
        Ok(faulty)
    }

    fn put(
        &mut self,
        fault: Fault,
        rows: &[Chosen],
        number: usize,
        keyed: &Keyed,
        changes: &mut Changes,
    ) -> Result<()> {
        let key = keyed.column();
        let done: Vec<(&Chosen, Done)> = match (fault, rows) {
            (Fault::Missing, [one]) => vec![(one, Done::Remove)],
            (Fault::Doubled, [one]) => vec![(one, Done::Twice)],
            (Fault::Changed | Fault::Null, [one]) => {
                let replaced = one.replaced(fault, number, key, changes)?;
                replaced.map(|done| (one, done)).into_iter().collect()
            }
            (Fault::Extra, [one]) => {
                let beside = one.beside(keyed, number);
                beside.map(|done| (one, done)).into_iter().collect()
            }
            (Fault::Swapped, [one, other]) => match key {
                Some(key) if one.with(key, &other.values[key])? != other.hash()? => {
                    let of = |row: &Chosen| Done::Replace(key, row.values[key].clone());
                    vec![(one, of(other)), (other, of(one))]
                }
                // Rows that differ in nothing but their keys are the same two rows after a swap.
                _ => Vec::new(),
            },
            _ => Vec::new(),
        };
        self.count += u64::from(!done.is_empty());
        for (row, done) in done {
            self.faults
                .entry(row.piece)
                .or_default()
                .push((row.row, done));
        }
        Ok(())
    }
}

/// How many rows more or less there are of each kind, after some faults.
#[derive(Default)]
struct Changes(BTreeMap<u128, i64>);

impl Changes {
    fn add(&mut self, before: u128, after: u128) {
        *self.0.entry(before).or_default() -= 1;
        *self.0.entry(after).or_default() += 1;
    }

    /// Rows of which there are too few.
    fn gone(&self) -> u64 {
        let less = self.0.values().filter(|count| **count < 0);
        less.map(|count| count.unsigned_abs()).sum()
    }
}

impl Chosen {
    /// One of the values is another one, or null: the row is another one then.
    fn replaced(
        &self,
        fault: Fault,
        number: usize,
        key: Option<usize>,
        changes: &mut Changes,
    ) -> Result<Option<Done>> {
        let (count, before) = (self.values.len(), self.hash()?);
        // Each fault begins with another column, so that every column gets some.
        let columns = (0..count).map(|step| (number + step) % count);
        for column in columns.filter(|column| Some(*column) != key) {
            let value = &self.values[column];
            let other = match fault {
                Fault::Null => Some(new_null_array(value.data_type(), 1)),
                _ => altered(value),
            };
            let Some(other) = other else {
                continue;
            };
            let after = self.with(column, &other)?;
            if after != before {
                changes.add(before, after);
                return Ok(Some(Done::Replace(column, other)));
            }
        }
        Ok(None)
    }

    fn hash(&self) -> Result<u128> {
        hash(self.values.clone())
    }

    /// The hash of the row with another value.
    fn with(&self, column: usize, value: &ArrayRef) -> Result<u128> {
        let mut values = self.values.clone();
        values[column] = value.clone();
        hash(values)
    }

    /// A row of another key, or with another value.
    fn beside(&self, keyed: &Keyed, number: usize) -> Option<Done> {
        let mut values = self.values.clone();
        match keyed {
            Keyed::Integer { column, min, max } => {
                let number = number as i64 + 1;
                // A key that no row has: beyond the greatest, or before the least where the type
                // ends there.
                let other = max.checked_add(number).or(min.checked_sub(number))?;
                let other: ArrayRef = Arc::new(arrow::array::Int64Array::from(vec![other]));
                let other = arrow::compute::cast(&other, values[*column].data_type()).ok()?;
                if other.is_null(0) {
                    return None;
                }
                values[*column] = other;
            }
            Keyed::Column(column) => values[*column] = altered(&values[*column])?,
            Keyed::Rows(columns) => {
                let count = columns.len();
                let mut columns = (0..count).map(|step| columns[(number + step) % count]);
                let (column, other) =
                    columns.find_map(|column| Some((column, altered(&values[column])?)))?;
                values[column] = other;
            }
        }
        Some(Done::Beside(values))
    }
}

fn hash(values: Vec<ArrayRef>) -> Result<u128> {
    let all: Vec<usize> = (0..values.len()).collect();
    let hashes = Hasher::new(all.len()).rows(&ComparedRows::new(values, 0), &all)?;
    Ok(hashes.first().copied().unwrap_or_default())
}

/// Rows that are spread over all, each once, with their values.
fn chosen(side: &dyn Side, count: u64) -> Result<Vec<Chosen>> {
    let mut sizes = Vec::new();
    for piece in 0..side.pieces() {
        sizes.push(side.read(piece)?.count as u64);
    }
    let rows: u64 = sizes.iter().sum();
    let count = count.min(rows);
    let key = Key::new("rows with faults");
    let wanted: BTreeSet<u64> = (0..count)
        .map(|number| {
            let share =
                |number: u64| (u128::from(rows) * u128::from(number) / u128::from(count)) as u64;
            let (from, to) = (share(number), share(number + 1));
            // One at a chance place of each equal share: spread over the whole table, never twice
            // the same row, and the same ones in every run.
            from + below(key.at(number), to - from)
        })
        .collect();
    let mut chosen = Vec::new();
    let mut before = 0;
    for (piece, size) in (0..).zip(sizes) {
        let own: Vec<u64> = wanted.range(before..before + size).copied().collect();
        if !own.is_empty() {
            let columns = side.read(piece)?.columns;
            let columns: Vec<ArrayRef> = columns.iter().map(plain).collect::<Result<_>>()?;
            chosen.extend(own.into_iter().map(|row| {
                let row = (row - before) as usize;
                let values = columns.iter().map(|column| column.slice(row, 1)).collect();
                Chosen { piece, row, values }
            }));
        }
        before += size;
    }
    Ok(chosen)
}

impl Side for Faulty<'_> {
    fn pieces(&self) -> u64 {
        self.inner.pieces()
    }

    fn rows(&self) -> u64 {
        self.inner.rows()
    }

    fn read(&self, piece: u64) -> Result<ComparedRows> {
        let rows = self.inner.read(piece)?;
        let numbers = |row: usize| rows.place.row(row) - self.first_row;
        let faults = self.faults.get(&piece).map_or(&[][..], Vec::as_slice);
        let mut order: Vec<usize> = (0..rows.count).collect();
        order.retain(|row| {
            !faults
                .iter()
                .any(|(own, done)| own == row && matches!(done, Done::Remove))
        });
        let twice = faults
            .iter()
            .filter(|(_, done)| matches!(done, Done::Twice));
        order.extend(twice.map(|(row, _)| *row));
        let mut places: Vec<u64> = order.iter().map(|row| numbers(*row)).collect();
        let beside = faults.iter().filter_map(|(_, done)| match done {
            Done::Beside(values) => Some(values),
            _ => None,
        });
        let beside: Vec<&Vec<ArrayRef>> = beside.collect();
        // Numbers that no row of the table has.
        places.extend((0..beside.len()).map(|number| u64::MAX - number as u64));
        let columns = rows.columns.iter().enumerate();
        let columns = columns.map(|(index, column)| {
            let made = replaced(&plain(column)?, index, faults, &order)?;
            let mut parts: Vec<&dyn Array> = vec![made.as_ref()];
            parts.extend(beside.iter().map(|values| values[index].as_ref()));
            Ok(concat(&parts)?)
        });
        Ok(ComparedRows {
            columns: columns.collect::<Result<_>>()?,
            count: places.len(),
            place: RowNumbers::List(places.into()),
            odd: Vec::new(),
        })
    }
}

/// A column's rows in an order, some with other values.
fn replaced(
    column: &ArrayRef,
    index: usize,
    faults: &[(usize, Done)],
    order: &[usize],
) -> Result<ArrayRef> {
    let mut arrays: Vec<&dyn Array> = vec![column.as_ref()];
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    for (row, done) in faults {
        if let Done::Replace(own, value) = done
            && *own == index
        {
            places.insert(*row, arrays.len());
            arrays.push(value.as_ref());
        }
    }
    let indices = order
        .iter()
        .map(|row| places.get(row).map_or((0, *row), |array| (*array, 0)));
    Ok(interleave(&arrays, &indices.collect::<Vec<_>>())?)
}
