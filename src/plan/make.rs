//! Makes the plan.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::time::Duration;

use super::changing::ChangedTables;
use super::filter;
use super::fingerprints::Fingerprints;
use super::job::{TablePlan, jobs};
use super::letters;
use super::sinks::{Resolved, resolve, written};
use super::tables::{built, ordered, params, table_key};
use super::tempo;
use super::{Job, Overrides, Plan};
use crate::column::Builder;
use crate::column::hash::Key;
use crate::error::{Error, Problem, Problems, Result};
use crate::load::Loaded;
use crate::pace::Pace;
use crate::place::{self, Placed, Rate};
use crate::report::bad_file_lines;
use crate::source::{self, Batches, Opened};
use crate::spec::{Pipeline, Style};

/// How often figures are logged.
// Five seconds are what both old programs had.
const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// Makes a plan of a pipeline and what it points at. With `trial`, the first batch of each table is
/// made, for choices that depend on it.
///
/// # Errors
/// Everything that is wrong, at once.
pub fn make(
    pipeline: &Pipeline,
    loaded: Loaded,
    overrides: &Overrides,
    trial: bool,
) -> Result<Plan> {
    let mut problems = Problems::default();
    let (mut builder, load) = built(pipeline, &loaded, overrides, &mut problems)?;
    // Sinks before fingerprints, trials and servers: what only needs the file is told first, and
    // together.
    let sinks = resolve(
        pipeline,
        (overrides.sinks.as_deref(), &loaded.unasked),
        &mut builder,
        &mut problems,
    );
    problems.extend(rate_problems(pipeline, overrides));
    problems.extend(filter::of_changes(pipeline));
    problems.extend(log_problem(pipeline, &sinks));
    problems.extend(ledger_problem(pipeline, overrides, &sinks));
    if sinks.is_empty() && loaded.unasked.is_empty() && problems.is_empty() {
        problems.push(
            Problem::new("the pipeline has no sink to write to")
                .hint("add one under `sinks:`, or use `rowgen preview`"),
        );
    }
    // What follows asks servers, opens files or makes rows. All that the file alone says has been
    // told by then, together.
    problems.into_result()?;
    let fingerprints = Fingerprints::new(pipeline, overrides);
    let fingerprint = fingerprints.of(&loaded.digest(|_| true));
    let mut plan = frame(pipeline, overrides, fingerprint)?;
    plan.warnings = unused(pipeline, &builder);
    plan.warnings.extend(loaded.unasked.iter().map(unasked));
    plan.warnings.extend(left_out(&loaded));
    plan.jobs = all_jobs(
        pipeline,
        (&loaded, load.as_ref()),
        builder,
        sinks,
        overrides,
        trial,
    )?;
    let mut more = replaced(&plan.jobs);
    for sink in plan.jobs.iter().flat_map(|job| &job.sinks) {
        let warnings = sink.options.warnings(&sink.shape);
        more.extend(warnings.iter().map(|problem| warning(&sink.name, problem)));
    }
    plan.warnings.extend(more);
    Ok(plan)
}

/// Refuses a log on stdout where a sink writes there, too.
fn log_problem(pipeline: &Pipeline, sinks: &[Resolved]) -> Option<Problem> {
    let style = pipeline.log.style.as_ref()?;
    let sink = sinks.iter().find(|sink| sink.options.takes().stdout)?;
    (style.value != Style::Standard).then(|| {
        let message = format!("this log goes to stdout, where sink `{}` writes", sink.name);
        Problem::new(message)
            .at(&style.place)
            .hint("say `style: standard`, which goes to stderr, or write to a file")
    })
}

/// Refuses a ledger where time ends the run: its lines come of another job than the rows, which is then elsewhere.
fn ledger_problem(
    pipeline: &Pipeline,
    overrides: &Overrides,
    sinks: &[Resolved],
) -> Option<Problem> {
    duration(pipeline, overrides)?;
    let ledger = sinks.iter().find(|sink| sink.is_ledger)?;
    let problem = Problem::new("a run that ends after a time (`for`) has no whole ledger");
    Some(
        problem
            .at(&ledger.place)
            .hint("say how many rows there are, or leave out the ledger"),
    )
}

/// Rates that no run can be held to.
fn rate_problems(pipeline: &Pipeline, overrides: &Overrides) -> Vec<Problem> {
    let own = pipeline.sinks.iter().map(|sink| &sink.common.rate);
    let of_file = own.chain([&pipeline.run.rate]).flatten();
    let asked = overrides.rate.and_then(Pace::problem);
    let asked = asked.map(|problem| Problem::new(format!("`--rate`: {problem}")));
    of_file.filter_map(rate_problem).chain(asked).collect()
}

/// Why no run can be held to a rate of the file, if none can.
pub(super) fn rate_problem(rate: &Placed<Rate>) -> Option<Problem> {
    Some(Problem::new(Pace::problem(*rate.value)?).at(&rate.place))
}

