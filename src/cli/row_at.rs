//! `rowgen expect` of a row that changes: what it is at a moment, and all that has happened to it.

use super::arguments::ExpectOptions;
use super::expect::as_json;
use super::{grid, preview, print};
use crate::changes::Table;
use crate::error::{Error, Problem, Result};
use crate::format::Operation;
use crate::plan::Preview;
use crate::units::show_count;
use crate::verify::find_among;

pub(super) fn run(
    options: &ExpectOptions,
    name: &str,
    table: &Preview,
    key: &str,
    changes: &Table,
) -> Result<u8> {
    // Without `--at` it is the state after the last change, which a load without end does not have.
    let at = options.at.or(changes.all().count()).ok_or_else(|| {
        let problem = Problem::new(format!("the changes of `{name}` have no end"));
        Error::user(problem.hint("say after how many of them with `--at`"))
    })?;
    let row = find_among(
        table,
        name,
        key,
        // Row i of such a table is its i-th insert: those behind this moment are not there yet.
        Some(changes.before_of(Operation::Insert, at)),
    )?;
    if options.history {
        return history(options, name, (table, changes), (row, at));
    }
    let state = changes.state(row..row + 1, at);
    if let (true, Some(grave)) = (state.is_empty(), changes.grave(row)) {
        let message = format!(
            "after {} changes the row of `{name}` with the key `{key}` is gone: change {grave} deletes it",
            show_count(at)
        );
        return Err(Error::user(
            Problem::new(message).hint("`--history` shows what it has been"),
        ));
    }
    let batch = table.living(&state)?;
    match options.json {
        true => print(&as_json(name, |_| row, &batch)?),
        false => print(&grid::show(&batch, row, preview::width())),
    }
}

/// Every change of a row before a moment.
fn history(
    options: &ExpectOptions,
    name: &str,
    (table, changes): (&Preview, &Table),
    (row, at): (u64, u64),
) -> Result<u8> {
    let all = changes.history(row, at);
    let rows: Vec<u64> = all
        .iter()
        .map(|(number, _)| changes.before(*number))
        .collect();
    let batches = rows.iter().map(|row| table.batch(*row, 1));
    let batches = batches.collect::<Result<Vec<_>>>()?;
    let Some(first) = batches.first() else {
        return Err(Error::run(
            "a row that is there has no change that inserts it",
        ));
    };
    let batch = arrow::compute::concat_batches(&first.schema(), &batches)?;
    match options.json {
        // `rows` has one number for each row of the batch.
        true => print(&as_json(name, |index| rows[index as usize], &batch)?),
        false => print(&grid::show(&batch, row, preview::width())),
    }
}
