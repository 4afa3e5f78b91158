//! What tells a table's rows apart, and which other rows they refer to.

use super::MixEntry;
use crate::column::Column;
use crate::error::{Problem, Problems};

/// The tables that each one refers to, by their places.
pub(super) fn parents(entries: &[MixEntry<'_>], problems: &mut Problems) -> Vec<Vec<usize>> {
    let parents: Vec<Vec<usize>> = entries
        .iter()
        .map(|entry| own_parents(entry, entries))
        .collect();
    for (index, entry) in entries.iter().enumerate() {
        if let Some(column) = in_a_circle(index, entry, entries, &parents) {
            let name = &entry.name.value;
            let message = format!(
                "rows of `{name}` refer to rows that refer to them: under `changes` none could come first"
            );
            let hint = "leave this column out, or fill it without `foreign_key`";
            problems.push(Problem::new(message).at(&column.place).hint(hint));
        }
    }
    parents
}

fn own_parents(entry: &MixEntry<'_>, entries: &[MixEntry<'_>]) -> Vec<usize> {
    let columns = entry.table.columns.0.iter();
    let parents = columns.filter_map(|(_, column)| parent(column, entries));
    let mut parents: Vec<usize> = parents.collect();
    parents.sort_unstable();
    parents.dedup();
    parents
}

/// The table that a column refers to.
fn parent(column: &Column, entries: &[MixEntry<'_>]) -> Option<usize> {
    let (table, _) = column.generator.refers_to()?;
    entries.iter().position(|entry| entry.name.value == table)
}

/// The column by which a table refers to itself, directly or through others.
fn in_a_circle<'p>(
    index: usize,
    entry: &MixEntry<'p>,
    entries: &[MixEntry<'_>],
    parents: &[Vec<usize>],
) -> Option<&'p Column> {
    let mut columns = entry.table.columns.0.iter();
    let back = |parent| is_behind(parent, index, parents);
    let found = columns.find(|(_, column)| parent(column, entries).is_some_and(back));
    found.map(|(_, column)| column.as_ref())
}

/// True if `to` is a parent of `from`, directly or through other tables.
fn is_behind(from: usize, to: usize, parents: &[Vec<usize>]) -> bool {
    let (mut open, mut seen) = (vec![from], vec![false; parents.len()]);
    while let Some(table) = open.pop() {
        if table == to {
            return true;
        }
        if !std::mem::replace(&mut seen[table], true) {
            open.extend(&parents[table]);
        }
    }
    false
}

/// The column that tells a table's rows apart: of those that can, the one that others refer to, else a
/// sequence, else the first.
///
/// # Errors
/// No column can.
pub(super) fn key(entry: &MixEntry<'_>, entries: &[MixEntry<'_>]) -> Result<String, Problem> {
    let name = &entry.name.value;
    let columns = entry.table.columns.0.iter();
    let columns: Vec<(&str, &Column)> = columns
        .map(|(name, column)| (name.value.as_str(), column.as_ref()))
        .filter(|(_, column)| !column.is_hidden() && is_unique(column))
        .collect();
    let referred = entries.iter().flat_map(|entry| &entry.table.columns.0);
    let referred: Vec<String> = referred
        .filter_map(|(_, column)| column.generator.refers_to())
        .filter_map(|(table, column)| column.filter(|_| table == *name))
        .collect();
    let is_referred = |key: &&str| referred.iter().any(|column| column == key);
    let sequence = |(_, column): &&(&str, &Column)| column.generator.kind() == "sequence";
    let names = columns.iter().map(|(key, _)| *key);
    let key = names.clone().find(is_referred);
    let key = key.or_else(|| columns.iter().find(sequence).map(|(key, _)| *key));
    key.or_else(|| columns.first().map(|(key, _)| *key))
        .map(str::to_string)
        .ok_or_else(|| {
            let message = format!("no column tells the rows of `{name}` apart: changes need a key");
            Problem::new(message)
                .at(&entry.name.place)
                .hint("give the table one: `id: sequence`")
        })
}

/// True for a column whose generator says itself that no value stands twice.
fn is_unique(column: &Column) -> bool {
    let said = column.common.unique.as_ref();
    let by_kind = matches!(column.generator.kind(), "sequence" | "uuid" | "permute");
    by_kind || said.is_some_and(|unique| unique.value.0)
}
