//! `rowgen.run`, `check` and `schema`: what the commands do, without their talk.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;
use rowgen::engine::{self, RunOptions, Stop};
use rowgen::error::{Error, Result};
use rowgen::load;
use rowgen::plan::{self, Overrides, Plan};
use rowgen::report::Report;

use super::arguments::{Given, Values, overrides, pipeline};
use super::errors::{RunError, bare, exception};
use super::stream::LOOK;

/// Carries a pipeline out: see `rowgen.run` in the package.
#[pyfunction]
#[pyo3(signature = (pipeline, *, out=None, rows=None, params=None, seed=None, run_date=None, slice=None, threads=None, sinks=None, overwrite=false, force=false))]
#[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn run<'py>(
    py: Python<'py>,
    pipeline: Given,
    out: Option<PathBuf>,
    rows: Option<u64>,
    params: Option<&Bound<'py, PyDict>>,
    seed: Option<&Bound<'py, PyAny>>,
    run_date: Option<&Bound<'py, PyAny>>,
    slice: Option<&str>,
    threads: Option<usize>,
    sinks: Option<Vec<String>>,
    overwrite: bool,
    force: bool,
) -> PyResult<Bound<'py, PyAny>> {
    let values = Values::new(params, seed, run_date, None)?;
    let told = |error: Error| exception(&error);
    let slice = slice.map(|text| {
        text.parse()
            .map_err(|error: String| told(Error::user(error)))
    });
    let overrides = Overrides {
        rows,
        slice: slice.transpose()?,
        threads,
        sinks,
        ..overrides(&values)
    };
    let plan = py
        .detach(|| planned(&pipeline, &values, &overrides))
        .map_err(told)?;
    let options = RunOptions {
        out: out.unwrap_or_default(),
        overwrite,
        force,
        checksums: true,
        ..RunOptions::default()
    };
    ended(py, &carried_out(py, plan, options)?)
}

fn planned(given: &Given, values: &Values, overrides: &Overrides) -> Result<Plan> {
    let pipeline = pipeline(given, values)?;
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
pub fn check(
    py: Python<'_>,
    pipeline: Given,
    params: Option<&Bound<'_, PyDict>>,
    seed: Option<&Bound<'_, PyAny>>,
    run_date: Option<&Bound<'_, PyAny>>,
) -> PyResult<Vec<String>> {
    let values = Values::new(params, seed, run_date, None)?;
    let checked = py.detach(|| {
        let plan = planned(&pipeline, &values, &overrides(&values))?;
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