/// The pipeline's file, those that it includes, and what its tables and references are read from.
fn reads(pipeline: &Pipeline) -> Vec<PathBuf> {
    let mut reads = pipeline.files.clone();
    let references = pipeline.reference.0.iter();
    reads.extend(references.map(|(_, reference)| reference.path.beside()));
    let sources = pipeline
        .tables
        .0
        .iter()
        .filter_map(|(_, table)| table.from.as_ref());
    let paths = sources.filter_map(|from| from.value.path());
    reads.extend(paths.map(source::read_at));
    // Several tables may read one file.
    reads.sort();
    reads.dedup();
    reads
}

/// The plan without its jobs.
fn frame(pipeline: &Pipeline, overrides: &Overrides, fingerprint: String) -> Result<Plan> {
    let run = &pipeline.run;
    let of =
        |duration: &Option<Placed<place::Duration>>| duration.as_ref().map(|value| value.value.0);
    Ok(Plan {
        name: pipeline.name.clone(),
        path: pipeline.path.clone(),
        reads: reads(pipeline),
        seed: pipeline.seed.clone(),
        params: params(pipeline, overrides),
        run_id: Key::new(&pipeline.seed)
            .child("run")
            .child(&pipeline.run_date)
            .bits(),
        fingerprint,
        jobs: Vec::new(),
        warnings: Vec::new(),
        threads: threads(pipeline, overrides)?,
        tempo: tempo::of(pipeline),
        duration: duration(pipeline, overrides),
        stall_timeout: overrides.stall_timeout.or(of(&run.stall_timeout)),
        log_interval: overrides
            .log_interval
            .or(of(&run.log_interval))
            .unwrap_or(LOG_INTERVAL),
        slice: overrides.slice,
        log: pipeline.log.clone(),
        serve: pipeline.serve.clone(),
    })
}

/// The warning for a table whose columns only its server knows.
fn unasked(table: &String) -> String {
    format!("table `{table}` is not checked: its server knows its columns, and `--connect` asks it")
}

/// Warns of the files that are left out of tables.
fn left_out(loaded: &Loaded) -> Vec<String> {
    let mut told = Vec::new();
    for (table, opened) in &loaded.sources {
        let Some(bad) = opened.bad_files() else {
            continue;
        };
        let count = bad.count().into_iter();
        let lines = count.chain(bad_file_lines(&bad.files));
        told.extend(lines.map(|line| format!("table `{table}`: {line}")));
    }
    told
}

/// Warns of sinks that replace what an earlier run has read from a stream and acknowledged.
fn replaced(jobs: &[Job]) -> Vec<String> {
    let mut warnings = Vec::new();
    for job in jobs {
        let stream = matches!(job.source, Batches::Streamed(_));
        for sink in job
            .sinks
            .iter()
            .filter(|sink| stream && sink.options.takes().replaces)
        {
            let problem = Problem::new(
                "what it replaces was read from a stream by earlier runs and does not come again",
            );
            warnings.push(warning(
                &sink.name,
                &problem.hint("`if_exists: append` keeps it"),
            ));
        }
    }
    warnings
}

fn warning(sink: &str, problem: &Problem) -> String {
    match &problem.hint {
        Some(hint) => format!("sink `{sink}`: {} ({hint})", problem.message),
        None => format!("sink `{sink}`: {}", problem.message),
    }
}

fn by_table(sinks: Vec<Resolved>) -> HashMap<String, Vec<Resolved>> {
    let mut own: HashMap<String, Vec<Resolved>> = HashMap::new();
    for sink in sinks {
        own.entry(sink.table.clone()).or_default().push(sink);
    }
    own
}

fn all_jobs(
    pipeline: &Pipeline,
    (loaded, load): (&Loaded, Option<&ChangedTables>),
    mut builder: Builder,
    sinks: Vec<Resolved>,
    overrides: &Overrides,
    trial: bool,
) -> Result<Vec<Job>> {
    let mut problems = Problems::default();
    let mut rows = HashMap::new();
    let mut own = by_table(sinks);
    for (name, _) in &pipeline.tables.0 {
        rows.insert(
            name.value.clone(),
            builder.table_rows(&name.value, &name.place)?,
        );
    }
    let order = ordered(pipeline, &builder.parents());
    let programs = builder.finish();
    let fingerprint = Fingerprints::new(pipeline, overrides);
    let batch_rows = pipeline.run.batch_rows.as_ref().map(|rows| rows.value.0);
    let mut all = Vec::new();
    for name in order {
        let (Some(own), Some(program)) = (own.remove(&name), programs.get(&name)) else {
            continue;
        };
        let count = rows.get(&name).copied().flatten();
        let changes = load.and_then(|load| load.of(&name));
        let stream = loaded.sources.get(&name).is_some_and(Opened::is_stream);
        problems.extend(divisible(&name, count, stream, overrides));
        // No table refers to one that is read: its rows depend on its own source alone.
        let references = loaded.digest(|table| table == name);
        let table = TablePlan {
            name: &name,
            rows: count,
            key: table_key(pipeline, &name, pipeline.tables.get(&name)),
            program,
            fingerprint: fingerprint.of(&references),
            load: fingerprint.of_load(&references),
            records: loaded.sources.get(&name),
            from: source_place(pipeline, &name),
            slice: overrides.slice,
            range: overrides.range_of(&name),
            rate: match &changes {
                Some(changes) => changes.share(),
                None => rate(pipeline, overrides, &name, count),
            },
            changes,
            skips: tempo::skips(&pipeline.run).is_some(),
            batch_rows: overrides.batch_rows.or(batch_rows),
            run_key: run_key(pipeline, overrides, &name),
            trial,
        };
        all.extend(jobs(&table, own, &mut problems));
    }
    problems.extend(letters::problems(&all));
    problems.extend(tempo::problems(&pipeline.run, &all));
    problems.into_result()?;
    Ok(all)
}

