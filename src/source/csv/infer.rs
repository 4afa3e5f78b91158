//! The types of a CSV file's columns, from all of its values.

use super::cells::NullSpelling;
use super::split::{CellForm, RecordSplitter};
use crate::source::kinds::Kinds;

/// What a column has, with what was seen before.
pub(super) fn look(
    before: Kinds,
    split: &RecordSplitter<'_>,
    column: usize,
    nulls: &NullSpelling,
) -> Kinds {
    let mut seen = before;
    for (record, cell) in split.cells(column).enumerate() {
        // Nothing that comes can change it.
        if seen.is_text() {
            break;
        }
        let text = cell.of(split.bytes);
        // The cells of a record that is left out are empty.
        let left_out = text.is_empty() && split.is_wrong(record);
        // Within quotes nothing is null in a column of numbers, and a text in one of texts.
        let nothing = match cell.form {
            CellForm::Plain => nulls.has(text),
            CellForm::Quoted | CellForm::Escaped => text.is_empty() && nulls.has(text),
        };
        if !nothing && !left_out {
            seen = seen.and(Kinds::of(text));
        }
    }
    seen
}
