//! `rowgen check`: parse and plan; with `--connect` also open every source and sink.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use serde_json::json;

use super::arguments::{CheckOptions, FileOptions};
use super::json::{print_json, problem};
use super::{environment, say, scheduled};
use crate::engine;
use crate::error::{Error, Problem, Result};
use crate::load;
use crate::plan::{self, Overrides, Plan};
use crate::spec::{self, AskedSlot, GivenValues, Pipeline};

pub(super) fn run(options: &CheckOptions) -> Result<u8> {
    let checked = check(options);
    if options.json {
        return tell_json(options, &checked);
    }
    let plan = checked?;
    for warning in &plan.warnings {
        say(&format!("warning: {warning}"));
    }
    say(&format!("{}: no mistakes found", plan.path));
    Ok(0)
}

fn check(options: &CheckOptions) -> Result<Plan> {
    let (pipeline, overrides) = (read(&options.file)?, overrides(&options.file)?);
    // Without `--connect` no server is asked: `check` runs in CI and in editors, where there is
    // none. With it the first batch is made, too, by which the room on a disk is estimated: `check`
    // once told another size than `run`.
    let (trial, servers) = (options.connect, options.connect);
    let plan = plan_of(&pipeline, &overrides, trial, servers)?;
    scheduled::check(&pipeline, &overrides)?;
    let run = engine::RunOptions {
        out: options.out.clone().unwrap_or_default(),
        ..Default::default()
    };
    // The engine's own look at places: that a path is both read and written is known without a
    // connection.
    engine::check(&plan, &run)?;
    if options.connect {
        for line in engine::connect(&plan, &run)? {
            say(&line);
        }
    }
    Ok(plan)
}

fn tell_json(options: &CheckOptions, checked: &Result<Plan>) -> Result<u8> {
    let (problems, warnings, code) = match checked {
        Ok(plan) => (&[][..], &plan.warnings[..], 0),
        Err(error) => (&error.problems[..], &[][..], error.exit_code()),
    };
    print_json(&json!({
        "pipeline": options.file.file.display().to_string(),
        "problems": problems.iter().map(problem).collect::<Vec<_>>(),
        "warnings": warnings,
    }))?;
    Ok(code)
}

/// Reads, loads and plans what a command was given.
pub(super) fn make_plan(options: &FileOptions, trial: bool) -> Result<Plan> {
    plan_of(&read(options)?, &overrides(options)?, trial, true)
}

/// `servers` says whether those are asked whose tables are read.
pub(super) fn plan_of(
    pipeline: &Pipeline,
    overrides: &Overrides,
    trial: bool,
    servers: bool,
) -> Result<Plan> {
    let taken = plan::taken(pipeline, overrides.sinks.as_deref());
    let needed = |table: &str| taken.iter().any(|taken| taken == table);
    let loaded = match (servers, overrides.stall_timeout) {
        (true, None) => load::load(pipeline, needed)?,
        (true, patience) => load::load_within(pipeline, needed, patience)?,
        (false, _) => load::load_without_servers(pipeline, needed)?,
    };
    let mut plan = plan::make(pipeline, loaded, overrides, trial)?;
    plan.warnings
        .extend(environment::warnings(&pipeline.params));
    Ok(plan)
}

/// Plans only these rows of the one table that says how many it has.
#[cfg(feature = "serve")]
pub(super) fn plan_rows(options: &FileOptions, rows: std::ops::Range<u64>) -> Result<Plan> {
    let pipeline = read(options)?;
    let overrides = Overrides {
        rows: Some(rows.end),
        range: Some(rows),
        ..overrides(options)?
    };
    plan_of(&pipeline, &overrides, true, true)
}

/// Reads the pipeline that a command was given.
pub(super) fn read(options: &FileOptions) -> Result<Pipeline> {
    spec::read(&options.file, &given(options)?)
}

/// What the flags and the environment give that the file refers to: params, date, slot, seed.
pub(super) fn given(options: &FileOptions) -> Result<GivenValues> {
    // The clock is read once: between two readings midnight may pass, and the date and the slot
    // would be of different days.
    let now = moment(now_micros()?);
    let mut given = GivenValues {
        set: options.set.iter().cloned().collect(),
        seed: options.seed.clone(),
        ..GivenValues::new(now, options.run_date.as_deref())
    };
    // The slot wins over the date because it says more.
    if let Some(slot) = &options.slot {
        given.slot = AskedSlot::Named(slot.clone());
    }
    Ok(given)
}

/// What the flags say in the place of options of the file.
pub(super) fn overrides(options: &FileOptions) -> Result<Overrides> {
    Ok(Overrides {
        rows: rows_of_one(&options.rows)?,
        table_rows: named_rows(&options.rows)?,
        threads: options.threads,
        slice: options.slice,
        range: None,
        table_ranges: Vec::new(),
        sinks: options.sinks.clone(),
        rate: options.rate,
        duration: options.duration,
        batch_rows: options.batch_rows,
        stall_timeout: options.stall_timeout,
        log_interval: options.log_interval,
        now_micros: now_micros()?,
    })
}

/// The count without a table's name, of which there is one at most.
fn rows_of_one(rows: &[(Option<String>, u64)]) -> Result<Option<u64>> {
    let mut one = rows.iter().filter(|(table, _)| table.is_none());
    let first = one.next().map(|(_, rows)| *rows);
    match one.next() {
        Some(_) => Err(Error::user(
            Problem::new("`--rows` says two counts of one table")
                .hint("say which tables they are of: `--rows orders=1000,users=50`"),
        )),
        None => Ok(first),
    }
}

/// The counts of tables by their names, each once.
fn named_rows(rows: &[(Option<String>, u64)]) -> Result<Vec<(String, u64)>> {
    let mut named: Vec<(String, u64)> = Vec::new();
    for (table, rows) in rows {
        let Some(table) = table else {
            continue;
        };
        if named.iter().any(|(known, _)| known == table) {
            let what = format!("`--rows` says twice how many rows `{table}` has");
            return Err(Error::user(what));
        }
        named.push((table.clone(), *rows));
    }
    Ok(named)
}

pub(super) fn now_micros() -> Result<i64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since
        .ok()
        .and_then(|since| i64::try_from(since.as_micros()).ok());
    micros.ok_or_else(|| Error::run(Problem::new("the system's clock is before 1970")))
}

fn moment(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}