/// Where the file says what a table is read from.
fn source_place<'p>(pipeline: &'p Pipeline, table: &str) -> Option<&'p place::Place> {
    let from = pipeline.tables.get(table)?.from.as_ref()?;
    Some(&from.place)
}

/// The rate of a table: the one that is asked for; without one, that of its event times where the
/// table has no end and they are live.
fn rate(pipeline: &Pipeline, overrides: &Overrides, table: &str, rows: Option<u64>) -> Option<f64> {
    let of_file = pipeline.run.rate.as_ref().map(|rate| rate.value.0);
    let columns = pipeline.tables.get(table)?.columns.0.iter();
    let mut live = columns.filter_map(|(_, column)| column.generator.live_rate());
    let live = || live.next().filter(|_| rows.is_none());
    overrides.rate.or(of_file).or_else(live)
}

/// What is wrong with asking for a part of a table.
fn divisible(
    name: &str,
    rows: Option<u64>,
    stream: bool,
    overrides: &Overrides,
) -> Option<Problem> {
    match (overrides.range_of(name), overrides.slice) {
        (Some(_), Some(_)) => Some(Problem::new(
            "a slice and a range of rows exclude each other",
        )),
        (Some(_), None) if stream => Some(Problem::new(format!(
            "table `{name}` is a stream: its rows have no numbers before they come"
        ))),
        (None, Some(_)) if rows.is_none() => Some(
            Problem::new(format!("table `{name}` is endless and cannot be sliced"))
                .hint("leave out `--slice`, or give it `rows`"),
        ),
        _ => None,
    }
}

/// A key that is the same for every run of the same data and slice.
fn run_key(pipeline: &Pipeline, overrides: &Overrides, table: &str) -> u128 {
    let key = Key::new(&pipeline.seed).child(table);
    match (overrides.range_of(table), overrides.slice) {
        // A slice and a range are told apart by words, so that no two shares have one key.
        (Some(range), _) => key
            .child(&format!("rows {} to {}", range.start, range.end))
            .bits(),
        (None, Some(slice)) => key
            .child(&format!("slice {} of {}", slice.index, slice.count))
            .bits(),
        (None, None) => key.bits(),
    }
}

/// How long the run may take.
pub(super) fn duration(pipeline: &Pipeline, overrides: &Overrides) -> Option<Duration> {
    let of_file = pipeline.run.duration.as_ref();
    overrides
        .duration
        .or(of_file.map(|duration| duration.value.0))
}

fn threads(pipeline: &Pipeline, overrides: &Overrides) -> Result<usize> {
    let of_file = pipeline
        .run
        .threads
        .as_ref()
        .map(|threads| threads.value.0 as usize);
    thread_count(overrides.threads.or(of_file))
}

/// Beyond so many threads the system refuses in words that nobody understands. A choice.
pub const MOST_THREADS: usize = 4096;

/// How many threads make rows: as many as are asked for, or one a processor.
///
/// # Errors
/// They are too many, or none.
pub fn thread_count(asked: Option<usize>) -> Result<usize> {
    match asked {
        Some(threads @ 1..=MOST_THREADS) => Ok(threads),
        Some(other) => Err(Error::user(Problem::new(format!(
            "the number of threads is 1 to {MOST_THREADS}, not {other}"
        )))),
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

/// Tables that nothing needs, whichever sinks this run takes.
fn unused(pipeline: &Pipeline, builder: &Builder) -> Vec<String> {
    let parents = builder.parents();
    let mut used: HashSet<&str> = parents.values().flatten().map(String::as_str).collect();
    used.extend(builder.read_children());
    let written = written(pipeline, |_| true);
    used.extend(written.iter().map(String::as_str));
    let names = pipeline.tables.names().filter(|name| !used.contains(name));
    names
        .map(|name| format!("table `{name}` is neither written nor referred to"))
        .collect()
}
