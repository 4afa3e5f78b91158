//! Jobs: a table's rows, cut into batches, on their way to the sinks that share them.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};

use super::batch_rows::{AHEAD, batch_rows, share, sized};
use super::changing::{columns, refused};
use super::fingerprints::digest;
use super::guarantee::Guarantee;
use super::order;
use super::partition::{PartitionLayout, PartitionSplit, key_columns, layout};
use super::sinks::Resolved;
use super::trial::trial;
use super::{Job, JobChanges, SinkPlan};
use super::{faulty, files};
use crate::column::hash::Key;
use crate::column::{Program, ProgramCell};
use crate::error::{Problem, Problems};
use crate::format::Shape;
use crate::place::Place;
use crate::sink::{Delivery, Partition, Slice};
use crate::source::{Batches, Grid, MadeBatches, Opened, TableColumns};

/// What a job is made from.
pub(super) struct TablePlan<'a> {
    pub(super) name: &'a str,
    pub(super) fingerprint: String,
    pub(super) load: String,
    pub(super) rows: Option<u64>,
    /// What its randomness is keyed by.
    pub(super) key: Key,
    pub(super) program: &'a Arc<ProgramCell>,
    /// What its columns are read from, and where the file says so.
    pub(super) records: Option<&'a Opened>,
    pub(super) from: Option<&'a Place>,
    pub(super) slice: Option<Slice>,
    pub(super) range: Option<Range<u64>>,
    /// Rows a second of every sink that has no rate of its own.
    pub(super) rate: Option<f64>,
    /// Rows that are late are left out (`catch_up: skip`).
    pub(super) skips: bool,
    /// Its rows are changes.
    pub(super) changes: Option<JobChanges>,
    pub(super) batch_rows: Option<u64>,
    pub(super) run_key: u128,
    pub(super) trial: bool,
}

/// The jobs of one table: one for the sinks that share batches, one for each partitioned sink.
pub(super) fn jobs(
    table: &TablePlan<'_>,
    sinks: Vec<Resolved>,
    problems: &mut Problems,
) -> Vec<Job> {
    let Some(program) = table.program.get() else {
        return Vec::new();
    };
    let (faulty, sinks): (Vec<_>, Vec<_>) =
        sinks.into_iter().partition(|sink| sink.faults.is_some());
    let (alone, shared): (Vec<_>, Vec<_>) = sinks
        .into_iter()
        // A sink with a rate of its own, or whose rows are cut by partitions, cannot share batches
        // with others: its rows are made again for it.
        .partition(|sink| {
            sink.rate.is_some() || !sink.partition_by.is_empty() || !sink.order_by.is_empty()
        });
    let mut jobs = Vec::new();
    problems.extend(sole_sink(table, &shared, &alone));
    if !shared.is_empty() {
        jobs.push(shared_job(table, program, shared, problems));
    }
    for sink in alone {
        jobs.extend(own_job(table, program, sink, problems));
    }
    jobs.extend(faulty::jobs(table, program, faulty, problems));
    // Jobs with a rate of their own come after the job beside which they run.
    jobs.sort_by_key(|job| job.own_rate);
    jobs
}

/// A stream starts where the sink that keeps its offsets says: any other sink would lose rows, or get
/// them again.
fn sole_sink(table: &TablePlan<'_>, shared: &[Resolved], alone: &[Resolved]) -> Option<Problem> {
    let stream = table.records.is_some_and(Opened::is_stream);
    let several = shared.len() + alone.len() > 1;
    let keeps = |sink: &&Resolved| sink.options.takes().delivery == Delivery::Transactional;
    let keeper = shared.iter().chain(alone).find(keeps)?;
    let problem = Problem::new(format!(
        "sink `{}` keeps the stream's offsets and can be its only sink",
        keeper.name
    ));
    (stream && several).then(|| {
        problem
            .at(&keeper.place)
            .hint("read the stream in a pipeline of its own for the other sinks")
    })
}

/// The job of a sink that shares its batches with no other.
fn own_job(
    table: &TablePlan<'_>,
    program: &Program,
    sink: Resolved,
    problems: &mut Problems,
) -> Option<Job> {
    let rate = sink.rate.clone();
    if let Some(rate) = rate
        .as_ref()
        .filter(|_| table.records.is_some_and(Opened::is_stream))
    {
        let problem = Problem::new("a stream's rows come once: no sink can have a rate of its own");
        problems.push(
            problem
                .at(&rate.place)
                .hint("say `rate` under `run:`, for all sinks of the stream"),
        );
    }
    let own_order = !sink.partition_by.is_empty() || !sink.order_by.is_empty();
    let job = match own_order {
        false => Some(shared_job(table, program, vec![sink], problems)),
        true => ordered_job(table, program, sink, problems),
    };
    job.map(|job| Job {
        rate: rate.as_ref().map(|rate| rate.value.0).or(job.rate),
        own_rate: rate.is_some(),
        ..job
    })
}

