//! One live line for each sink, on a terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::{Running, SinkStatus};
use crate::units::show_bytes;

/// How often the lines are drawn.
const STEP: Duration = Duration::from_millis(100);

/// Shows the sinks' figures until the run is over.
pub(super) fn show(running: &Running) {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    let sinks = running.status().sinks;
    let bars: Vec<ProgressBar> = sinks.iter().map(|sink| all.add(bar(sink))).collect();
    while !running.is_over() {
        for (bar, sink) in bars.iter().zip(running.status().sinks) {
            bar.set_position(sink.figures.rows);
            bar.set_message(show_bytes(sink.figures.bytes));
        }
        running.wait_for(STEP);
    }
    // Taking lines away from a terminal that has gone is not worth a failure.
    let _ = all.clear();
}

fn bar(sink: &SinkStatus) -> ProgressBar {
    let (bar, template) = match sink.rows_expected {
        Some(rows) => (
            ProgressBar::new(rows),
            "{prefix:<20} {bar:24} {human_pos} rows {per_sec} {msg} eta {eta}",
        ),
        None => (
            ProgressBar::no_length(),
            "{prefix:<20} {spinner} {human_pos} rows {per_sec} {msg} {elapsed}",
        ),
    };
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.with_style(style).with_prefix(sink.name.clone())
}
