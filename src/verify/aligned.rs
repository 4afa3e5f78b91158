//! Rows that stand where they should are compared value by value, without hashes: the quickest answer, and
//! that of most sinks.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, ArrayRef, AsArray, StringArray};

use super::found::PIECE;
use super::scan::Workers;
use super::side::{ComparedRows, Side};
use crate::batch::RowNumbers;
use crate::column::arrays::plain;
use crate::error::Result;
use crate::plan::BATCH_ROWS;

/// The number of rows if every row that was found equals the expected one at its place, counted
/// from `first_row`; none at the first difference.
///
/// # Errors
/// A side cannot be read.
pub(super) fn aligned(
    expected: &dyn Side,
    found: &dyn Side,
    first_row: u64,
    workers: &Workers<'_>,
) -> Result<Option<u64>> {
    let differs = AtomicBool::new(false);
    let wanted = |_| !differs.load(Ordering::Relaxed);
    // Pieces of what was found lead, and what must be there is made for them: making any rows costs
    // the same, while a file is read best in its own pieces.
    let counts = workers.each(found, &wanted, &|| 0, &|count, piece, rows| {
        match are_expected(&rows, piece, expected, first_row)? {
            true => *count += rows.count as u64,
            // One difference ends it: the rows may stand in another order, which digests find out.
            false => differs.store(true, Ordering::Relaxed),
        }
        Ok(())
    })?;
    let count: u64 = counts.iter().sum();
    let all = !differs.into_inner() && count == expected.rows();
    Ok(all.then_some(count))
}

/// True if the rows of a piece are those that must be there, which come in smaller pieces.
fn are_expected(
    rows: &ComparedRows,
    piece: u64,
    expected: &dyn Side,
    first_row: u64,
) -> Result<bool> {
    let first = piece * PIECE;
    let starts =
        |rows: &ComparedRows, at: u64| matches!(rows.place, RowNumbers::From(first) if first == at);
    // A value that cannot be read, or rows that were left out: what follows does not stand at its
    // place.
    if !rows.odd.is_empty() || !starts(rows, first) {
        return Ok(false);
    }
    let mut done = 0;
    while done < rows.count {
        let next = (first + done as u64) / BATCH_ROWS;
        if next >= expected.pieces() {
            return Ok(false);
        }
        let own = expected.read(next)?;
        let fits = own.count > 0 && done + own.count <= rows.count;
        if !fits || !starts(&own, first_row + next * BATCH_ROWS) {
            return Ok(false);
        }
        let columns = own.columns.iter().zip(&rows.columns);
        let mut columns = columns.map(|(own, other)| (own, other.slice(done, own.len())));
        if !columns.all(|(own, other)| are_equal(own, &other)) {
            return Ok(false);
        }
        done += own.count;
    }
    Ok(true)
}

/// True for the same values, whichever arrays hold them; false where that cannot be told.
fn are_equal(own: &ArrayRef, other: &ArrayRef) -> bool {
    match (Texts::of(own), Texts::of(other)) {
        (Some(one), Some(two)) if one.keys.is_some() || two.keys.is_some() => {
            one.are(&two, own.len())
        }
        _ => match (plain(own), plain(other)) {
            (Ok(own), Ok(other)) => own.as_ref() == other.as_ref(),
            _ => false,
        },
    }
}

/// Texts of which none is null, and where each stands, if they are those of a dictionary.
struct Texts<'a> {
    values: &'a StringArray,
    keys: Option<Vec<usize>>,
}

impl<'a> Texts<'a> {
    fn of(array: &'a ArrayRef) -> Option<Self> {
        let dictionary = array.as_any_dictionary_opt();
        let values = dictionary.map_or(array, |dictionary| dictionary.values());
        let values = values.as_string_opt::<i32>()?;
        // Rows with nulls go the plain way: a null may be one of the keys or one of the values.
        if values.null_count() + array.null_count() > 0 || values.is_empty() {
            return None;
        }
        let keys = dictionary.map(|dictionary| dictionary.normalized_keys());
        Some(Self { values, keys })
    }

    fn value(&self, row: usize) -> &'a str {
        self.values
            .value(self.keys.as_ref().map_or(row, |keys| keys[row]))
    }

    fn are(&self, other: &Self, rows: usize) -> bool {
        if let (Some(own), Some(others)) = (&self.keys, &other.keys)
            // Numbering both dictionaries costs a hash of each text; four rows for each text is a
            // guess at where that pays, and no measurement.
            && 4 * (self.values.len() + other.values.len()) <= rows
        {
            // Texts are compared once for all rows that have them.
            let mut numbers = HashMap::new();
            let mut numbered = |values: &'a StringArray| -> Vec<usize> {
                let texts = values.iter().flatten();
                let next = |text| {
                    let count = numbers.len();
                    *numbers.entry(text).or_insert(count)
                };
                texts.map(next).collect()
            };
            let (one, two) = (numbered(self.values), numbered(other.values));
            return own
                .iter()
                .zip(others)
                .all(|(own, other)| one[*own] == two[*other]);
        }
        (0..rows).all(|row| self.value(row) == other.value(row))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Float64Array, Int64Array};
    use arrow::datatypes::Int32Type;

    use super::*;

    #[test]
    fn values_are_equal_whatever_holds_them() {
        let texts = |texts: &[Option<&'static str>]| {
            Arc::new(StringArray::from(texts.to_vec())) as ArrayRef
        };
        let dictionary = |texts: &[Option<&'static str>]| {
            let array: DictionaryArray<Int32Type> = texts.iter().copied().collect();
            Arc::new(array) as ArrayRef
        };
        for some in [
            &[Some("b"), Some("a"), Some("b")][..],
            &[Some("b"), None, Some("")],
        ] {
            assert!(are_equal(&dictionary(some), &texts(some)));
            assert!(are_equal(&texts(some), &texts(some)));
            assert!(are_equal(&texts(some), &dictionary(some)));
            assert!(are_equal(&dictionary(some), &dictionary(some)));
            let mut others = some.to_vec();
            others[1] = Some("x");
            assert!(!are_equal(&dictionary(some), &texts(&others)));
            others[1] = None;
            others[0] = None;
            assert!(!are_equal(&dictionary(some), &texts(&others)));
        }
        let many =
            |last| dictionary(&[[Some("b"), Some("a")].repeat(50), vec![Some(last)]].concat());
        let turned = |last| {
            let all = [
                vec![Some("a")],
                [Some("b"), Some("a")].repeat(50),
                vec![Some(last)],
            ]
            .concat();
            dictionary(&all).slice(1, 101)
        };
        assert!(are_equal(&many("b"), &turned("b")));
        assert!(!are_equal(&many("b"), &turned("a")));
        assert!(!are_equal(&many("b"), &turned("c")));
        let floats = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
        assert!(!are_equal(&floats(0.0), &floats(-0.0)));
        assert!(are_equal(&floats(f64::NAN), &floats(f64::NAN)));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        assert!(!are_equal(&numbers, &floats(1.0)));
    }
}