fn shared_job(
    table: &TablePlan<'_>,
    program: &Program,
    sinks: Vec<Resolved>,
    problems: &mut Problems,
) -> Job {
    let mut nodes: Vec<usize> = sinks.iter().flat_map(Resolved::nodes).collect();
    nodes.sort_unstable();
    // Sinks of one job share what they have in common: each column is made once, for all of them.
    nodes.dedup();
    let source = source(table, program, &nodes, grid(table, program, &sinks, 1));
    let sinks = sinks
        .into_iter()
        .filter_map(|sink| {
            sink_plan(
                table,
                program,
                &source,
                &nodes,
                sink,
                vec![Arc::default()],
                problems,
            )
        })
        .collect();
    job(table, source, None, sinks)
}

/// The job of a sink whose rows go to folders, or come in an order.
fn ordered_job(
    table: &TablePlan<'_>,
    program: &Program,
    sink: Resolved,
    problems: &mut Problems,
) -> Option<Job> {
    let grid = grid(table, program, std::slice::from_ref(&sink), 1);
    let nodes = sink.nodes();
    let Batches::Made(made) = source(table, program, &nodes, grid) else {
        problems.push(order::unmade(table, &sink));
        return None;
    };
    let layout = match (
        order::is_given(program, &sink),
        sink.partition_by.is_empty(),
    ) {
        (false, _) => None,
        (true, true) => {
            let source = Batches::Made(made);
            let lanes = vec![Arc::default()];
            let sink = sink_plan(table, program, &source, &nodes, sink, lanes, problems)?;
            return Some(job(table, source, None, vec![sink]));
        }
        (true, false) => {
            let keys: Vec<usize> = sink.partition_by.iter().map(|key| key.node).collect();
            let keys = made.with(TableColumns::new(table.program, program, &keys));
            let columns = key_columns(program, &sink.partition_by);
            problems.note(layout(&columns, keys, &made, sized(program, &sink)))?
        }
    };
    let Some(layout) = layout else {
        return sorted_job(table, program, made, sink, problems);
    };
    let (made, split, lanes): (_, Option<PartitionSplit>, Vec<Arc<Vec<Partition>>>) = match layout {
        PartitionLayout::Closed {
            table,
            split,
            lanes,
        } => (table, Some(*split), lanes),
        PartitionLayout::Monotone { table, partitions } => (table, None, vec![partitions]),
    };
    let source = Batches::Made(made);
    let sink = sink_plan(table, program, &source, &nodes, sink, lanes, problems)?;
    Some(job(table, source, split, vec![sink]))
}

/// The job of a sink whose rows must be sorted.
fn sorted_job(
    table: &TablePlan<'_>,
    program: &Program,
    made: MadeBatches,
    mut sink: Resolved,
    problems: &mut Problems,
) -> Option<Job> {
    // All rows are sorted, also for a slice: which ones are its own follows from the order.
    let rows = match table.range {
        Some(_) => share(table),
        None => (0, table.rows),
    };
    let order = problems.note(order::plan(table, program, &sink, &made, rows))?;
    let nodes = sink.nodes();
    sink.sorting = Some(order.sorting.clone());
    // Batches are cut where the order is, and what is made again for a comparison where the table is.
    let cut = Batches::Made(made.on(order.sorting.grid().clone()));
    let lanes = vec![Arc::default()];
    let sink = sink_plan(table, program, &cut, &nodes, sink, lanes, problems)?;
    Some(Job {
        order: Some(order),
        ..job(table, Batches::Made(made), None, vec![sink])
    })
}

pub(super) fn job(
    table: &TablePlan<'_>,
    source: Batches,
    split: Option<PartitionSplit>,
    sinks: Vec<SinkPlan>,
) -> Job {
    let (first_row, rows) = share(table);
    Job {
        table: table.name.to_string(),
        table_rows: table.rows,
        first_row,
        rows,
        rate: table.rate,
        own_rate: false,
        ahead: AHEAD * u32::from(sinks.iter().all(SinkPlan::holds_rows)),
        changes: table.changes.clone(),
        source,
        order: None,
        counted: table.program.get().and_then(Program::counted),
        split,
        sinks,
    }
}

