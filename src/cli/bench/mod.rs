//! `rowgen bench`: the same plan into `discard` and into its sinks: what generation, encoding and
//! writing cost, and what limits the run.

mod command;
mod parquet;
mod temporary;

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::arguments::BenchOptions;
use super::check::make_plan;
use super::json::print_json;
use super::{say, signals, tell};
use crate::engine;
use crate::error::Result;
use crate::plan::{self, Job, Plan};
use crate::report::{Costs, Outcome, Report, Unlimited};
use crate::units::{show_bytes, show_count, show_duration};
pub(super) use command::BenchCommand;
use temporary::Temporary;

/// How long a run without end is measured.
// Without a limit `bench` of a pipeline without end did not end either. Ten seconds are a choice.
const ENDLESS: Duration = Duration::from_secs(10);

/// The bytes that each thread fills, again and again, to measure how fast memory is: no cache holds
/// them.
// 64 MiB for each thread, twice the last-level cache (32 MiB) of the machine that this is developed
// on. Only filling is measured, no reading.
const FILLED: usize = 64 << 20;
const FILLS: usize = 4;

pub(super) fn run(command: &BenchCommand) -> Result<u8> {
    match command {
        BenchCommand::Run(options) => run_pipeline(options),
        BenchCommand::Parquet(options) => parquet::run(options),
    }
}

fn run_pipeline(options: &BenchOptions) -> Result<u8> {
    let mut sinks = make_plan(&options.file, true)?;
    let endless = sinks.rows().is_none() && sinks.duration.is_none();
    sinks.duration = sinks.duration.or(endless.then_some(ENDLESS));
    let stop = signals::stop()?;
    // A folder that is removed: bench once wrote where the pipeline says, over files that somebody
    // had there.
    let folder = Temporary::within(options.out.as_deref().unwrap_or(Path::new("")))?;
    let run_options = engine::RunOptions {
        out: folder.0.clone(),
        // Nothing leaves the machine: bench once sent real messages to Kafka, registered schemas,
        // made topics and committed the offsets of the consumer group, so that the real run lacked
        // those messages.
        measured: true,
        stop,
        ..Default::default()
    };
    // The same plan twice, and first without sinks: what the second run costs more is encoding and
    // writing.
    let discard = Arc::new(plan::discarding(&sinks));
    let (sinks, mut notes) = plan::measured(sinks);
    notes.extend(endless.then(|| {
        let time = show_duration(ENDLESS);
        format!("the run has no end: {time} of it were measured, or as long as `--for` says")
    }));
    let sinks = Arc::new(sinks);
    let alone = engine::start(discard, run_options.clone()).wait();
    let written = engine::start(sinks.clone(), run_options).wait();
    for report in [&alone, &written] {
        if let (Outcome::NotBegun(_), Some(error)) = (report.outcome, &report.error) {
            say(error);
            return Ok(report.exit_code());
        }
    }
    let memory = fill_rate(sinks.threads);
    let batch_bytes = batch_bytes(&sinks)?;
    if options.json {
        print_json(&as_json(&alone, &written, batch_bytes, memory, &notes))?;
        return Ok(alone.exit_code().max(written.exit_code()));
    }
    let costs = stages(&alone, &written, batch_bytes, memory);
    let notes: String = notes.iter().map(|note| format!("{note}\n")).collect();
    tell(&format!("{costs}{notes}\n{}\n", Unlimited(&written)))?;
    Ok(alone.exit_code().max(written.exit_code()))
}

