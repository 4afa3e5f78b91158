//! What commands without the plan's own sinks need: one table's columns, or every row discarded.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};

use super::batch_rows::fitting;
use super::filter::conditions;
use super::tables::built;
use super::{Overrides, Plan};
use crate::changes::{self, Living};
use crate::column::{Program, ProgramCell};
use crate::error::{Error, Problem, Problems, Result, did_you_mean};
use crate::load::Loaded;
use crate::sink::discard::Discard;
use crate::source::{Batches, Grid, OnBadRow, Opened, TableColumns};
use crate::spec::Pipeline;

/// One table, ready to show.
#[derive(Clone)]
pub struct Preview {
    /// Its columns.
    pub program: Arc<ProgramCell>,
    /// The ones to show.
    pub nodes: Vec<usize>,
    /// How many rows it has; none when it is endless.
    pub rows: Option<u64>,
    /// Which changes its rows are, where they are such.
    pub changes: Option<changes::Table>,
    /// The moment of the run is in values of the pipeline.
    pub reads_now: bool,
    records: Option<Opened>,
    /// Says which rows go to sinks, where not all do.
    filter: Option<usize>,
}

/// Rows that are looked at in search of those that go to sinks.
const LOOKED_AT: u64 = 1 << 20;

impl Preview {
    /// The same table with other columns.
    #[must_use]
    pub fn with(&self, nodes: Vec<usize>) -> Self {
        Self {
            nodes,
            ..self.clone()
        }
    }

    /// Some of its rows.
    ///
    /// # Errors
    /// A value that cannot be made or read.
    pub fn batch(&self, first_row: u64, rows: usize) -> Result<RecordBatch> {
        Ok(self.source(first_row, rows)?.first()?.rows)
    }

    /// So many of the rows that go to sinks, from `first_row` on.
    ///
    /// # Errors
    /// A value that cannot be made or read.
    pub fn shown(&self, first_row: u64, rows: usize) -> Result<RecordBatch> {
        let Some(filter) = self.filter else {
            return self.batch(first_row, rows);
        };
        let with = self.with(self.nodes.iter().copied().chain([filter]).collect());
        let end = self
            .rows
            .unwrap_or(u64::MAX)
            .min(first_row.saturating_add(LOOKED_AT));
        let (mut at, mut found, mut parts) = (first_row, 0, Vec::new());
        let own: Vec<usize> = (0..self.nodes.len()).collect();
        loop {
            let count = (rows.max(1024) as u64).min(end.saturating_sub(at));
            let batch = with.batch(at, count as usize)?;
            let kept = filter_record_batch(&batch, batch.column(own.len()).as_boolean())?;
            let kept = kept
                .slice(0, kept.num_rows().min(rows - found))
                .project(&own)?;
            (at, found) = (at + count, found + kept.num_rows());
            parts.push(kept);
            if found == rows || count == 0 {
                let schema = parts[0].schema();
                return Ok(concat_batches(&schema, &parts)?);
            }
        }
    }

    /// True where some rows do not go to sinks.
    pub fn is_filtered(&self) -> bool {
        self.filter.is_some()
    }

    /// The option that leaves rows out, if one does: which rows there are is known once they are made.
    pub fn leaves_out(&self) -> Option<&'static str> {
        let on_bad_row = self.records.as_ref().map(Opened::on_bad_row);
        let tolerant = on_bad_row.is_some_and(|rule| !matches!(rule, OnBadRow::Stop));
        match (self.is_filtered(), tolerant) {
            (true, _) => Some("where"),
            (false, true) => Some("on_bad_row"),
            (false, false) => None,
        }
    }

    /// # Errors
    /// What it is read from has changed since it was opened.
    pub fn unchanged(&self) -> Result<()> {
        match &self.records {
            Some(Opened::Records(records)) => records.unchanged(),
            Some(Opened::Stream(_)) | None => Ok(()),
        }
    }

    /// Rows of a table whose rows change, as they are at a moment.
    ///
    /// # Errors
    /// A value that cannot be made, or its rows do not change.
    pub fn living(&self, rows: &[Living]) -> Result<RecordBatch> {
        match (self.source(0, 0)?, &self.changes) {
            (Batches::Made(made), Some(table)) => made.versions(&Living::places(table, rows)),
            _ => Err(Error::run("the rows of this table do not change")),
        }
    }

    /// Rows by the numbers that `find` returns for a key: of a table under changes these are its
    /// inserts.
    ///
    /// # Errors
    /// A value that cannot be made or read.
    pub fn inserted(&self, first_row: u64, rows: usize) -> Result<RecordBatch> {
        if self.changes.is_none() {
            return self.batch(first_row, rows);
        }
        let row = |key| Living { key, update: None };
        let rows: Vec<Living> = (first_row..).take(rows).map(row).collect();
        self.living(&rows)
    }

    fn source(&self, first_row: u64, rows: usize) -> Result<Batches> {
        self.batches(first_row, rows as u64, rows.max(1) as u64)
    }

    /// The most rows of a batch that has room in memory, however large its rows are.
    ///
    /// # Errors
    /// The table is not built.
    pub fn most_rows(&self) -> Result<u64> {
        Ok(fitting(self.built()?.most_bytes()))
    }

    /// Some of its rows in batches of `batch_rows`.
    ///
    /// # Errors
    /// The table is not built.
    pub fn batches(&self, first_row: u64, rows: u64, batch_rows: u64) -> Result<Batches> {
        let program = self.built()?;
        let columns = TableColumns::new(&self.program, program, &self.nodes);
        let grid = Grid::one(first_row, Some(rows), batch_rows);
        Ok(Batches::new(columns, program, self.records.as_ref(), grid))
    }

    /// The names of the columns to show.
    ///
    /// # Errors
    /// The table is not built.
    pub fn names(&self) -> Result<Vec<String>> {
        let program = self.built()?;
        let name = |node: &usize| program.node(*node).field.name().clone();
        Ok(self.nodes.iter().map(name).collect())
    }

    fn built(&self) -> Result<&Program> {
        let program = self.program.get();
        program.ok_or_else(|| Error::run("the table is not built"))
    }
}

