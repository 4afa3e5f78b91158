//! Structured log lines for machines: one JSON object for each event, on stderr.

use tracing::info;
use tracing_subscriber::EnvFilter;

use crate::engine::Running;
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

/// Logs figures every few seconds until the run is over.
pub(super) fn during(running: &Running, plan: &Plan) {
    info!(
        version = env!("CARGO_PKG_VERSION"),
        pipeline = plan.name,
        seed = plan.seed,
        threads = plan.threads,
        "Starting message producer"
    );
    let (mut last_seconds, mut last_rows) = (0.0, 0);
    while !running.wait_for(plan.log_interval) {
        let status = running.status();
        let (rows, elapsed) = (status.rows, status.seconds);
        let current_rate = (rows - last_rows) as f64 / (elapsed - last_seconds).max(1e-9);
        info!(
            total_messages = rows,
            elapsed,
            overall_rate = rows as f64 / elapsed.max(1e-9),
            current_rate,
            "Performance metrics"
        );
        (last_seconds, last_rows) = (elapsed, rows);
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
