//! What a table of PostgreSQL cannot hold or be asked for, and what will be done, in words.

use super::types::type_name;
use super::{Mode, Postgres, changes};
use crate::client::postgres::check_connections;
use crate::error::Problem;
use crate::format::Shape;
use crate::place::{Placed, Text};
use crate::sink::applied::of_table;

/// Everything about the options and the columns that cannot be as asked.
pub fn problems(postgres: &Postgres, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(postgres.name(shape).err());
    problems.extend(counts(postgres));
    let place = &postgres.url.place;
    match &shape.changes {
        Some(columns) => problems.extend(changes::problems(postgres, shape, columns)),
        None => problems.extend(key(postgres, shape)),
    }
    for field in of_table(shape).fields() {
        if let Err(fault) = type_name(field) {
            let message = format!("column `{}`: {fault}", field.name());
            problems.push(Problem::new(message).at(place));
        }
    }
    if shape.schema.fields().is_empty() {
        problems.push(Problem::new("a table without columns has no rows to send").at(place));
    }
    problems
}

fn counts(postgres: &Postgres) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(check_connections(postgres.connections.as_ref()));
    if let Some(rows) = &postgres.transaction_rows
        && !(1..=10_000_000).contains(&rows.value.0)
    {
        let message = "`transaction_rows` is 1 to 10_000_000";
        problems.push(Problem::new(message).at(&rows.place));
    }
    problems
}

fn key(postgres: &Postgres, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    if postgres.mode == Mode::Upsert && postgres.key.is_empty() {
        let problem = Problem::new("`mode: upsert` needs a `key`").at(&postgres.url.place);
        problems.push(problem.hint("name the columns that tell rows apart: `key: [id]`"));
    }
    let known = |column: &Placed<Text>| shape.column(column.as_str(), &column.place);
    problems.extend(postgres.key.iter().filter_map(|column| known(column).err()));
    problems
}

/// Lines that say what will be written.
pub fn describe(postgres: &Postgres, shape: &Shape) -> Vec<String> {
    let Ok(name) = postgres.name(shape) else {
        return Vec::new();
    };
    if shape.changes.is_some() {
        return vec![format!(
            "table {name}: rows are inserted, updated and deleted; COPY, and statements of many rows"
        )];
    }
    let mode = match postgres.mode {
        Mode::Append => "rows are added",
        Mode::Truncate => "emptied before the first row",
        Mode::Upsert => "rows of equal key are replaced",
    };
    vec![format!("table {name}: {mode}; binary COPY")]
}
