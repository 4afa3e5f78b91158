//! What a load into a table of a database finds before its first row: its own progress, and rows.

use std::collections::HashMap;

use crate::client::offsets::BATCH_ROWS;
use crate::error::Problem;

/// Rows of this load were committed by earlier runs, as its progress says.
pub fn is_begun(reached: &HashMap<i32, i64>) -> bool {
    // The others say how it was begun.
    reached.keys().any(|partition| *partition >= 0)
}

/// A load that was begun with other batches: its progress is counted in them.
pub fn other_batches(table: &str, reached: &HashMap<i32, i64>, batch_rows: i64) -> Option<Problem> {
    let rows = reached
        .get(&BATCH_ROWS)
        .filter(|rows| **rows != batch_rows)?;
    let message = format!(
        "this load into table {table} was begun with batches of {rows} rows, and now they have {batch_rows}"
    );
    let hint = format!("`--batch-rows {rows}` goes on with it, `--overwrite` begins anew");
    Some(Problem::new(message).hint(hint))
}

/// What the load does with the rows that are there, in words.
pub fn rows_there(table: &str, begun: bool, is_empty: bool) -> Option<String> {
    let rows = match (begun, is_empty) {
        (true, true) => "is empty, and rows of this load were committed to it by earlier runs",
        (true, false) => "has rows of this load from earlier runs",
        (false, true) => return None,
        (false, false) => {
            return Some(format!(
                "table {table} has other rows already: those of this load are added to them; `--overwrite` empties it first"
            ));
        }
    };
    Some(format!(
        "table {table} {rows}: only the others are added; `--overwrite` empties it and begins anew"
    ))
}
