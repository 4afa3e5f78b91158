//! Numbers of JSON as floats of 32 bits. The library reads them as doubles, so that what the smaller float
//! would lose is seen; what was rounded to the middle of two floats by that is read again from its text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array};
use arrow::datatypes::{Float32Type, Float64Type};

use super::json_raw::RawFields;
use crate::kernel::single::is_rounded_twice;

/// The floats that `doubles` became, each the one nearest to what stands in its object under `name`.
pub fn rounded_once<'o>(
    made: ArrayRef,
    doubles: &ArrayRef,
    name: &str,
    object: impl Fn(usize) -> &'o [u8],
) -> ArrayRef {
    let (Some(singles), Some(doubles)) = (
        made.as_primitive_opt::<Float32Type>(),
        doubles.as_primitive_opt::<Float64Type>(),
    ) else {
        return made;
    };
    let rows = doubles.values().iter().enumerate();
    let twice = rows.filter(|(row, double)| is_rounded_twice(**double) && singles.is_valid(*row));
    let again = twice.filter_map(|(row, _)| Some((row, written(object(row), name)?)));
    let again: Vec<(usize, f32)> = again.collect();
    if again.is_empty() {
        return made;
    }
    let mut values = singles.values().to_vec();
    again
        .iter()
        .for_each(|(row, single)| values[*row] = *single);
    Arc::new(Float32Array::new(values.into(), singles.nulls().cloned()))
}

/// The field of an object as it is written, as a number or within quotes.
fn written(object: &[u8], name: &str) -> Option<f32> {
    let RawFields(fields) = serde_json::from_slice(object).ok()?;
    let mut named = fields.iter().filter(|(other, _)| other == name);
    let (_, value) = named.next_back()?;
    value.get().trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use arrow::array::Float64Array;

    use super::*;

    #[test]
    fn what_lies_beside_the_middle_of_two_floats_goes_to_the_nearer_one() {
        // 1 + 2^-24 is in the middle of 1 and the next float.
        let texts = [
            "1.000000059604644775390625",
            "1.0000000596046447753906251",
            "\"1.0000000596046447753906251\"",
            "1.0000000596046447753906249",
            "0.1",
            "null",
        ];
        let objects = texts.map(|text| format!("{{\"b\":2,\"a\":{text}}}"));
        let doubles = texts.map(|text| text.trim_matches('"').parse::<f64>().ok());
        let singles = doubles.map(|double| double.map(|double| double as f32));
        let doubles: ArrayRef = Arc::new(Float64Array::from(doubles.to_vec()));
        let made: ArrayRef = Arc::new(Float32Array::from(singles.to_vec()));
        let made = rounded_once(made, &doubles, "a", |row| objects[row].as_bytes());
        let next = Some(1.000_000_1);
        let expected = [Some(1.0), next, next, Some(1.0), Some(0.1), None];
        let made: Vec<Option<f32>> = made.as_primitive::<Float32Type>().iter().collect();
        assert_eq!(made, expected);
    }
}
