//! Rows that stand where they should are compared value by value, without hashes: the quickest answer, and
//! that of most sinks.

use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::DataType;

use super::scan::Workers;
use super::side::{Rows, Side};
use crate::batch::Place;
use crate::error::Result;

/// How many rows there are, if each that was found is what must be there at its place. The first that is
/// not ends it.
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
    let counts = workers.each(expected, &wanted, &|| 0, &|count, _, own| {
        match are_there(&own, found, first_row)? {
            true => *count += own.count as u64,
            false => differs.store(true, Ordering::Relaxed),
        }
        Ok(())
    })?;
    let differs = differs.into_inner();
    Ok((!differs).then(|| counts.iter().sum()))
}

fn are_there(own: &Rows, found: &dyn Side, first_row: u64) -> Result<bool> {
    let Place::From(first) = own.place else {
        return Ok(false);
    };
    let first = first.checked_sub(first_row);
    let read = first.and_then(|first| found.range(first, own.count));
    let Some(other) = read.transpose()? else {
        return Ok(false);
    };
    let mut columns = own.columns.iter().zip(&other.columns);
    Ok(own.count == other.count
        && other.odd.is_empty()
        && columns.all(|(own, other)| are_equal(own, other)))
}

/// The same values, whatever holds them; what is not sure is not equal.
fn are_equal(own: &ArrayRef, other: &ArrayRef) -> bool {
    match own.data_type() {
        DataType::Dictionary(_, values) if values.as_ref() == other.data_type() => {
            are_equal_to(own, other)
        }
        _ => own.as_ref() == other.as_ref(),
    }
}

/// The values of a dictionary at their keys are these.
fn are_equal_to(own: &ArrayRef, other: &ArrayRef) -> bool {
    let dictionary = own.as_any_dictionary();
    let values = dictionary.values();
    let nulls = values.null_count() + own.null_count() + other.null_count();
    if nulls > 0 || values.is_empty() || values.data_type() != &DataType::Utf8 {
        return arrow::compute::cast(own, other.data_type())
            .is_ok_and(|own| own.as_ref() == other.as_ref());
    }
    let (values, other) = (values.as_string::<i32>(), other.as_string::<i32>());
    let mut keys = dictionary.normalized_keys().into_iter().enumerate();
    keys.all(|(row, key)| values.value(key) == other.value(row))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{DictionaryArray, Float64Array, Int64Array, StringArray};
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
            let mut others = some.to_vec();
            others[1] = Some("x");
            assert!(!are_equal(&dictionary(some), &texts(&others)));
            others[1] = None;
            others[0] = None;
            assert!(!are_equal(&dictionary(some), &texts(&others)));
        }
        let floats = |value: f64| Arc::new(Float64Array::from(vec![value])) as ArrayRef;
        assert!(!are_equal(&floats(0.0), &floats(-0.0)));
        assert!(are_equal(&floats(f64::NAN), &floats(f64::NAN)));
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
        assert!(!are_equal(&numbers, &floats(1.0)));
    }
}