/// Builds one table (the first without a name), with or without its hidden columns.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn preview(
    pipeline: &Pipeline,
    loaded: Loaded,
    overrides: &Overrides,
    table: Option<&str>,
    hidden: bool,
) -> Result<Preview> {
    let mut problems = Problems::default();
    let (mut builder, load) = built(pipeline, &loaded, overrides, &mut problems)?;
    let names = || pipeline.tables.names();
    let name = table.or_else(|| names().next()).unwrap_or_default();
    let mut tables = pipeline.tables.0.iter();
    let found = tables.find(|(table, _)| table.value == name);
    if found.is_none() {
        problems.push(
            Problem::new(format!("there is no table `{name}`"))
                .maybe_hint(did_you_mean(name, names())),
        );
    }
    problems.into_result()?;
    let mut nodes = Vec::new();
    let (mut rows, mut filter) = (None, None);
    if let Some((table, own)) = found {
        let conditions = conditions(pipeline, name, own);
        rows = builder.table_rows(name, &table.place)?;
        let columns = builder.columns(name);
        let shown = columns.iter().filter(|(_, own)| hidden || !own);
        let is_condition = |name: &str| conditions.iter().any(|(known, _)| known.value == name);
        for (column, _) in shown.filter(|(column, _)| !is_condition(&column.value)) {
            nodes.push(builder.column(name, &column.value, &column.place)?);
        }
        // Of the table alone: each sink has its own.
        let own = conditions.first().filter(|_| own.filter.is_some());
        let own =
            own.map(|(condition, _)| builder.column(name, &condition.value, &condition.place));
        filter = own.transpose()?;
    }
    let reads_now = builder.reads_now();
    let program = builder.finish().remove(name).unwrap_or_default();
    Ok(Preview {
        program,
        nodes,
        rows,
        reads_now,
        changes: load
            .and_then(|load| load.of(name))
            .map(|changes| changes.table),
        records: loaded.sources.get(name).cloned(),
        filter,
    })
}

/// The same plan for a run that changes nothing but its own folder, and what its sinks do instead of
/// what they were asked.
pub fn measured(mut plan: Plan) -> (Plan, Vec<String>) {
    let mut notes = Vec::new();
    for sink in plan.jobs.iter_mut().flat_map(|job| &mut job.sinks) {
        if let Some((measured, instead)) = sink.options.measured() {
            notes.push(format!("sink {} ({}): {instead}", sink.name, sink.kind));
            sink.options = measured;
        }
    }
    (plan, notes)
}

/// The same plan with every sink thrown away: how fast rows are made.
pub fn discarding(plan: &Plan) -> Plan {
    let mut plan = Plan {
        warnings: Vec::new(),
        ..plan.clone()
    };
    for job in &mut plan.jobs {
        // Sorting and dealing rows to partitions are part of what a sink costs: generation alone
        // has neither.
        job.order = None;
        job.split = None;
        for sink in &mut job.sinks {
            sink.kind = "discard".into();
            sink.options = Arc::new(Discard::default());
            sink.lanes = vec![Arc::default()];
            sink.shape.folders = Vec::new();
        }
    }
    plan
}
