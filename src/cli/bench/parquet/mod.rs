//! `rowgen bench parquet`: a table's rows as Parquet files of many kinds: how large they are, how fast they are
//! written, and how fast they are read, by whom.

mod arguments;
mod base;
mod columns;
mod flags;
mod html;
mod measure;
mod prune;
mod python;
mod questions;
mod read;
mod report;
mod room;
mod spread;
mod sweep;
mod table;
mod text;
mod write;

use std::io::IsTerminal;
use std::path::Path;
use std::time::Instant;

use arrow::array::RecordBatch;
use parquet::arrow::ArrowWriter;

use super::temporary::Temporary;
use crate::cli::json::print_json;
use crate::cli::{report_place, say, signals, tell};
use crate::engine::Stop;
use crate::error::{Error, Problem, Result, did_you_mean};
use crate::outlet;
use crate::plan::Plan;
use crate::sync;
pub(in crate::cli) use arguments::ParquetOptions;
use base::Base;
use measure::{LIBRARY, Measurement};
use python::Python;
use questions::Questions;
use report::Report;
use sweep::Sweep;
use table::Table;

/// The readers that there can be.
const READERS: [&str; 3] = [LIBRARY, "duckdb", "polars"];

/// The file of the values that are looked for.
const VALUES: &str = "values.parquet";

pub(in crate::cli) fn run(options: &ParquetOptions) -> Result<u8> {
    readers_known(options)?;
    let (pipeline, name) = table::pipeline(options)?;
    let path = pipeline.path.clone();
    let base = Base::of(&pipeline, &name);
    let plan = table::plan(options, pipeline, &name)?;
    let shape = plan
        .jobs
        .first()
        .and_then(|job| job.sinks.first())
        .map(|sink| sink.shape.clone());
    let shape = shape.ok_or_else(|| Error::user(format!("table `{name}` has no column")))?;
    let sweep = Sweep::of(options, base.of_columns(&shape), &shape)?;
    if let Some(html) = &options.html {
        page_can_be(html, &plan)?;
    }
    let stop = signals::stop()?;
    let pool = workers(plan.threads)?;
    let deadline = options
        .file
        .duration
        .map(|duration| Instant::now() + duration);
    let folder = Temporary::within(options.out.as_deref().unwrap_or(Path::new("")))?;
    let table = Table::make(&plan, &sweep.orders, options.memory, (&pool, &stop))?;
    let Some(table) = table else {
        return Ok(interrupted(&stop));
    };
    let questions = Questions::of(options, &table, &shape)?;
    room::check(&folder.0, table.bytes, options.force)?;
    let (python, readers, notes) = readers(options, &folder.0, &questions, table.threads, &stop)?;
    let mut measurement = Measurement {
        cells: &sweep.cells,
        table: &table,
        questions: &questions,
        folder: &folder.0,
        pool: &pool,
        stop: &stop,
        library: readers.iter().any(|(name, _)| name == LIBRARY),
        others: readers
            .iter()
            .map(|(name, _)| name.clone())
            .filter(|name| name != LIBRARY)
            .collect(),
        python,
        deadline,
    };
    let rounds = usize::from(options.rounds);
    let outcome = measurement.rounds(rounds, &|round| {
        tell_round(round, rounds, sweep.cells.len())
    })?;
    if stop.requested() {
        return Ok(interrupted(&stop));
    }
    let report = Report::new((path, &table, &sweep), &questions, outcome, readers, notes);
    tell_report(options, &report)
}

fn workers(threads: usize) -> Result<rayon::ThreadPool> {
    sync::workers("worker", threads).map_err(|error| Error::because("starting the workers", error))
}

/// As a page, where one is asked for, and as text or JSON.
fn tell_report(options: &ParquetOptions, report: &Report) -> Result<u8> {
    if let Some(html) = &options.html {
        html::write(html, report)?;
    }
    match options.json {
        true => {
            let value = serde_json::to_value(report)
                .map_err(|error| Error::because("writing JSON", error))?;
            print_json(&value)
        }
        false => tell(&text::text(report)).map(|()| 0),
    }
}

