//! Null in the rows where a part fails, instead of a failure of all of them: `try_cast`, `on_bad_row: null`.

use super::error::RowFailure;
use super::evaluate::internal;
use arrow::array::{ArrayRef, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::DataType;

/// Makes the part for the rows of these arrays.
pub(super) type MakeRows<'a> = &'a dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef, RowFailure>;

/// The values of `make` for every row, null where it fails.
///
/// A failure says which row is the first to fail and gives nothing for those before it. So runs of rows are
/// tried: up to the row that failed, then each run twice as long as the one before that went well.
// One by one costs 3 µs a row; runs cost nothing where no row fails, and less than twice as much where few do.
pub(super) fn null_where_it_fails(
    inputs: &[ArrayRef],
    rows: usize,
    data_type: &DataType,
    make: MakeRows<'_>,
) -> Result<ArrayRef, RowFailure> {
    let whole = make(inputs, rows);
    let Err(failure) = whole else {
        return whole;
    };
    let mut parts: Vec<ArrayRef> = Vec::new();
    let (mut from, mut count) = (0, failure.row.max(1));
    while from < rows {
        let length = count.min(rows - from);
        let slice = |array: &ArrayRef| array.slice(from, length);
        match make(&inputs.iter().map(slice).collect::<Vec<_>>(), length) {
            Ok(part) => {
                parts.push(part);
                from += length;
                count = length * 2;
            }
            Err(_) if length == 1 => {
                parts.push(new_null_array(data_type, 1));
                from += 1;
                count = 1;
            }
            Err(failure) => count = failure.row.clamp(1, length - 1),
        }
    }
    let parts: Vec<&dyn arrow::array::Array> = parts.iter().map(|part| &**part).collect();
    concat(&parts).map_err(internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array};
    use arrow::datatypes::Int64Type;
    use std::cell::Cell;
    use std::sync::Arc;

    fn made(bad: &dyn Fn(i64) -> bool) -> (Vec<Option<i64>>, usize) {
        let input: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
        let asked = Cell::new(0);
        let make = |arrays: &[ArrayRef], rows: usize| {
            let values = arrays[0].as_primitive::<Int64Type>();
            assert_eq!(values.len(), rows);
            asked.set(asked.get() + rows);
            match values.values().iter().position(|value| bad(*value)) {
                Some(row) => Err(RowFailure::at(row, "bad")),
                None => Ok(arrays[0].clone()),
            }
        };
        let made = null_where_it_fails(&[input], 1000, &DataType::Int64, &make);
        let made = made.expect("rows");
        (
            made.as_primitive::<Int64Type>().iter().collect(),
            asked.get(),
        )
    }

    #[test]
    fn only_failing_rows_are_null_and_few_are_asked_twice() {
        for (bad, most) in [
            (&(|_| false) as &dyn Fn(i64) -> bool, 1000),
            (&|value| value == 500, 3100),
            (&|value| value % 2 == 1, 4000),
            (&|_| true, 3000),
            (&|value| value == 0 || value == 999, 5000),
        ] {
            let (values, asked) = made(bad);
            let expected: Vec<Option<i64>> = (0..1000)
                .map(|value| (!bad(value)).then_some(value))
                .collect();
            assert_eq!(values, expected);
            assert!(asked <= most, "{asked} rows were asked for");
        }
    }
}
