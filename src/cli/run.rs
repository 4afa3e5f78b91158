//! `rowgen run`: the run, its progress, its report.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Log, RunOptions};
use super::check::make_plan;
use super::{log, progress, say, signals};
use crate::engine;
use crate::error::{Error, Result};
use crate::report::{Outcome, Report};

pub(super) fn run(options: &RunOptions) -> Result<u8> {
    let log = options
        .log
        .unwrap_or(match std::io::stderr().is_terminal() {
            true => Log::Text,
            false => Log::Json,
        });
    let json = log == Log::Json && !options.quiet;
    if json {
        log::begin();
    }
    let plan = make_plan(&options.file, true)?;
    for warning in &plan.warnings {
        match json {
            true => tracing::warn!("{warning}"),
            false if options.quiet => {}
            false => say(&format!("warning: {warning}")),
        }
    }
    let run_options = engine::Options {
        out: options.out.clone().unwrap_or_default(),
        overwrite: options.overwrite,
        checksums: options.report.is_some(),
        stop: signals::stop()?,
        measured: false,
    };
    let plan = Arc::new(plan);
    let running = engine::start(plan.clone(), run_options);
    match log {
        _ if options.quiet => {}
        Log::Json => log::during(&running, &plan),
        Log::Text => progress::show(&running),
    }
    let report = running.wait();
    tell(&report, options, json);
    if let Some(path) = &options.report {
        write_report(&report, path)?;
    }
    Ok(report.exit_code())
}

fn tell(report: &Report, options: &RunOptions, json: bool) {
    if let (Outcome::NotBegun(_), Some(error)) = (report.outcome, &report.error) {
        say(error);
        return;
    }
    if json {
        log::end(report);
    } else if !options.quiet {
        say(&report.to_string());
    }
    let errors = report
        .sinks
        .iter()
        .filter_map(|sink| sink.error.as_ref())
        .chain(&report.error);
    for error in errors.filter(|_| options.quiet || json) {
        say(error);
    }
    if let Some(error) = report.error.as_ref().filter(|_| !options.quiet && !json) {
        say(error);
    }
}

fn write_report(report: &Report, path: &Path) -> Result<()> {
    let doing = || format!("writing the report to `{}`", path.display());
    let text =
        serde_json::to_string_pretty(report).map_err(|error| Error::because(doing(), error))?;
    std::fs::write(path, text + "\n").map_err(|error| Error::because(doing(), error))
}
