//! `rowgen bench`: the same plan into `discard` and into its sinks: what limits the run.

use super::arguments::BenchOptions;
use super::check::{overrides, read};
use super::print;
use crate::engine::{self, Stop};
use crate::error::Result;
use crate::report::Report;
use crate::{load, plan};

pub(super) fn run(options: &BenchOptions) -> Result<u8> {
    let pipeline = read(&options.file)?;
    let overrides = overrides(&options.file)?;
    let references = load::references(&pipeline)?;
    let stop = Stop::on_signals()?;
    let run_options = engine::Options {
        out: options.out.clone().unwrap_or_default(),
        overwrite: true,
        checksums: false,
    };
    let sinks = plan::make(&pipeline, references, &overrides, true)?;
    let discard = plan::discarding(&sinks);
    let made = engine::start(&discard, &run_options, stop.clone())?.run();
    let written = engine::start(&sinks, &run_options, stop)?.run();
    print(&format!(
        "{}\n{}\n",
        line("generation alone", &made),
        line("with its sinks", &written)
    ))?;
    print(&format!("{written}\n"))?;
    Ok(made.exit_code().max(written.exit_code()))
}

fn line(title: &str, report: &Report) -> String {
    let per_row = |seconds: f64| seconds * 1e9 / report.rows.max(1) as f64;
    format!(
        "{title:<18} {:>12.0} rows/s, a row: {:>6.0} ns made, {:>6.0} ns encoded (CPU of workers), {:>6.0} ns in all (wall)",
        report.rows_per_second,
        per_row(report.times.making.as_secs_f64()),
        per_row(report.times.encoding.as_secs_f64()),
        per_row(report.elapsed.as_secs_f64()),
    )
}