/// How the rows are cut for these sinks, where `growth` rows come for each.
pub(super) fn grid(
    table: &TablePlan<'_>,
    program: &Program,
    sinks: &[Resolved],
    growth: u64,
) -> Grid {
    let (first_row, rows) = share(table);
    let batch_rows = (batch_rows(table, program, sinks) / growth).max(1);
    let grid = Grid::one(first_row, rows, batch_rows);
    let files = sinks.iter().filter_map(|sink| sink.options.takes().files);
    files::cut(&grid, &files.collect::<Vec<u64>>())
}

pub(super) fn source(
    table: &TablePlan<'_>,
    program: &Program,
    nodes: &[usize],
    grid: Grid,
) -> Batches {
    let columns = TableColumns::new(table.program, program, nodes);
    Batches::new(columns, program, table.records, grid)
}

pub(super) fn sink_plan(
    table: &TablePlan<'_>,
    program: &Program,
    source: &Batches,
    nodes: &[usize],
    sink: Resolved,
    lanes: Vec<Arc<Vec<Partition>>>,
    problems: &mut Problems,
) -> Option<SinkPlan> {
    // A column can be written under two names: the first of its places counts.
    let places = nodes.iter().enumerate().rev();
    let places: HashMap<usize, usize> = places.map(|(place, node)| (*node, place)).collect();
    let columns = sink.columns.iter();
    let columns: Vec<usize> = match &sink.faulted {
        Some(faulted) => faulted.at.clone(),
        None => columns
            .filter_map(|(node, _)| places.get(node).copied())
            .collect(),
    };
    // What comes with faults has been filtered before.
    let filter = sink.filter.iter().filter(|_| sink.faulted.is_none());
    let filter = filter
        .filter_map(|node| places.get(node).copied())
        .collect();
    let mut shape = shape(table, program, source, &sink, lanes.len());
    for problem in sink.options.check(&shape) {
        problems.push(problem.at(&sink.place));
    }
    problems.extend(sink.options.check_partitions(&lanes));
    problems.extend(refused(&sink, &shape, table.changes.is_some()));
    let stream = table.records.is_some_and(Opened::is_stream);
    if table.trial && !stream && problems.is_empty() {
        match trial(table, source, sink.sorting.as_ref(), &columns, &shape) {
            Ok(trial) => shape.trial = trial,
            Err(error) => {
                problems.fail(error.at(table.from.unwrap_or(&sink.place)));
                return None;
            }
        }
    }
    let skips = table.skips && (sink.rate.is_some() || table.rate.is_some());
    let guarantee = Guarantee::of(table.records, &sink.options.takes(), skips);
    problems.extend(guarantee.problem(sink.delivery.as_ref()));
    Some(SinkPlan {
        guarantee,
        name: sink.name,
        kind: sink.options.kind().to_string(),
        options: sink.options.shared(),
        columns,
        filter,
        shape,
        lanes,
        on_failure: sink.on_failure,
        fingerprint: digest(&[&table.fingerprint, &sink.canonical]),
        load: digest(&[&table.load, &sink.canonical]),
    })
}

fn shape(
    table: &TablePlan<'_>,
    program: &Program,
    source: &Batches,
    sink: &Resolved,
    open_files: usize,
) -> Shape {
    let (fields, domains) = match &sink.faulted {
        Some(faulted) => faulted.columns(sink),
        None => (
            sink.columns
                .iter()
                .map(|(node, name)| program.node(*node).field.clone().with_name(name))
                .collect::<Vec<Field>>(),
            order::domains(program, sink),
        ),
    };
    Shape {
        table: match sink.is_ledger {
            true => format!("{}_faults", table.name),
            false => table.name.to_string(),
        },
        schema: Arc::new(Schema::new(fields)),
        domains,
        order: order::written(sink),
        // The number of all rows and not of the slice's: what a format decides by it must be the
        // same for every slice.
        rows: sink
            .sorting
            .as_ref()
            .map_or(share(table).1, |sorting| Some(sorting.rows())),
        batch_rows: usize::try_from(source.batch_rows()).unwrap_or(usize::MAX),
        file_starts: match &sink.sorting {
            Some(sorting) => files::begun(sorting.grid()),
            None => files::starts(source.grid(), sink.options.takes().files),
        },
        open_files,
        beside: sink.beside,
        run_key: table.run_key,
        trial: None,
        changes: table
            .changes
            .as_ref()
            .and_then(|changes| columns(changes, program, sink)),
        folders: order::folders(program, &sink.partition_by),
    }
}