/// Refuses before anything is measured a page that stands where something is read, or nothing can be written.
fn page_can_be(html: &Path, plan: &Plan) -> Result<()> {
    report_place::check(("--html", html), plan, Path::new(""), "this run")?;
    let doing = format!("writing `{}`", html.display());
    outlet::probe(html).map_err(|error| Error::because(doing, error))
}

fn interrupted(stop: &Stop) -> u8 {
    say("interrupted: nothing is told, and the files are removed");
    let signal = stop.signal().unwrap_or(2);
    u8::try_from(128 + signal).unwrap_or(130)
}

fn tell_round(round: usize, rounds: usize, cells: usize) {
    if rounds > 0 && std::io::stderr().is_terminal() {
        say(&format!("round {} of {rounds}, {cells} cells", round + 1));
    }
}

/// A reader that nobody knows.
fn readers_known(options: &ParquetOptions) -> Result<()> {
    let said = options.readers.iter().flatten();
    for name in said {
        if !READERS.contains(&name.as_str()) {
            let problem = Problem::new(format!("`--readers`: there is no reader `{name}`"));
            let all = format!("the readers are {}", READERS.join(", "));
            let near = did_you_mean(name, READERS);
            return Err(Error::user(problem.hint(near.unwrap_or(all))));
        }
    }
    Ok(())
}

type Readers = (Option<Python>, Vec<(String, String)>, Vec<String>);

/// Who reads, with versions, and what is to be said of those who are not there.
fn readers(
    options: &ParquetOptions,
    folder: &Path,
    questions: &Questions,
    threads: usize,
    stop: &Stop,
) -> Result<Readers> {
    let asked = |name: &str| {
        options
            .readers
            .as_ref()
            .is_none_or(|said| said.iter().any(|said| said == name))
    };
    let mut readers = Vec::new();
    if asked(LIBRARY) {
        readers.push((LIBRARY.to_string(), parquet_version()));
    }
    let others = READERS
        .iter()
        .filter(|name| **name != LIBRARY && asked(name));
    let others: Vec<&str> = others.copied().collect();
    if others.is_empty() || options.rounds == 0 {
        return Ok((None, readers, Vec::new()));
    }
    if let Some(values) = questions.values()? {
        write_values(&folder.join(VALUES), &values)?;
    }
    // Python is not part of rowgen, so that its absence is an error only for whoever asked for it.
    let must = options.readers.is_some() || options.python.is_some();
    let python = match Python::start(options.python.as_ref(), folder, VALUES, threads, stop)? {
        Ok(python) => python,
        Err(_) if stop.requested() => return Ok((None, readers, Vec::new())),
        Err(why) if must => {
            let problem = Problem::new(format!("{} cannot read: {why}", others.join(" and ")));
            return Err(Error::user(problem.hint(
                "`--python` says which Python has them, `--readers parquet` leaves them out",
            )));
        }
        Err(why) => {
            let note = format!("{} do not read: {why}", others.join(" and "));
            return Ok((None, readers, vec![note]));
        }
    };
    let mut notes = Vec::new();
    for name in others {
        if let Some((name, version)) = python.there.iter().find(|(there, _)| there == name) {
            readers.push((name.clone(), version.clone()));
            continue;
        }
        let why = python.missing.iter().find(|(missing, _)| missing == name);
        let why = why.map_or("", |(_, why)| why);
        let text = format!("{name} does not read: Python {} says {why}", python.version);
        if options.readers.is_some() {
            return Err(Error::user(
                Problem::new(text).hint("`--python` says which Python has it"),
            ));
        }
        notes.push(text);
    }
    Ok((Some(python), readers, notes))
}

/// The version of the library, as the reader of its files.
fn parquet_version() -> String {
    let created = parquet::file::properties::DEFAULT_CREATED_BY;
    created.rsplit(' ').next().unwrap_or(created).to_string()
}

fn write_values(path: &Path, values: &RecordBatch) -> Result<()> {
    let doing = |error: &dyn std::fmt::Display| {
        Error::because(format!("writing `{}`", path.display()), error)
    };
    let file = std::fs::File::create(path).map_err(|error| doing(&error))?;
    let mut writer =
        ArrowWriter::try_new(file, values.schema(), None).map_err(|error| doing(&error))?;
    writer.write(values).map_err(|error| doing(&error))?;
    writer.close().map(drop).map_err(|error| doing(&error))
}
