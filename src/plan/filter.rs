//! `where:` of tables and sinks: which rows go on. A condition is a hidden column of its table, made with the
//! others of its batch; rows for which it is not true are left out on their way to the sink, so that numbers
//! and values of those that stay are what they were.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray};
use arrow::compute::and;

use super::SinkPlan;
use crate::batch::Batch;
use crate::column::{Builder, Column};
use crate::error::{Problem, Result};
use crate::place::{Placed, Text};
use crate::sink::SinkKind;
use crate::spec::{Pipeline, SinkEntry, Table};

/// A hidden column of a table.
pub(super) type Condition = (Placed<String>, Arc<Column>);

/// The name that no column of a file has.
fn name(whose: &str, text: &Placed<Text>) -> Placed<String> {
    Placed {
        value: format!("where ({whose})"),
        place: text.place.clone(),
    }
}

fn of_sink(index: usize) -> String {
    format!("sink {}", index + 1)
}

/// The conditions on the rows of a table: its own, and those of the sinks that take it.
pub(super) fn conditions(pipeline: &Pipeline, table: &str, own: &Table) -> Vec<Condition> {
    let sinks = pipeline.sinks.iter().enumerate();
    let sinks = sinks.filter(|(_, sink)| sink.takes(table, pipeline.tables.0.len()));
    let sinks =
        sinks.filter_map(|(index, sink)| Some((of_sink(index), sink.common.filter.as_ref()?)));
    let table = own.filter.as_ref().map(|text| ("table".to_string(), text));
    let all = table.into_iter().chain(sinks);
    all.map(|(whose, text)| (name(&whose, text), Arc::new(Column::condition(text))))
        .collect()
}

/// The columns that decide which rows a sink gets.
fn columns(
    pipeline: &Pipeline,
    table: &str,
    (index, entry): (usize, &SinkEntry),
) -> Vec<Placed<String>> {
    let own = pipeline
        .tables
        .get(table)
        .and_then(|table| table.filter.as_ref());
    let of_sink = entry
        .common
        .filter
        .as_ref()
        .map(|text| name(&of_sink(index), text));
    own.map(|text| name("table", text))
        .into_iter()
        .chain(of_sink)
        .collect()
}

/// The nodes that say which rows a sink gets.
pub(super) fn nodes(
    pipeline: &Pipeline,
    (index, entry): (usize, &SinkEntry),
    options: &SinkKind,
    table: &Placed<String>,
    builder: &mut Builder,
) -> Result<Vec<usize>, Problem> {
    let conditions = columns(pipeline, &table.value, (index, entry));
    if let Some(condition) = conditions.first().filter(|_| options.takes().holds_rows) {
        return Err(of_timed(entry.kind(), condition));
    }
    let conditions = conditions.into_iter();
    let nodes = conditions.map(|one| builder.column(&table.value, &one.value, &one.place));
    nodes.collect()
}

/// A sink that times each row's answer counts on all of them.
fn of_timed(kind: &str, condition: &Placed<String>) -> Problem {
    let message = format!("`{kind}` times every message by its number: none can be left out");
    Problem::new(message).at(&condition.place)
}

/// Rows that change cannot be left out: what happens to them later would have nothing to happen to.
pub(super) fn of_changes(pipeline: &Pipeline) -> Option<Problem> {
    pipeline.changes.as_ref()?;
    let tables = pipeline.tables.0.iter().map(|(_, table)| &table.filter);
    let sinks = pipeline.sinks.iter().map(|sink| &sink.common.filter);
    let first = tables.chain(sinks).flatten().next()?;
    let problem = Problem::new("`where` cannot leave out rows that change");
    Some(
        problem
            .at(&first.place)
            .hint("leave out whole tables under `changes:`, or columns"),
    )
}

impl SinkPlan {
    /// True where it may get fewer rows than its table has.
    pub fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    /// The rows of a batch that it gets, with all of the batch's columns.
    ///
    /// # Errors
    /// A library's own.
    pub fn kept(&self, batch: &Batch) -> Result<Batch> {
        let conditions = self
            .filter
            .iter()
            .map(|place| batch.rows.column(*place).as_boolean());
        let mut conditions = conditions.cloned();
        let Some(first) = conditions.next() else {
            return Ok(batch.clone());
        };
        let all = conditions.try_fold(first, |all: BooleanArray, one| and(&all, &one))?;
        batch.keep(&all)
    }
}
