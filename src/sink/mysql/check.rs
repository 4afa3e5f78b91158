//! What a table of MySQL cannot hold or be asked for, and what will be done, in words.

use super::types::type_name;
use super::{Mode, Mysql, changes};
use crate::client::database::check_connections;
use crate::error::Problem;
use crate::format::Shape;
use crate::place::{Placed, Text};
use crate::sink::applied::of_table;

/// Everything about the options and the columns that cannot be as asked.
pub fn problems(mysql: &Mysql, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(mysql.name(shape).err());
    problems.extend(counts(mysql));
    let place = &mysql.url.place;
    match &shape.changes {
        Some(columns) => problems.extend(changes::problems(mysql, shape, columns)),
        None => problems.extend(key(mysql, shape)),
    }
    let of_changes = shape.changes.as_ref();
    let of_changes = of_changes.map(|columns| shape.schema.field(columns.key).name());
    for field in of_table(shape).fields() {
        let is_key = mysql.is_key(field.name()) || of_changes == Some(field.name());
        if let Err(fault) = type_name(field, is_key) {
            let message = format!("column `{}`: {fault}", field.name());
            problems.push(Problem::new(message).at(place));
        }
    }
    if shape.schema.fields().is_empty() {
        problems.push(Problem::new("a table without columns has no rows to send").at(place));
    }
    problems
}

fn counts(mysql: &Mysql) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(check_connections(mysql.connections.as_ref()));
    if let Some(rows) = &mysql.transaction_rows
        && !(1..=10_000_000).contains(&rows.value.0)
    {
        let message = "`transaction_rows` is 1 to 10_000_000";
        problems.push(Problem::new(message).at(&rows.place));
    }
    problems
}

fn key(mysql: &Mysql, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    if mysql.mode == Mode::Upsert && mysql.key.is_empty() {
        let problem = Problem::new("`mode: upsert` needs a `key`").at(&mysql.url.place);
        problems.push(problem.hint("name the columns that tell rows apart: `key: [id]`"));
    }
    let known = |column: &Placed<Text>| shape.column(column.as_str(), &column.place);
    problems.extend(mysql.key.iter().filter_map(|column| known(column).err()));
    problems
}

/// Lines that say what will be written.
pub fn describe(mysql: &Mysql, shape: &Shape) -> Vec<String> {
    let Ok(name) = mysql.name(shape) else {
        return Vec::new();
    };
    if shape.changes.is_some() {
        return vec![format!(
            "table {name}: rows are inserted, updated and deleted; many rows a statement"
        )];
    }
    let mode = match mysql.mode {
        Mode::Append => "rows are added",
        Mode::Truncate => "emptied before the first row",
        Mode::Upsert => "rows of equal key are replaced",
    };
    vec![format!("table {name}: {mode}; many rows an INSERT")]
}
