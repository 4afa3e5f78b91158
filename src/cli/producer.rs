//! The log of the message producer that rowgen replaces: its words, keys and texts, as JSON lines on
//! stdout, for those who read it. A line that cannot be written is lost, and the run goes on.

use std::io::Write;

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use crate::engine::{Running, Status};
use crate::plan::Plan;
use crate::report::{Assessment, Report};

/// The outputs that are always counted, by the names of their sinks; of Kafka by its kind.
// The old log had these four keys whatever was written, so that its readers find a zero and no gap.
const OUTPUTS: [&str; 4] = ["csv", "parquet", KAFKA, KAFKA_ERRORS];
const KAFKA: &str = "kafka";
const KAFKA_ERRORS: &str = "kafka_errors";

/// Name, kind, messages and errors of a sink.
type Counted<'a> = (&'a str, &'a str, u64, u64);

/// Tells that the run begins, and its figures every few seconds until it is over.
pub(super) fn during(running: &Running, plan: &Plan) {
    let version = env!("CARGO_PKG_VERSION");
    line(
        "INFO",
        "Starting message producer",
        json!({ "version": version }),
    );
    let (mut last_seconds, mut last_rows) = (0.0, 0);
    while !running.wait_for(plan.log_interval) {
        let status = running.status();
        let recent = status.rows.saturating_sub(last_rows);
        let metrics = json!({
            "total_messages": status.rows,
            "elapsed": seconds(status.seconds),
            "overall_rate": rate(status.rows, status.seconds),
            "current_rate": rate(recent, status.seconds - last_seconds),
        });
        line("INFO", "Performance metrics", metrics);
        if plan.log.detailed.is_some_and(|detailed| detailed.0) {
            line("INFO", "Writer metrics", so_far(&status));
        }
        (last_seconds, last_rows) = (status.seconds, status.rows);
    }
}

/// Tells what came of it.
pub(super) fn end(report: &Report) {
    let elapsed = report.elapsed.as_secs_f64();
    let summary = json!({
        "total_messages": report.rows,
        "total_time": seconds(elapsed),
        "average_throughput": rate(report.rows, elapsed),
    });
    line("INFO", "Final summary", summary);
    let sinks = report.sinks.iter();
    let counted = sinks.map(|sink| (&*sink.name, &*sink.kind, sink.rows, sink.errors));
    line("INFO", "Output breakdown", breakdown(counted));
    let assessment = json!({
        // The old program gave such a grade. rowgen's own report gives none, so it is kept to this
        // style.
        "result": Assessment::of(report.rows_per_second).name(),
        "rate_msg_per_sec": (report.rows_per_second * 100.0).round() / 100.0,
        "thresholds": Assessment::THRESHOLDS,
    });
    line("INFO", "Performance assessment", assessment);
    for sink in &report.sinks {
        if let Some(error) = &sink.error {
            let failed = json!({ "sink": sink.name, "error": error });
            line("ERROR", "Sink failed", failed);
        }
    }
}

/// Says something that deserves a second look.
pub(super) fn warn(message: &str) {
    line("WARN", message, json!({}));
}

/// Says that a file of variables was read.
pub(super) fn environment(path: &str, variables: usize) {
    let fields = json!({ "path": path, "variables": variables });
    line("INFO", "Environment file read", fields);
}

fn so_far(status: &Status) -> Value {
    let counted = status.sinks.iter().map(|sink| {
        let errors: u64 = sink.figures.errors.values().sum();
        (&*sink.name, &*sink.kind, sink.figures.rows, errors)
    });
    breakdown(counted)
}

/// Messages by output; a sink of another name comes after those that are always there.
fn breakdown<'a>(sinks: impl Iterator<Item = Counted<'a>>) -> Value {
    let mut counts: Map<String, Value> = Map::new();
    let mut add = |name: &str, count: u64| {
        let before = counts.get(name).and_then(Value::as_u64).unwrap_or(0);
        counts.insert(name.to_string(), (before + count).into());
    };
    OUTPUTS.iter().for_each(|name| add(name, 0));
    for (name, kind, rows, errors) in sinks {
        if kind == KAFKA {
            add(KAFKA, rows);
            add(KAFKA_ERRORS, errors);
        } else {
            add(name, rows);
        }
    }
    Value::Object(counts)
}

fn seconds(seconds: f64) -> String {
    format!("{seconds:.2}s")
}

fn rate(messages: u64, seconds: f64) -> String {
    let thousands = messages as f64 / seconds.max(1e-9) / 1000.0;
    format!("{thousands:.2}K msg/sec")
}

fn line(level: &str, message: &str, fields: Value) {
    let mut all = Map::new();
    // `tracing` would name the keys `timestamp` and `message`; here they are `time`, `level` and
    // `msg`, in this order.
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    all.insert("time".into(), now.into());
    all.insert("level".into(), level.into());
    all.insert("msg".into(), message.into());
    if let Value::Object(fields) = fields {
        all.extend(fields);
    }
    // Nothing can be done when nobody reads it.
    let _ = writeln!(std::io::stdout().lock(), "{}", Value::Object(all));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_those_of_the_old_program() {
        assert_eq!(seconds(8.4917), "8.49s");
        assert_eq!(rate(2_001_000, 8.49), "235.69K msg/sec");
        assert_eq!(rate(1000, 5.0), "0.20K msg/sec");
        assert_eq!(rate(0, 0.0), "0.00K msg/sec");
    }

    #[test]
    fn every_output_is_counted() {
        let sinks = [
            ("csv", "file", 7, 0),
            ("messages", "kafka", 5, 2),
            ("more", "kafka", 1, 0),
            ("json", "file", 3, 0),
        ];
        assert_eq!(
            breakdown(sinks.into_iter()).to_string(),
            r#"{"csv":7,"parquet":0,"kafka":6,"kafka_errors":2,"json":3}"#
        );
    }
}
