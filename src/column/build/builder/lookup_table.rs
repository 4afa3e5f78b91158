//! Columns that are functions of columns of few values become tables: each combination of values is
//! computed once, before the first row, and rows only look up which combination they have.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, Int32Array, UInt32Array};
use arrow::buffer::ScalarBuffer;
use arrow::compute::take;
use arrow::datatypes::{Int32Type, UInt32Type};

use crate::column::program::Fill;
use crate::column::rows::Rows;
use crate::column::values::dictionary_encoded::KeyedValues;
use crate::error::{Error, Result};
use crate::kernel::look_up::{add_keys, add_numbers};

/// The most combinations of several columns' values that are computed before the first row: their
/// tables stay in the cache.
const COMBINATIONS: usize = 1 << 16;

/// The most values of a single column for which that is done.
// A choice: a pick of a reference's rows may be one of so many.
pub(super) const VALUES: usize = 1 << 20;

/// How a node follows from nodes that were drawn.
#[derive(Clone)]
pub(super) struct Precomputed {
    pub(super) roots: Vec<Root>,
    /// The node's value for every combination of theirs; that of the first root changes fastest.
    pub(super) values: ArrayRef,
}

/// A node that was drawn from few values.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Root {
    pub(super) node: usize,
    /// The last of its places stands for a null.
    pub(super) nulls: bool,
    pub(super) size: usize,
}

/// Looks up each row's combination.
pub(super) struct LookupTable {
    pub(super) roots: Vec<Root>,
    pub(super) shown: TableEntries,
}

/// What the rows have of one root.
enum RootKeys<'a> {
    Keys(&'a [i32]),
    Numbers(Cow<'a, [u32]>),
}

/// What stands in a table.
pub(super) enum TableEntries {
    /// Keys into shared values.
    Keys(KeyedValues),
    /// The only root's own keys, which stand for other values.
    Values(ArrayRef),
    /// Picked rows, and values of types that have no dictionaries.
    Plain(ArrayRef),
}

/// How many combinations there are, if they are few.
pub(super) fn combinations(roots: &[Root]) -> Option<usize> {
    // Several columns multiply: their table may have combinations that no row ever has.
    let most = if roots.len() > 1 {
        COMBINATIONS
    } else {
        VALUES
    };
    let count = roots
        .iter()
        .try_fold(1usize, |all, root| all.checked_mul(root.size));
    count.filter(|count| *count <= most)
}

impl Precomputed {
    /// The values for every one of the `count` combinations of `roots`, which hold all of ours.
    pub(super) fn spread(&self, roots: &[Root], count: usize) -> Option<ArrayRef> {
        if self.roots == roots {
            return Some(self.values.clone());
        }
        let mut places = vec![0u32; count];
        // A mixed-radix number: the first root counts in ones, the next one in the first one's
        // size, …
        let mut scale = 1;
        for ours in &self.roots {
            let before = roots.iter().take_while(|root| *root != ours);
            let stride: usize = before.map(|root| root.size).product();
            for (combination, place) in places.iter_mut().enumerate() {
                *place += (combination / stride % ours.size * scale) as u32;
            }
            scale *= ours.size;
        }
        take(&self.values, &UInt32Array::from(places), None).ok()
    }
}

impl LookupTable {
    /// What each row has of each root.
    fn parts<'a>(&self, inputs: &'a [ArrayRef]) -> Result<Vec<RootKeys<'a>>> {
        let roots = self.roots.iter().zip(inputs);
        roots.map(|(root, input)| root.part(input)).collect()
    }

    /// Adds up the combinations of some rows.
    fn add(&self, parts: &[RootKeys<'_>], rows: Range<usize>, places: &mut [u32]) {
        let mut scale = 1;
        for (root, part) in self.roots.iter().zip(parts) {
            match part {
                RootKeys::Keys(keys) => add_keys(places, &keys[rows.clone()], scale),
                RootKeys::Numbers(numbers) => add_numbers(places, &numbers[rows.clone()], scale),
            }
            scale *= root.size as u32;
        }
    }

    /// Each row's combination.
    fn places(&self, rows: usize, inputs: &[ArrayRef]) -> Result<Vec<u32>> {
        let mut places = vec![0; rows];
        self.add(&self.parts(inputs)?, 0..rows, &mut places);
        Ok(places)
    }
}

impl Root {
    fn part<'a>(&self, input: &'a ArrayRef) -> Result<RootKeys<'a>> {
        if let Some(nulls) = input.nulls().filter(|nulls| nulls.null_count() > 0) {
            // Nulls have a place of their own: what a function makes of a null is in the table,
            // too.
            let last = self.size as u32 - 1;
            let place = |row: usize| match nulls.is_valid(row) {
                true => number(input, row),
                false => Some(last),
            };
            let numbers: Option<Vec<u32>> = (0..input.len()).map(place).collect();
            return Ok(RootKeys::Numbers(numbers.ok_or_else(unplanned)?.into()));
        }
        if let Some(dictionary) = input.as_dictionary_opt::<Int32Type>() {
            return Ok(RootKeys::Keys(dictionary.keys().values()));
        }
        if let Some(truth) = input.as_boolean_opt() {
            return Ok(RootKeys::Numbers(
                truth.values().iter().map(u32::from).collect(),
            ));
        }
        let picks = input.as_primitive_opt::<UInt32Type>();
        let picks = picks.ok_or_else(unplanned)?;
        Ok(RootKeys::Numbers(picks.values().as_ref().into()))
    }
}

/// The places themselves, where the only root is a pick without nulls.
fn picks(inputs: &[ArrayRef]) -> Option<&ScalarBuffer<u32>> {
    let [input] = inputs else { return None };
    let picks = input.as_primitive_opt::<UInt32Type>()?;
    (picks.null_count() == 0).then(|| picks.values())
}

fn number(input: &ArrayRef, row: usize) -> Option<u32> {
    if let Some(dictionary) = input.as_dictionary_opt::<Int32Type>() {
        return Some(dictionary.keys().value(row) as u32);
    }
    match input.as_boolean_opt() {
        Some(truth) => Some(u32::from(truth.value(row))),
        None => Some(input.as_primitive_opt::<UInt32Type>()?.value(row)),
    }
}

fn unplanned() -> Error {
    Error::run("a column of few values came without its keys")
}

impl Fill for LookupTable {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        match &self.shown {
            TableEntries::Values(values) => {
                let keys: &Int32Array = inputs[0].as_dictionary::<Int32Type>().keys();
                Ok(Arc::new(DictionaryArray::try_new(
                    keys.clone(),
                    values.clone(),
                )?))
            }
            TableEntries::Keys(places) => match picks(inputs) {
                Some(picks) => places.picked(picks.clone()),
                None => {
                    let parts = self.parts(inputs)?;
                    places.combined(rows.len(), |rows, out| self.add(&parts, rows, out))
                }
            },
            TableEntries::Plain(values) => {
                let places = UInt32Array::from(self.places(rows.len(), inputs)?);
                Ok(take(values, &places, None)?)
            }
        }
    }
}
