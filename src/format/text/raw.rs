//! Columns of text that may be written straight from their array.

use arrow::array::{Array, StringArray};

/// The bytes of all texts.
pub fn bytes(array: &StringArray) -> &[u8] {
    let ends = array.value_offsets();
    &array.value_data()[ends[0] as usize..ends[ends.len() - 1] as usize]
}

/// True when every text has a length that is `fine`; what is null must have none, and is fine only
/// with `nulls`.
pub fn lengths(array: &StringArray, nulls: bool, fine: impl Fn(usize) -> bool) -> bool {
    let ends = array.value_offsets();
    let length = |row: usize| (ends[row + 1] - ends[row]) as usize;
    match array.nulls().filter(|nulls| nulls.null_count() > 0) {
        Some(_) if !nulls => false,
        Some(valid) => (0..array.len()).all(|row| match valid.is_valid(row) {
            true => fine(length(row)),
            false => length(row) == 0,
        }),
        // A fold, not `all`: to stop at the first that is not fine would keep the loop from being
        // vectorised.
        None => ends
            .windows(2)
            .fold(true, |all, ends| all & fine((ends[1] - ends[0]) as usize)),
    }
}
