//! One live line for each sink, on a terminal.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::engine::{SinkProgress, Stop};
use crate::units::show_bytes;

/// The lines, redrawn by a thread of their own.
pub(super) struct Bars {
    done: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

impl Bars {
    /// Shows the sinks' figures until `finish`.
    pub(super) fn start(sinks: Vec<SinkProgress>) -> Self {
        let done = Arc::new(Stop::default());
        let seen = done.clone();
        let draw = move || draw(&sinks, &seen);
        // Without a thread to draw them there are no lines, and the run goes on.
        let thread = std::thread::Builder::new()
            .name("progress".into())
            .spawn(draw)
            .ok();
        Self { done, thread }
    }

    /// Takes the lines away.
    pub(super) fn finish(self) {
        self.done.request();
        if let Some(thread) = self.thread {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

fn draw(sinks: &[SinkProgress], done: &Stop) {
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    let bars: Vec<ProgressBar> = sinks.iter().map(|sink| all.add(bar(sink))).collect();
    while !done.requested() {
        for (bar, sink) in bars.iter().zip(sinks) {
            bar.set_position(sink.meter.rows());
            bar.set_message(show_bytes(sink.meter.bytes()));
        }
        std::thread::park_timeout(Duration::from_millis(100));
    }
    // Taking lines away from a terminal that has gone is not worth a failure.
    let _ = all.clear();
}

fn bar(sink: &SinkProgress) -> ProgressBar {
    let (bar, template) = match sink.rows {
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
