//! Tables: their row counts, their columns, the order in which they run.

use std::collections::{BTreeMap, HashSet};

use arrow::datatypes::Fields;

use super::Overrides;
use super::changing::ChangedTables;
use super::filter::conditions;
use crate::column::hash::Key;
use crate::column::{Builder, SourceColumns, TableOptions};
use crate::error::{Problem, Problems, Result, did_you_mean};
use crate::load::{Loaded, Sources};
use crate::place::{Count, Place, Placed};
use crate::source::Opened;
use crate::spec::{Pipeline, Table};

/// The tables with all of their columns, and those of them that change.
///
/// # Errors
/// What is wrong with changes; what is wrong with columns is among the `problems`.
pub(super) fn built(
    pipeline: &Pipeline,
    loaded: &Loaded,
    overrides: &Overrides,
    problems: &mut Problems,
) -> Result<(Builder, Option<ChangedTables>)> {
    let (sources, references) = (&loaded.sources, loaded.references.clone());
    let load = ChangedTables::new(pipeline, overrides)?;
    let tables = options(pipeline, sources, (overrides, load.as_ref()), problems);
    let mut builder = Builder::new(tables, references, overrides.now_micros);
    build_all(pipeline, sources, &mut builder, problems);
    Ok((builder, load))
}

/// The tables as the builder takes them.
fn options(
    pipeline: &Pipeline,
    sources: &Sources,
    (overrides, changes): (&Overrides, Option<&ChangedTables>),
    problems: &mut Problems,
) -> Vec<TableOptions> {
    let given_rows = given_rows(pipeline, overrides, problems);
    let tables = pipeline.tables.0.iter().enumerate();
    tables
        .map(|(index, (name, table))| TableOptions {
            name: name.value.clone(),
            place: name.place.clone(),
            key: table_key(pipeline, &name.value, Some(table)),
            rows: match given_rows.iter().find(|(given, _)| *given == index) {
                Some((_, rows)) => Some(given(name, table, *rows)),
                None => table.rows.clone(),
            },
            changes: changes.and_then(|changes| changes.options(&name.value)),
            columns: {
                let mut columns = table.columns.0.clone();
                columns.extend(conditions(pipeline, &name.value, table));
                columns
            },
            source_columns: table
                .from
                .as_ref()
                .map(|_| source_columns(sources.get(&name.value))),
        })
        .collect()
}

/// What the randomness of a table is keyed by.
pub(super) fn table_key(pipeline: &Pipeline, name: &str, table: Option<&Table>) -> Key {
    let own = table.and_then(|table| table.seed.as_ref());
    let seed = own.map_or(pipeline.seed.as_str(), |seed| seed.value.as_str());
    // By names and never by places in the file: adding or moving a table changes no other.
    Key::new(seed).child(name)
}

/// What a table is read from; of a source that is not open nothing is known.
fn source_columns(records: Option<&Opened>) -> SourceColumns {
    SourceColumns {
        fields: records.map_or_else(Fields::empty, |records| records.schema().fields().clone()),
        rows: records.and_then(Opened::rows),
    }
}

fn given(name: &Placed<String>, table: &Table, rows: u64) -> Placed<Count> {
    let place = table.rows.as_ref().map_or(&name.place, |rows| &rows.place);
    Placed {
        value: Count(rows),
        place: place.clone(),
    }
}

/// What `--rows` says of tables, by their places in the file.
fn given_rows(
    pipeline: &Pipeline,
    overrides: &Overrides,
    problems: &mut Problems,
) -> Vec<(usize, u64)> {
    // Where there are changes, `--rows` is the number of changes.
    let rows = overrides.rows.filter(|_| pipeline.changes.is_none());
    let one = rows.map(|rows| (root(pipeline), rows));
    let named = overrides.table_rows.iter();
    let named = named.map(|(table, rows)| (counted(pipeline, table), *rows));
    let all = one.into_iter().chain(named);
    all.filter_map(|(table, rows)| Some((problems.note(table)?, rows)))
        .collect()
}

