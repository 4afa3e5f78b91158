//! `rowgen.run`, `check` and `schema`: what the commands do, without their talk.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyMapping;
use rowgen::engine::{self, RunOptions, Stop};
use rowgen::error::{Error, Result};
use rowgen::load;
use rowgen::plan::{self, Overrides, Plan};
use rowgen::report::Report;

use super::arguments::{Argument, Named};
use super::errors::{RunError, bare, exception};
use super::stream::LOOK;
use super::told::Told;

/// Carries a pipeline out: see `rowgen.run` in the package.
#[pyfunction]
#[pyo3(
    signature = (pipeline, *, out=None, rows=None, params=None, seed=None, run_date=None, slice=None, threads=None, sinks=None, overwrite=None, force=None),
    text_signature = "(pipeline, *, out=None, rows=None, params=None, seed=None, run_date=None, slice=None, threads=None, sinks=None, overwrite=False, force=False)"
)]
#[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn run<'py>(
    py: Python<'py>,
    pipeline: &Bound<'py, PyAny>,
    out: Argument<'_, 'py>,
    rows: Argument<'_, 'py>,
    params: Argument<'_, 'py>,
    seed: Argument<'_, 'py>,
    run_date: Argument<'_, 'py>,
    slice: Argument<'_, 'py>,
    threads: Argument<'_, 'py>,
    sinks: Argument<'_, 'py>,
    overwrite: Argument<'_, 'py>,
    force: Argument<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let told = Told::new(pipeline, params, seed, run_date, None)?;
    let expected = "I/N with I from 1 to N, such as 2/8";
    let (rows, table_rows) = counts(rows)?;
    let overrides = Overrides {
        rows,
        table_rows,
        slice: Named("slice", slice).parsed(expected, |text| text.parse().ok())?,
        threads: Named("threads", threads).threads()?,
        sinks: Named("sinks", sinks).names()?,
        ..told.overrides()
    };
    let options = RunOptions {
        out: Named("out", out).path()?.unwrap_or_default(),
        overwrite: Named("overwrite", overwrite).flag()?.unwrap_or(false),
        force: Named("force", force).flag()?.unwrap_or(false),
        checksums: true,
        ..RunOptions::default()
    };
    let plan = py.detach(|| planned(&told, &overrides));
    let plan = plan.map_err(|error| exception(&error))?;
    ended(py, &carried_out(py, plan, options)?)
}

/// How many rows: of the one table that decides it, or of tables by their names.
type Counts = (Option<u64>, Vec<(String, u64)>);

fn counts(rows: Argument<'_, '_>) -> PyResult<Counts> {
    if !rows.is_some_and(|rows| rows.is_instance_of::<PyMapping>()) {
        return Ok((Named("rows", rows).row()?, Vec::new()));
    }
    let mut counts = Vec::new();
    for (table, rows) in Named("rows", rows).pairs()? {
        let rows = Named(&format!("rows[{table}]"), Some(&rows)).row()?;
        counts.extend(rows.map(|rows| (table, rows)));
    }
    Ok((None, counts))
}

fn planned(told: &Told, overrides: &Overrides) -> Result<Plan> {
    let pipeline = told.pipeline()?;
    let taken = plan::taken(&pipeline, overrides.sinks.as_deref());
    let loaded = load::load(&pipeline, |table| taken.iter().any(|taken| taken == table))?;
    plan::make(&pipeline, loaded, overrides, true)
}

/// Runs it to its end. Ctrl-C ends it as it ends the command: what is begun is finished or removed.
fn carried_out(py: Python<'_>, plan: Plan, options: RunOptions) -> PyResult<Report> {
    let stop: Stop = options.stop.clone();
    let running = py.detach(|| engine::start(Arc::new(plan), options));
    let mut interrupted = Ok(());
    while !py.detach(|| running.wait_for(LOOK)) {
        if interrupted.is_ok() {
            interrupted = py.check_signals();
            if interrupted.is_err() {
                stop.request();
            }
        }
    }
    let report = py.detach(|| running.wait());
    interrupted.map(|()| report)
}

/// The report as a dictionary, where the run did what it should.
fn ended<'py>(py: Python<'py>, report: &Report) -> PyResult<Bound<'py, PyAny>> {
    let text = serde_json::to_string(report);
    let text = text.map_err(|error| RunError::new_err(error.to_string()))?;
    let dictionary = py.import("json")?.call_method1("loads", (text,))?;
    if report.exit_code() == 0 {
        return Ok(dictionary);
    }
    let sinks = report.sinks.iter().filter_map(|sink| sink.error.clone());
    let texts: Vec<String> = report.error.iter().cloned().chain(sinks).collect();
    let text = match texts.is_empty() {
        true => report.to_string(),
        false => texts.join("\n"),
    };
    let error = RunError::new_err(bare(&text));
    error.value(py).setattr("report", dictionary)?;
    Err(error)
}

/// Finds the mistakes of a pipeline without running it: see `rowgen.check` in the package.
#[pyfunction]
#[pyo3(signature = (pipeline, *, params=None, seed=None, run_date=None))]
pub fn check<'py>(
    py: Python<'py>,
    pipeline: &Bound<'py, PyAny>,
    params: Argument<'_, 'py>,
    seed: Argument<'_, 'py>,
    run_date: Argument<'_, 'py>,
) -> PyResult<Vec<String>> {
    let told = Told::new(pipeline, params, seed, run_date, None)?;
    let checked = py.detach(|| {
        let plan = planned(&told, &told.overrides())?;
        engine::check(&plan, &RunOptions::default())?;
        Ok(plan)
    });
    checked
        .map(|plan| plan.warnings)
        .map_err(|error: Error| exception(&error))
}

/// The JSON schema of pipeline files.
#[pyfunction]
pub fn schema(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import("json")?
        .call_method1("loads", (rowgen::spec::schema(),))
}