fn as_json(
    alone: &Report,
    written: &Report,
    batch_bytes: Option<f64>,
    memory: f64,
    notes: &[String],
) -> Value {
    let (made, costs) = (Costs::of(alone), Costs::of(written));
    let [generation, encoding, writing] = costs.nanoseconds();
    let [alone_generation, ..] = made.nanoseconds();
    let bytes = batch_bytes.unwrap_or(0.0);
    // What limited the run is said once: the measurement knows more than the report.
    let mut report = json!(written);
    if let Some(report) = report.as_object_mut() {
        report.remove("limited_by");
    }
    json!({
        "nanoseconds_per_row": {
            "generation_alone": alone_generation,
            "generation": generation,
            "encoding": encoding,
            "writing": writing,
        },
        "rows_per_second_alone": alone.rows_per_second,
        "rows_per_second": written.rows_per_second,
        "batch_bytes_per_row": batch_bytes,
        "writers_busy": costs.busy_share(),
        "bytes": costs.bytes(),
        "memory_bytes_per_second": { "passed": costs.traffic(bytes), "can_be_filled": memory },
        "limited_by": costs.bottleneck(bytes, memory).describe(),
        "notes": notes,
        "report": report,
    })
}

/// A line for each stage, and what limits.
fn stages(alone: &Report, written: &Report, batch_bytes: Option<f64>, memory: f64) -> String {
    let (made, costs) = (Costs::of(alone), Costs::of(written));
    let [generation, encoding, writing] = costs.nanoseconds();
    let [alone_generation, ..] = made.nanoseconds();
    let second = |bytes: f64| format!("{}/s", show_bytes(bytes as u64));
    let rate = |report: &Report| format!("{} rows/s", show_count(report.rows_per_second as u64));
    let elapsed = written.elapsed.as_secs_f64().max(1e-9);
    let batches = batch_bytes.map_or_else(String::new, |bytes| {
        format!(", {} of batches", second(bytes * alone.rows_per_second))
    });
    // How large the rows of a stream are is not known before the run.
    let batch_bytes = batch_bytes.unwrap_or(0.0);
    let lines = [
        format!(
            "generation alone  {alone_generation:>6.0} ns of CPU a row, {}{batches}",
            rate(alone),
        ),
        format!("generation        {generation:>6.0} ns of CPU a row"),
        format!("encoding          {encoding:>6.0} ns of CPU a row"),
        format!(
            "writing           {writing:>6.0} ns of CPU a row, writers busy {:.0} % of the time, {} at {}",
            costs.busy_share() * 100.0,
            show_bytes(costs.bytes()),
            second(costs.bytes() as f64 / elapsed)
        ),
        format!(
            "in all            {:>6.0} ns of CPU a row, {} in {}",
            generation + encoding + writing,
            rate(written),
            show_duration(written.elapsed)
        ),
        format!(
            "memory            {} pass, {} can be filled",
            second(costs.traffic(batch_bytes)),
            second(memory)
        ),
        format!(
            "limited by {}",
            costs.bottleneck(batch_bytes, memory).describe()
        ),
    ];
    lines.map(|line| line + "\n").concat()
}

/// Bytes of a row in memory, by the first batch of every table; nothing where all are streams.
fn batch_bytes(plan: &Plan) -> Result<Option<f64>> {
    let (mut bytes, mut rows) = (0, 0);
    let there = |job: &&Job| job.source.grid().is_some_and(|grid| grid.rows(0) > 0);
    for job in plan.jobs.iter().filter(there) {
        // One batch stands for all: rows of a table are alike, and to make all of them again would
        // double the measurement.
        let batch = job.source.first()?.rows;
        bytes += batch.get_array_memory_size();
        rows += batch.num_rows();
    }
    Ok((rows > 0).then(|| bytes as f64 / rows as f64))
}

/// Bytes a second that so many threads can fill.
fn fill_rate(threads: usize) -> f64 {
    let fill = || {
        // Filled with ones and not with zeros: the system gives zeroed pages only when they are
        // first touched, and the first round would measure that.
        let mut memory = vec![1_u8; FILLED];
        let start = Instant::now();
        for round in 0..FILLS {
            // Without `black_box` the compiler may see that nobody reads the bytes, and fill
            // nothing.
            black_box(&mut memory).fill(round as u8);
        }
        (FILLS * FILLED) as f64 / start.elapsed().as_secs_f64().max(1e-9)
    };
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(fill)).collect();
        running
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .sum()
    })
}
