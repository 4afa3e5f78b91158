//! Columns of a table that is there, beside those of the pipeline.

use std::fmt::Display;

use arrow::datatypes::Schema;

use crate::error::did_you_mean;

/// Columns that one side has and the other one lacks. Of those of the table are known their names, whether rows
/// need values for them, and whether the server makes those and takes none.
pub fn misfits(
    table: &impl Display,
    schema: &Schema,
    columns: &[(&str, bool, bool)],
    same: impl Fn(&str, &str) -> bool,
) -> Vec<String> {
    let mut faults = Vec::new();
    for field in schema.fields() {
        let own = field.name();
        match columns.iter().find(|(name, ..)| same(name, own)) {
            Some((name, ..)) if name == own => {}
            // Who reads the table back would look for the other name.
            Some((there, ..)) => faults.push(format!(
                "table {table} calls column `{own}` `{there}`: spell it so, or say `columns: {{ {there}: {own}, … }}` in the sink"
            )),
            None => {
                let hint = did_you_mean(own, columns.iter().map(|(name, ..)| *name));
                let hint = hint.map_or(String::new(), |hint| format!("; {hint}"));
                faults.push(format!("table {table} has no column `{own}`{hint}"));
            }
        }
    }
    let is_written = |name: &str| schema.fields().iter().any(|field| same(name, field.name()));
    let made = columns
        .iter()
        .filter(|(name, _, made)| *made && is_written(name));
    faults.extend(made.map(|(name, ..)| generated(table, name)));
    let needed = columns
        .iter()
        .filter(|(name, needed, _)| *needed && !is_written(name));
    faults.extend(needed.map(|(name, ..)| {
        format!(
            "column `{name}` of table {table} needs a value, and the pipeline has no such column"
        )
    }));
    faults
}

/// The server makes the values of a column.
pub fn generated(table: &impl Display, column: &str) -> String {
    format!(
        "column `{column}` of table {table} is generated there and takes no value: leave it out of the sink's `columns`"
    )
}