/// The params as the report tells them: where a param says how many rows or changes there are,
/// `--rows` has replaced its value.
pub(super) fn params(pipeline: &Pipeline, overrides: &Overrides) -> Vec<(String, String)> {
    let mut params = pipeline.params.clone();
    let given = |name: &str| {
        let mut named = overrides.table_rows.iter();
        let named = named.find(|(table, _)| table == name);
        named.map(|(_, rows)| *rows).or(overrides.rows)
    };
    let written = |(name, table): &(Placed<String>, Table)| {
        let rows = table.rows.as_ref()?;
        Some((rows.place.written(), given(&name.value)?))
    };
    let changes = pipeline.changes.as_ref();
    let count = changes.and_then(|changes| Some(changes.count.as_ref()?.place.written()));
    let written = pipeline.tables.0.iter().filter_map(written);
    let written = written.chain(count.zip(overrides.rows));
    let written: Vec<(String, u64)> = written.collect();
    for (name, value) in &mut params {
        let whole = format!("${{{name}}}");
        let is_param = |text: &String| text.trim_matches(['"', '\'']) == whole;
        // The report would otherwise tell the value of the file, which is not what the run made.
        if let Some((_, rows)) = written.iter().find(|(text, _)| is_param(text)) {
            *value = rows.to_string();
        }
    }
    params
}

/// The table of this name, whose rows can be counted.
fn counted(pipeline: &Pipeline, table: &str) -> Result<usize, Problem> {
    let names = || pipeline.tables.names();
    let Some(index) = names().position(|name| name == table) else {
        let problem = Problem::new(format!("`--rows {table}=`: there is no table `{table}`"));
        return Err(problem.maybe_hint(did_you_mean(table, names())));
    };
    let own = &pipeline.tables.0[index].1;
    match own.rows.is_some() || own.from.is_some() {
        true => Ok(index),
        false => Err(Problem::new(format!(
            "`--rows {table}=`: the file does not say how many rows table `{table}` has"
        ))
        .hint("its rows follow from other tables: say how many those have")),
    }
}

/// The one table whose row count `--rows` sets.
fn root(pipeline: &Pipeline) -> Result<usize, Problem> {
    let tables = pipeline.tables.0.iter().enumerate();
    let counted: Vec<usize> = tables
        .filter(|(_, (_, table))| table.rows.is_some() || table.from.is_some())
        .map(|(index, _)| index)
        .collect();
    match counted.as_slice() {
        [one] => Ok(*one),
        _ => Err(Problem::new(format!(
            "`--rows` needs exactly one table with `rows` or `from`, here are {}",
            counted.len()
        ))
        .hint("say which one it is of: `--rows orders=1000`")),
    }
}

/// Builds every column of every table, so that every mistake is found; but for tables whose source
/// is not open, whose columns nobody knows.
fn build_all(
    pipeline: &Pipeline,
    sources: &Sources,
    builder: &mut Builder,
    problems: &mut Problems,
) {
    let known = |name: &str, table: &Table| table.from.is_none() || sources.contains_key(name);
    let tables = pipeline.tables.0.iter();
    for (name, table) in tables.filter(|(name, table)| known(&name.value, table)) {
        if problems.is_full() {
            return;
        }
        if let (None, Some((first, _))) = (&table.from, table.types.0.first()) {
            let problem =
                Problem::new("`types` are of columns that are read, and nothing is read here");
            let hint = "give each column its `type:`, or say where they come from with `from:`";
            problems.push(problem.at(&first.place).hint(hint));
        }
        problems.note(builder.table_rows(&name.value, &name.place));
        let columns = builder.columns(&name.value);
        // Of columns that `repeat` makes of one, what is wrong with all of them is told of the first.
        let mut wrong: Vec<&Place> = Vec::new();
        for (column, _) in &columns {
            if problems.is_full() {
                return;
            }
            let again = wrong.contains(&&column.place);
            let made = builder.column(&name.value, &column.value, &column.place);
            if !again && problems.note(made).is_none() {
                wrong.push(&column.place);
            }
        }
        builder.check_changes(&name.value, problems);
        if columns.iter().all(|(_, hidden)| *hidden) {
            problems.push(
                Problem::new(format!("table `{}` has no column to show", name.value))
                    .at(&name.place),
            );
        }
    }
}

/// Table names with parents before children, otherwise in the order of the file.
pub(super) fn ordered(pipeline: &Pipeline, parents: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let mut order = TableOrder::default();
    for name in pipeline.tables.names() {
        order.visit(name, parents);
    }
    order.ordered
}

#[derive(Default)]
struct TableOrder {
    ordered: Vec<String>,
    /// Tables that are in the order already, and those whose parents are being added.
    seen: HashSet<String>,
}

impl TableOrder {
    fn visit(&mut self, name: &str, parents: &BTreeMap<String, Vec<String>>) {
        if !self.seen.insert(name.to_string()) {
            return;
        }
        for parent in parents.get(name).into_iter().flatten() {
            self.visit(parent, parents);
        }
        self.ordered.push(name.to_string());
    }
}
