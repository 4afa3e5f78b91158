//! Evaluates a part that depends on one dictionary column alone once per dictionary value.

use super::error::RowFailure;
use super::evaluate::internal;
use super::node::TypedNode;
use super::value::{ColumnarValue, Evaluation, Inputs};
use arrow::array::{AnyDictionaryArray, Array, ArrayRef, AsArray, UInt32Array, new_null_array};
use arrow::compute::{concat, take};
use std::sync::{Arc, OnceLock};

/// The values of a dictionary that has been seen, and the part for each of them.
pub(super) type CachedPerValue = OnceLock<(ArrayRef, PerValue)>;

/// The part for each value of a dictionary; where the part of null is a value, it stands last.
#[derive(Clone)]
pub(super) struct PerValue {
    pub results: ArrayRef,
    /// Where a row without a key looks, if that is not simply null.
    pub null: Option<u32>,
}

pub(super) fn per_value(
    column: usize,
    part: &TypedNode,
    last: &CachedPerValue,
    evaluation: &Evaluation<'_>,
) -> Result<ColumnarValue, RowFailure> {
    let array = evaluation.inputs().array(column)?;
    let Some(each) = per_dictionary_value(array, part, last, evaluation.rows) else {
        return part.evaluate(evaluation);
    };
    let dictionary = array.as_any_dictionary();
    let taken = match each.keys(dictionary) {
        Some(keys) => take(&each.results, &keys, None),
        None => take(&each.results, dictionary.keys(), None),
    };
    taken.map(ColumnarValue::column).map_err(internal)
}

impl PerValue {
    /// The keys of rows whose null is a value; `None` where the dictionary's own keys do.
    pub fn keys(&self, dictionary: &dyn AnyDictionaryArray) -> Option<UInt32Array> {
        let nulls = dictionary
            .keys()
            .nulls()
            .filter(|nulls| nulls.null_count() > 0)?;
        let null = self.null?;
        let keys = dictionary.normalized_keys();
        let key = |(row, key): (usize, usize)| {
            if nulls.is_valid(row) {
                key as u32
            } else {
                null
            }
        };
        Some(keys.into_iter().enumerate().map(key).collect())
    }
}

/// The part for each value of the dictionary: the same array for every batch that shares its dictionary.
/// `None` where rows are better: a plain array, a large dictionary of one batch's own, or a value that
/// fails though perhaps no row that counts has it.
fn per_dictionary_value(
    array: &ArrayRef,
    part: &TypedNode,
    last: &CachedPerValue,
    rows: usize,
) -> Option<PerValue> {
    let values = array.as_any_dictionary_opt()?.values();
    if values.is_empty() {
        return None;
    }
    // By address, not by value: batches of a generated column share one dictionary, and a
    // comparison of values would cost what is to be saved.
    let known = || last.get().filter(|(known, _)| Arc::ptr_eq(known, values));
    if let Some((_, each)) = known() {
        return Some(each.clone());
    }
    // Another batch had another dictionary, so this one is not shared by all of them: to compute
    // each of its values for fewer rows than it has values would be more work than the rows
    // themselves.
    if last.get().is_some() && values.len() > rows {
        return None;
    }
    let each = evaluate_each(values, part)?;
    // Another worker may have been first: then its array is the one that all share.
    let _ = last.set((values.clone(), each.clone()));
    Some(known().map_or(each, |(_, each)| each.clone()))
}

fn evaluate_each(values: &ArrayRef, part: &TypedNode) -> Option<PerValue> {
    let null = new_null_array(values.data_type(), 1);
    // Null is evaluated as one more value: `coalesce(x, 'none')` has an answer for it, too.
    let with_null = concat(&[values, &null]).ok()?;
    let inputs = Inputs::single(&with_null);
    // A value that fails may be one that no row has. Then rows are evaluated one by one, and only a
    // row that is really there can end the run.
    let value = part
        .evaluate(&Evaluation::new(&inputs, with_null.len()))
        .ok()?;
    let results = value.array;
    Some(match results.is_null(values.len()) {
        true => PerValue {
            results: results.slice(0, values.len()),
            null: None,
        },
        false => PerValue {
            results,
            null: Some(u32::try_from(values.len()).ok()?),
        },
    })
}
