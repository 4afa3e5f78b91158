//! The report in the words of the program that it replaces, and what that could not say.

use std::fmt::{self, Write};

use super::StreamOptions;
use super::outputs::counters_path;
use crate::report::{ClockReading, Percentiles, Report, SinkReport};
use crate::units::show_count;

/// Where the producer could have made less than this many times the asked rate, the result is about
/// the producer.
// No measurement is behind the tenth.
const MARGIN: f64 = 1.1;

/// Gaps that are shown.
const SHOWN: usize = 10;

/// What came of a run; `headroom` is how many messages a second could have been made, `counted` what passed
/// the interface.
pub(super) fn text(
    options: &StreamOptions,
    report: &Report,
    headroom: Option<f64>,
    counted: Option<&[u64; 8]>,
) -> String {
    let mut out = String::new();
    let all = report.sinks.iter();
    for (sink, clocks) in all.filter_map(|sink| Some((sink, sink.clocks.as_ref()?))) {
        // Writing to a text cannot fail.
        let _ = producer(&mut out, options, sink, clocks, headroom)
            .and_then(|()| preparation(&mut out, clocks, options.debug))
            .and_then(|()| process(&mut out, sink, clocks));
    }
    if let Some(counted) = counted {
        let _ = network(&mut out, options, counted);
    }
    out
}

fn preparation(out: &mut String, clocks: &ClockReading, all: bool) -> fmt::Result {
    writeln!(out, "\n=== Message Prep Analysis ===")?;
    micros(out, "Preparation", &clocks.preparation, all)?;
    match clocks.lateness.count {
        0 => Ok(()),
        _ => micros(out, "Late against the intended send", &clocks.lateness, all),
    }
}

fn network(out: &mut String, options: &StreamOptions, counted: &[u64; 8]) -> fmt::Result {
    let [sent, received, packets_sent, packets_received, errors @ ..] = counted.map(show_count);
    let [errors_in, errors_out, dropped_in, dropped_out] = errors;
    writeln!(out, "\n=== Network Counter Analysis ===")?;
    writeln!(out, "Bytes: {sent} sent, {received} received")?;
    writeln!(
        out,
        "Packets: {packets_sent} sent, {packets_received} received"
    )?;
    writeln!(
        out,
        "Errors: {errors_in} in, {errors_out} out; dropped: {dropped_in} in, {dropped_out} out"
    )?;
    writeln!(out, "Counters: {}", counters_path(options).display())
}

fn producer(
    out: &mut String,
    options: &StreamOptions,
    sink: &SinkReport,
    clocks: &ClockReading,
    headroom: Option<f64>,
) -> fmt::Result {
    writeln!(out, "=== Producer Results ===")?;
    writeln!(out, "Messages sent: {}", show_count(clocks.sent))?;
    writeln!(out, "Messages skipped: {}", show_count(clocks.skipped))?;
    if clocks.warm_up > 0 {
        let warm_up = show_count(clocks.warm_up);
        writeln!(
            out,
            "Warm-up: {warm_up} messages sent, left out of all times and rates"
        )?;
    }
    let rate = speed(out, options, sink, clocks)?;
    let Some(headroom) = headroom else {
        return Ok(());
    };
    // With `-r max` the rate is the one that was reached.
    let wanted = options.rate.parse().ok().or(rate);
    let bound = match wanted.is_some_and(|wanted: f64| headroom < wanted * MARGIN) {
        true => ": the result is bound by this producer",
        false => "",
    };
    let could = show_count(headroom as u64);
    writeln!(
        out,
        "Headroom: this producer could have made {could} messages/s{bound}"
    )
}

/// Time, rate and throughput, where they were measured; the rate.
fn speed(
    out: &mut String,
    options: &StreamOptions,
    sink: &SinkReport,
    clocks: &ClockReading,
) -> Result<Option<f64>, fmt::Error> {
    let target = options.target();
    // What was not measured is a dash and no number: with one message there is no time between two.
    if clocks.seconds <= 0.0 {
        writeln!(out, "Time: -\nRate: - (target {target})\nThroughput: -")?;
        return Ok(None);
    }
    let (seconds, rate) = (clocks.seconds, clocks.rate());
    writeln!(out, "Time: {seconds:.3} s")?;
    writeln!(out, "Rate: {rate:.2} Hz (target {target})")?;
    // The sink's bytes are of all messages; those that warmed up are in no rate.
    let share = clocks.measured() as f64 / clocks.sent.max(1) as f64;
    let gigabits = sink.bytes as f64 * share * 8.0 / seconds / 1e9;
    writeln!(out, "Throughput: {gigabits:.4} Gbit/s")?;
    Ok(Some(rate))
}

fn process(out: &mut String, sink: &SinkReport, clocks: &ClockReading) -> fmt::Result {
    writeln!(out, "\n=== Process Results ===")?;
    let ClockReading {
        answered,
        lost,
        repeated,
        unknown,
        unreadable,
        ..
    } = clocks;
    writeln!(
        out,
        "Replies: {}, {} messages lost",
        show_count(*answered),
        show_count(*lost)
    )?;
    if repeated + unknown + unreadable > 0 {
        writeln!(
            out,
            "Replies left out: {repeated} repeated, {unknown} to no message, {unreadable} unreadable"
        )?;
    }
    let [_, _, replied @ ..] = clocks.timed();
    replied
        .iter()
        .try_for_each(|timed| writeln!(out, "{timed}"))?;
    for file in &sink.files {
        let (path, rows) = (file.path.display(), show_count(file.rows));
        writeln!(out, "Results: {path} ({rows} messages)")?;
    }
    if clocks.gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "Gaps:")?;
    for gap in clocks.gaps.iter().take(SHOWN) {
        let (first, last) = (gap.first, gap.last);
        writeln!(
            out,
            "  {first} to {last}: {} {}",
            show_count(last - first + 1),
            gap.reason.name()
        )?;
    }
    match clocks.gaps.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(out, "  and {more} more"),
    }
}

fn micros(out: &mut String, name: &str, times: &Percentiles, all: bool) -> fmt::Result {
    if times.count == 0 {
        return writeln!(out, "{name} (µs): -");
    }
    let [mean, p50, p70, p99, p999, max] = times.figures();
    write!(
        out,
        "{name} (µs): mean {mean:.3}, P70 {p70:.3}, P99 {p99:.3}"
    )?;
    match all {
        true => writeln!(out, ", P50 {p50:.3}, P99.9 {p999:.3}, max {max:.3}"),
        false => writeln!(out),
    }
}
