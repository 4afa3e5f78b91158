//! One live line for each sink, on a terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::say;
use crate::engine::{Running, SinkStatus};
use crate::units::{show_bytes, show_count};

/// How often the lines are drawn.
// Ten times a second, as often as the library draws at most (`stderr_with_hz(10)` below).
const STEP: Duration = Duration::from_millis(100);

/// Shows the sinks' figures until the run is over.
pub(super) fn show(running: &Running) {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    let sinks = running.status().sinks;
    let bars: Vec<ProgressBar> = sinks.iter().map(|sink| all.add(bar(sink))).collect();
    let mut warned = Vec::new();
    while !running.is_over() {
        let status = running.status();
        let warnings = status.sources.into_iter().filter_map(|source| {
            let warning = source.warning?;
            Some(format!("{}: {warning}", source.table))
        });
        for warning in warnings {
            // The status repeats its warnings at each look.
            if !warned.contains(&warning) {
                // Without `suspend` the next drawing of the bars would overwrite the line.
                all.suspend(|| say(&warning));
                warned.push(warning);
            }
        }
        for (bar, sink) in bars.iter().zip(status.sinks) {
            bar.set_position(sink.figures.rows);
            bar.set_message(figures(&sink, bar.per_sec()));
        }
        running.wait_for(STEP);
    }
    // The terminal may have gone; lines that cannot be removed from it are no failure.
    let _ = all.clear();
}

/// `1 250 000 of 10 000 000 rows, 512 000 rows/s, 34.1 MiB`
fn figures(sink: &SinkStatus, rate: f64) -> String {
    let rows = show_count(sink.figures.rows);
    let of = sink
        .rows_expected
        .map(|rows| format!(" of {}", show_count(rows)));
    let (of, rate) = (of.unwrap_or_default(), show_count(rate as u64));
    let bytes = show_bytes(sink.figures.bytes);
    format!("{rows}{of} rows, {rate} rows/s, {bytes}")
}

fn bar(sink: &SinkStatus) -> ProgressBar {
    let (bar, template) = match sink.rows_expected {
        Some(rows) => (
            ProgressBar::new(rows),
            "{prefix:<20!} {bar:24} {percent:>3} %  {msg}, {eta} left",
        ),
        None => (
            ProgressBar::no_length(),
            "{prefix:<20!} {spinner} {msg}, {elapsed} so far",
        ),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_prefix(sink.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Reading;

    #[test]
    fn figures_are_read_at_a_glance() {
        let mut sink = SinkStatus {
            name: "file-1".into(),
            kind: "file".into(),
            table: "t".into(),
            rows_expected: Some(10_000_000),
            figures: Reading {
                rows: 1_250_000,
                bytes: 35 << 20,
                ..Reading::default()
            },
        };
        assert_eq!(
            figures(&sink, 512_345.678),
            "1 250 000 of 10 000 000 rows, 512 345 rows/s, 35.0 MiB"
        );
        sink.rows_expected = None;
        assert_eq!(figures(&sink, 9.9), "1 250 000 rows, 9 rows/s, 35.0 MiB");
    }
}
