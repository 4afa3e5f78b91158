//! Values of which some are replaced: what stays is copied in runs.

use arrow::array::{Array, ArrayData, ArrayRef, MutableArrayData, make_array};

use crate::error::Result;

/// What stands for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instead {
    /// Null.
    Null,
    /// Value so and so of one of the replacements.
    Value(usize, usize),
}

/// The values with others in some places, which rise.
pub(super) fn merged(
    values: &ArrayRef,
    replacements: &[ArrayRef],
    places: impl Iterator<Item = (usize, Instead)>,
) -> Result<ArrayRef> {
    let own = values.to_data();
    let others: Vec<ArrayData> = replacements.iter().map(|other| other.to_data()).collect();
    let all = std::iter::once(&own).chain(&others).collect();
    let mut made = MutableArrayData::new(all, true, values.len());
    let mut done = 0;
    for (place, instead) in places {
        made.try_extend(0, done, place)?;
        match instead {
            Instead::Null => made.try_extend_nulls(1)?,
            Instead::Value(which, at) => made.try_extend(1 + which, at, at + 1)?,
        }
        done = place + 1;
    }
    made.try_extend(0, done, values.len())?;
    Ok(make_array(made.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow::array::StringArray;

    #[test]
    fn what_is_not_replaced_stays() {
        let values: ArrayRef = Arc::new(StringArray::from(vec![
            Some("a"),
            None,
            Some("c"),
            Some("d"),
        ]));
        let other: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
        let places = [(0, Instead::Value(0, 1)), (2, Instead::Null)];
        let made = merged(&values, &[other], places.into_iter()).unwrap();
        let expected = StringArray::from(vec![Some("y"), None, None, Some("d")]);
        assert_eq!(made.as_ref(), &expected as &dyn Array);
        let same = merged(&values, &[], std::iter::empty()).unwrap();
        assert_eq!(&same, &values);
    }
}
