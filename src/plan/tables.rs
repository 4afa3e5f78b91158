//! Tables: their row counts, their columns, the order in which they run.

use std::collections::BTreeMap;

use crate::column::hash::Key;
use crate::column::{Builder, TableOptions};
use crate::error::{Problem, Problems};
use crate::place::{Count, Placed};
use crate::spec::{Pipeline, Table};

/// The tables as the builder takes them.
pub(super) fn options(
    pipeline: &Pipeline,
    rows: Option<u64>,
    problems: &mut Problems,
) -> Vec<TableOptions> {
    let root = rows.and_then(|rows| problems.note(root(pipeline)).map(|root| (root, rows)));
    let tables = pipeline.tables.0.iter().enumerate();
    tables
        .map(|(index, (name, table))| {
            let seed = table
                .seed
                .as_ref()
                .map_or(pipeline.seed.as_str(), |seed| seed.value.as_str());
            TableOptions {
                name: name.value.clone(),
                place: name.place.clone(),
                key: Key::new(seed).child(&name.value),
                rows: match root {
                    Some((root, rows)) if root == index => given(table, rows),
                    _ => table.rows.clone(),
                },
                columns: table.columns.0.clone(),
            }
        })
        .collect()
}

fn given(table: &Table, rows: u64) -> Option<Placed<Count>> {
    let place = table.rows.as_ref().map(|rows| rows.place.clone());
    place.map(|place| Placed {
        value: Count(rows),
        place,
    })
}

/// The one table whose row count `--rows` sets.
fn root(pipeline: &Pipeline) -> Result<usize, Problem> {
    let tables = pipeline.tables.0.iter().enumerate();
    let counted: Vec<usize> = tables
        .filter(|(_, (_, table))| table.rows.is_some())
        .map(|(index, _)| index)
        .collect();
    match counted.as_slice() {
        [one] => Ok(*one),
        _ => Err(Problem::new(format!(
            "`--rows` needs exactly one table with `rows`, here are {}",
            counted.len()
        ))
        .hint("declare a param and use `--set` instead")),
    }
}

/// Builds every column of every table, so that every mistake is found.
pub(super) fn build_all(pipeline: &Pipeline, builder: &mut Builder, problems: &mut Problems) {
    for (name, table) in &pipeline.tables.0 {
        problems.note(builder.table_rows(&name.value, &name.place));
        for (column, _) in &table.columns.0 {
            problems.note(builder.column(&name.value, &column.value, &column.place));
        }
        let shown = table
            .columns
            .0
            .iter()
            .any(|(_, column)| !column.is_hidden());
        if !shown {
            problems.push(
                Problem::new(format!("table `{}` has no column to show", name.value))
                    .at(&name.place),
            );
        }
    }
}

/// Table names with parents before children, otherwise in the order of the file.
pub(super) fn ordered(pipeline: &Pipeline, parents: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut ordered = Vec::new();
    for name in pipeline.tables.names() {
        visit(name, parents, &mut ordered, &mut Vec::new());
    }
    ordered
}

fn visit(
    name: &str,
    parents: &BTreeMap<String, Vec<String>>,
    ordered: &mut Vec<String>,
    path: &mut Vec<String>,
) {
    if ordered.iter().any(|done| done == name) || path.iter().any(|on| on == name) {
        return;
    }
    path.push(name.to_string());
    for parent in parents.get(name).into_iter().flatten() {
        visit(parent, parents, ordered, path);
    }
    path.pop();
    ordered.push(name.to_string());
}
