//! `rowgen expect`: what a row must be, alone, without running anything.

use arrow::array::RecordBatch;
use serde_json::json;

use super::arguments::ExpectOptions;
use super::check::{overrides, read};
use super::{grid, preview, print, row_at, say};
use crate::error::{Error, Problem, Result};
use crate::format::json::{Json, ObjectRows};
use crate::plan::Preview;
use crate::units::show_count;
use crate::verify::find;
use crate::{load, plan};

pub(super) fn run(options: &ExpectOptions) -> Result<u8> {
    let pipeline = read(&options.file)?;
    let names = || pipeline.tables.names();
    let name = options.table.as_deref().or_else(|| names().next());
    let name = name.unwrap_or_default().to_string();
    let loaded = load::load(&pipeline, |table| table == name)?;
    let overrides = overrides(&options.file)?;
    let table = plan::preview(&pipeline, loaded, &overrides, Some(&name), false)?;
    // Each row of a table under changes is a change, so a row number alone would show one change of
    // many.
    if let (Some(key), Some(changes)) = (&options.key, &table.changes) {
        return row_at::run(options, &name, &table, key, changes);
    }
    if options.at.is_some() || options.history {
        let problem = Problem::new(format!("table `{name}` is not under `changes`"));
        let hint = "leave out `--at` and `--history`: its rows stay what they are";
        return Err(Error::user(problem.hint(hint)));
    }
    let row = match (&options.key, options.row) {
        (Some(key), _) => find(&table, &name, key)?,
        (None, row) => row.unwrap_or_default(),
    };
    if let Some(rows) = table.rows
        && row >= rows
    {
        let problem = Problem::new(format!("table `{name}` has no row {row}"));
        let hint = format!("it has {} rows, the first is row 0", show_count(rows));
        return Err(Error::user(problem.hint(hint)));
    }
    let left = table.rows.map_or(u64::MAX, |rows| rows - row);
    let count = usize::try_from(left).unwrap_or(usize::MAX);
    let batch = table.batch(row, count.min(options.count))?;
    warn(&table, &batch);
    match options.json {
        true => print(&as_json(&name, |index| row + index, &batch)?),
        false => print(&grid::show(&batch, row, preview::width())),
    }
}

/// Values that are others in each run.
fn warn(table: &Preview, batch: &RecordBatch) {
    let program = table.program.get();
    for (node, field) in table.nodes.iter().zip(batch.schema_ref().fields()) {
        if program.is_some_and(|program| program.node(*node).domain.depends_on_now) {
            let name = field.name();
            say(&format!(
                "warning: `{name}` depends on the moment of the run"
            ));
        }
    }
}

/// `{"table":"orders","row":41,"values":{"order_id":42}}`, a line for each row.
pub(super) fn as_json(
    table: &str,
    row: impl Fn(u64) -> u64,
    batch: &RecordBatch,
) -> Result<String> {
    let mut text = Vec::new();
    let rows = ObjectRows::new(Json::default().values(), 0, b"\n");
    let made = rows.append(batch, &mut text, None);
    made.map_err(|refusal| refusal.error(&crate::batch::RowNumbers::From(row(0))))?;
    let mut lines = String::new();
    let table = json!(table);
    for (index, values) in (0..).zip(String::from_utf8_lossy(&text).lines()) {
        let row = row(index);
        // Put together as text, with the values as the writer of JSON spelt them: a JSON value
        // between would turn numbers into floats of 64 bits, and a decimal would lose digits.
        lines.push_str(&format!(
            "{{\"table\":{table},\"row\":{row},\"values\":{values}}}\n"
        ));
    }
    Ok(lines)
}
