//! Structured log lines for machines: one JSON object for each event, on stderr.
//!
//! A log line that cannot be written is lost, and the run goes on: the log is never worth the data.

use std::collections::BTreeMap;

use tracing::{Level, info};
use tracing_subscriber::EnvFilter;

use super::say;
use crate::engine::{Running, Status};
use crate::error::Problem;
use crate::plan::Plan;
use crate::report::{ClockReading, FileReport, Report, SinkReport, SourceReport};

/// How many files of a sink get a line each; the sink's own line counts all of them.
// Lines for each of some thousand partitions would drown the log. The number is a choice without a
// measurement; docs/src/commands.md tells it.
const FILES_NAMED: usize = 100;

/// The events that a run logs.
enum Event<'a> {
    /// The run begins.
    Started(&'a Plan),
    /// It goes on: its figures, and rows a second since the last time.
    Progress(&'a Status, f64),
    /// A table was read.
    Read(&'a SourceReport),
    /// A file has its final name.
    File(&'a SinkReport, &'a FileReport),
    /// A sink is done.
    Sink(&'a SinkReport),
    /// The run is over.
    Ended(&'a Report),
}

/// Sends events to stderr as JSON lines; `RUST_LOG` filters them, or else this level.
pub(super) fn begin(level: Level) {
    let filter = EnvFilter::try_from_default_env();
    // These three libraries log broken connections and lost commits themselves. The sink or source
    // that owns the connection says the same once, with a hint that helps.
    let quiet = |_| {
        EnvFilter::new(format!(
            "{},lapin=off,mongodb=off,delta_kernel=off",
            level.as_str()
        ))
    };
    let filter = filter.unwrap_or_else(quiet);
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // With it the library reports a line that could not be written by writing another one, and
        // panics when that fails, too: on a full disk this ended a run that was otherwise well.
        .log_internal_errors(false)
        .finish();
    // A second run in one process keeps the first one's subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Logs figures every few seconds until the run is over.
pub(super) fn during(running: &Running, plan: &Plan) {
    tell(&Event::Started(plan));
    let (mut last_seconds, mut last_rows) = (0.0, 0);
    while !running.wait_for(plan.log_interval) {
        let status = running.status();
        let (rows, seconds) = (status.rows, status.seconds);
        // The pause that was asked for is not the one that passed; the rate is of the time between
        // the looks.
        let rate = rows.saturating_sub(last_rows) as f64 / (seconds - last_seconds).max(1e-9);
        tell(&Event::Progress(&status, rate));
        (last_seconds, last_rows) = (seconds, rows);
    }
}

/// Logs the report.
pub(super) fn end(report: &Report) {
    let sources = report.sources.iter().map(Event::Read);
    let sinks = report.sinks.iter().flat_map(|sink| {
        let files = sink.files.iter().take(FILES_NAMED);
        let files = files.map(move |file| Event::File(sink, file));
        files.chain([Event::Sink(sink)])
    });
    sources.chain(sinks).for_each(|event| tell(&event));
    tell(&Event::Ended(report));
}

/// What stands in the way, as a line of the log: its message, and in `text` all that is said of it.
pub(super) fn problem(problem: &Problem) {
    line(&problem.shown(&problem.message), &problem.to_string());
}

/// As `problem`, of an error that was put into words already.
pub(super) fn error(text: &str) {
    // An error of several problems has a blank line between them; each is an event of its own.
    for text in text.split("\n\n") {
        let message = text.lines().next().unwrap_or_default();
        line(message.strip_prefix("error: ").unwrap_or(message), text);
    }
}

fn line(message: &str, text: &str) {
    match tracing::enabled!(Level::ERROR) {
        true => tracing::error!(text, "{message}"),
        // `RUST_LOG=off` is about the log; why a run failed must be told all the same.
        false => say(text),
    }
}

/// Every line there is. `rows` are rows of tables, each counted once however many sinks it went to; in
/// a line with a `sink`, those that arrived there.
fn tell(event: &Event<'_>) {
    match event {
        Event::Started(plan) => info!(
            version = env!("CARGO_PKG_VERSION"),
            pipeline = plan.name,
            path = plan.path,
            seed = plan.seed,
            fingerprint = plan.fingerprint,
            threads = plan.threads,
            rows_expected = plan.rows(),
            "run started"
        ),
        Event::Progress(status, rate) => tell_progress(status, *rate),
        Event::Read(source) => tell_read(source),
        Event::File(sink, file) => info!(
            sink = sink.name,
            table = sink.table,
            path = file.path.display().to_string(),
            rows = file.rows,
            bytes = file.bytes,
            "file written"
        ),
        Event::Sink(sink) => tell_sink(sink),
        Event::Ended(report) => info!(
            outcome = report.ended(),
            rows = report.rows,
            seconds = report.elapsed.as_secs_f64(),
            rows_per_second = report.rows_per_second,
            limited_by = report.limited_by.describe(),
            exit_code = report.exit_code(),
            "run ended"
        ),
    }
}

fn tell_progress(status: &Status, rate: f64) {
    let sources = status.sources.iter();
    let each = sources.clone().flat_map(|source| {
        let lag = source.figures.lag.iter();
        lag.map(move |(partition, rows)| (format!("{}/{partition}", source.table), *rows))
    });
    info!(
        rows = status.rows,
        seconds = status.seconds,
        rows_per_second = status.rows as f64 / status.seconds.max(1e-9),
        rows_per_second_now = rate,
        bytes = status
            .sinks
            .iter()
            .map(|sink| sink.figures.bytes)
            .sum::<u64>(),
        lag = waiting(sources.map(|source| &source.figures.lag)),
        lag_by_partition = by_partition(each),
        "run goes on"
    );
}

fn tell_read(source: &SourceReport) {
    let dead_letters = source.dead_letters.as_ref();
    let lag = source.lag.iter();
    info!(
        table = source.table,
        source = source.source,
        rejected = source.rejected,
        reasons = (!source.reasons.is_empty()).then(|| format!("{:?}", source.reasons)),
        dead_letters = dead_letters.map(|path| path.display().to_string()),
        bad_files = (!source.bad_files.is_empty()).then_some(source.bad_files.len()),
        lag = waiting([&source.lag].into_iter()),
        lag_by_partition =
            by_partition(lag.map(|(partition, rows)| (partition.to_string(), *rows))),
        "table read"
    );
}

/// Rows that wait to be read; nothing where that is not known.
fn waiting<'a>(lags: impl Iterator<Item = &'a BTreeMap<i32, u64>>) -> Option<u64> {
    let known = lags.filter(|lag| !lag.is_empty());
    known
        .map(|lag| lag.values().sum::<u64>())
        .reduce(|a, b| a + b)
}

/// `users/0: 1000, users/3: 20`
fn by_partition(lags: impl Iterator<Item = (String, u64)>) -> Option<String> {
    let each: Vec<String> = lags.map(|(name, rows)| format!("{name}: {rows}")).collect();
    (!each.is_empty()).then(|| each.join(", "))
}

fn tell_sink(sink: &SinkReport) {
    info!(
        sink = sink.name,
        kind = sink.kind,
        table = sink.table,
        outcome = outcome(sink),
        rows = sink.rows,
        bytes = sink.bytes,
        files = sink.files.len(),
        rejected = sink.rejected,
        left_out = sink.left_out,
        errors = sink.errors,
        encoding_seconds = sink.encoding.as_secs_f64(),
        busy_seconds = sink.busy.as_secs_f64(),
        waiting_seconds = sink.waited.as_secs_f64(),
        "sink ended"
    );
    if sink.unsent > 0 {
        info!(
            sink = sink.name,
            table = sink.table,
            unsent = sink.unsent,
            "rows were made and not sent when the run was to end"
        );
    }
    if let Some(clocks) = &sink.clocks {
        tell_messages(&sink.name, clocks);
    }
}

/// Messages and their replies, a line for each thing that was timed.
fn tell_messages(sink: &str, clocks: &ClockReading) {
    let measured = clocks.seconds > 0.0;
    info!(
        sink,
        sent = clocks.sent,
        skipped = clocks.skipped,
        warm_up = clocks.warm_up,
        answered = clocks.answered,
        lost = clocks.lost,
        repeated = clocks.repeated,
        unknown = clocks.unknown,
        unreadable = clocks.unreadable,
        seconds = measured.then_some(clocks.seconds),
        messages_per_second = measured.then(|| clocks.rate()),
        "messages counted"
    );
    let timed = clocks.timed().into_iter();
    for timed in timed.filter(|timed| timed.times.count > 0) {
        let [mean, p50, p70, p99, p999, max] = timed.times.figures().map(|micros| micros / 1e3);
        info!(
            sink,
            time = timed.key,
            messages = timed.times.count,
            mean_ms = mean,
            p50_ms = p50,
            p70_ms = p70,
            p99_ms = p99,
            p999_ms = p999,
            max_ms = max,
            "messages timed"
        );
    }
}

fn outcome(sink: &SinkReport) -> &'static str {
    match sink {
        SinkReport { skipped: true, .. } => "kept",
        SinkReport { error: Some(_), .. } => "failed",
        SinkReport { aborted: true, .. } => "not committed",
        _ => "written",
    }
}
