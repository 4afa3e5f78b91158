//! Structured log lines for machines: one JSON object for each event, on stderr.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::info;
use tracing_subscriber::EnvFilter;

use crate::engine::{Run, SinkProgress, Stop};
use crate::plan::Plan;
use crate::report::{Assessment, Report};

/// Sends events to stderr as JSON lines; `RUST_LOG` filters them.
pub(super) fn begin() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .finish();
    // A second run in one process keeps the first one's subscriber.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Runs, and logs figures every few seconds.
pub(super) fn during(run: Run<'_>, plan: &Plan) -> Report {
    info!(
        version = env!("CARGO_PKG_VERSION"),
        pipeline = plan.name,
        seed = plan.seed,
        threads = plan.threads,
        "Starting message producer"
    );
    let progress = run.progress();
    let done = Arc::new(Stop::default());
    let interval = plan.log_interval;
    std::thread::scope(|scope| {
        let watch = scope.spawn({
            let done = done.clone();
            move || metrics(&progress, interval, &done)
        });
        let report = run.run();
        done.request();
        watch.thread().unpark();
        report
    })
}

fn metrics(progress: &[SinkProgress], interval: Duration, done: &Stop) {
    let start = Instant::now();
    let (mut last_time, mut last_rows) = (start, 0);
    while !done.requested() {
        std::thread::park_timeout(interval.saturating_sub(last_time.elapsed()));
        if last_time.elapsed() < interval || done.requested() {
            continue;
        }
        let rows: u64 = progress.iter().map(|sink| sink.meter.rows()).sum();
        let elapsed = start.elapsed().as_secs_f64();
        let current = (rows - last_rows) as f64 / last_time.elapsed().as_secs_f64();
        info!(
            total_messages = rows,
            elapsed,
            overall_rate = rows as f64 / elapsed,
            current_rate = current,
            "Performance metrics"
        );
        (last_time, last_rows) = (Instant::now(), rows);
    }
}

/// Logs the report.
pub(super) fn end(report: &Report) {
    let total_time = report.elapsed.as_secs_f64();
    info!(
        total_messages = report.rows,
        total_time,
        average_throughput = report.rows_per_second,
        "Final summary"
    );
    for source in &report.sources {
        info!(
            table = source.table,
            source = source.source,
            rejected = source.rejected,
            reasons = ?source.reasons,
            "Input breakdown"
        );
    }
    for sink in &report.sinks {
        info!(
            sink = sink.name,
            kind = sink.kind,
            table = sink.table,
            messages = sink.rows,
            bytes = sink.bytes,
            errors = sink.errors,
            busy_seconds = sink.busy.as_secs_f64(),
            waiting_seconds = sink.waited.as_secs_f64(),
            "Output breakdown"
        );
    }
    info!(
        assessment = report.assessment.name(),
        thresholds = Assessment::THRESHOLDS,
        limited_by = report.limited_by.describe(),
        "Performance assessment"
    );
}
