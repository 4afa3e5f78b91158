//! The report of a stream as one HTML file that needs nothing else: the figures, how times are spread, the
//! rate and the response time over the run, the gaps.

mod chart;

use std::fmt::{self, Write};
use std::path::Path;

use super::StreamOptions;
use crate::error::{Error, Result};
use crate::report::{ClockReading, Outcome, Report, Step, Timed};
use crate::units::show_count;
use chart::{Chart, Line};

/// Gaps that are listed.
const SHOWN: usize = 100;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
table{border-collapse:collapse}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd}\
td:first-child,th:first-child{text-align:left}svg{width:100%;height:auto}h2{margin-top:2rem}\
text{font:12px system-ui,sans-serif;fill:#555}.grid{stroke:#ddd}.a{stroke:#0b6;fill:none;stroke-width:1.5}\
.b{stroke:#c40;fill:none;stroke-width:1.5}.key-a{color:#0b6}.key-b{color:#c40}";

/// Writes it.
///
/// # Errors
/// The system refuses.
pub(super) fn write(path: &Path, options: &StreamOptions, report: &Report) -> Result<()> {
    let mut text = String::new();
    for clocks in report.sinks.iter().filter_map(|sink| sink.clocks.as_ref()) {
        // Writing to a text cannot fail.
        let _ = page(&mut text, options, report, clocks);
    }
    let written = crate::outlet::write(path, &text);
    written.map_err(|error| Error::because(format!("writing `{}`", path.display()), error))
}

fn page(
    out: &mut String,
    options: &StreamOptions,
    report: &Report,
    clocks: &ClockReading,
) -> fmt::Result {
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>A stream of messages</title><style>{STYLE}</style><h1>A stream of messages</h1>"
    )?;
    if report.outcome != Outcome::Done {
        let (ended, error) = (report.ended(), report.first_error().unwrap_or_default());
        writeln!(
            out,
            "<p class=\"key-b\">The run: {ended}. {}</p>",
            escaped(error)
        )?;
    }
    summary(out, options, clocks)?;
    table(out, clocks)?;
    spread(out, clocks)?;
    over_time(out, clocks)?;
    gaps(out, clocks)
}

/// Messages, time and rate are of the same messages: those that only warmed up are named apart.
fn summary(out: &mut String, options: &StreamOptions, clocks: &ClockReading) -> fmt::Result {
    let (messages, size) = (show_count(clocks.measured()), escaped(options.said_size()));
    write!(out, "<p>{messages} messages of {size} bytes of data")?;
    match clocks.seconds > 0.0 {
        true => write!(
            out,
            " in {:.3} s: {:.1} a second, where {} were asked for",
            clocks.seconds,
            clocks.rate(),
            escaped(&options.target())
        )?,
        false => write!(
            out,
            ", where {} a second were asked for",
            escaped(&options.target())
        )?,
    }
    if clocks.warm_up > 0 {
        write!(out, "; {} more to warm up", show_count(clocks.warm_up))?;
    }
    let [skipped, answered, lost] = [clocks.skipped, clocks.answered, clocks.lost].map(show_count);
    writeln!(
        out,
        ". Of all of them {skipped} were skipped, {answered} answered, {lost} lost.</p>"
    )
}

fn table(out: &mut String, clocks: &ClockReading) -> fmt::Result {
    writeln!(
        out,
        "<h2>Milliseconds</h2><table><tr><th></th><th>mean</th><th>P50</th><th>P70</th><th>P99</th><th>P99.9</th><th>max</th></tr>"
    )?;
    let timed = clocks.timed().into_iter();
    for Timed { name, times, .. } in timed.filter(|timed| timed.times.count > 0) {
        write!(out, "<tr><td>{name}</td>")?;
        for micros in times.figures() {
            write!(out, "<td>{:.3}</td>", micros / 1e3)?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</table>")
}

/// Quantiles against their times, both logarithmic: the tail is what is looked at.
fn spread(out: &mut String, clocks: &ClockReading) -> fmt::Result {
    // 99 % stands twice as far to the right as 90 %.
    let points = |curve: &[(f64, f64)]| -> Vec<(f64, f64)> {
        // The scale of HdrHistogram's plots: on a straight one the last percent, which is what runs
        // differ in, would be a hundredth of the width.
        let nines = |share: f64| -(1.0 - share).max(1e-9).log10();
        curve
            .iter()
            .map(|(share, micros)| (nines(*share), micros / 1e3))
            .collect()
    };
    writeln!(
        out,
        "<h2>How long messages take</h2><p><span class=\"key-a\">service time</span>, <span class=\"key-b\">response time</span>; milliseconds, logarithmic, against the share of messages that took no longer</p>"
    )?;
    let chart = Chart {
        lines: two(
            points(&clocks.service_curve),
            points(&clocks.response_curve),
        ),
        logarithmic: true,
        across: |nines| match nines {
            nines if nines.fract() != 0.0 => String::new(),
            nines => format!("{} %", 100.0 - 100.0 / 10_f64.powf(nines)),
        },
    };
    chart.write(out)
}

fn over_time(out: &mut String, clocks: &ClockReading) -> fmt::Result {
    let step = clocks.step_seconds.max(1e-9);
    let at = |place: usize| (place as f64 + 0.5) * step;
    let steps = || clocks.steps.iter().enumerate();
    let rate = |count: fn(&Step) -> u64| -> Vec<(f64, f64)> {
        steps()
            .map(|(place, of)| (at(place), count(of) as f64 / step))
            .collect()
    };
    let millis = |micros: fn(&Step) -> f64| -> Vec<(f64, f64)> {
        steps()
            // A step without replies has no mean: 0 would be drawn as the fastest one.
            .filter(|(_, of)| of.answered > 0)
            .map(|(place, of)| (at(place), micros(of) / 1e3))
            .collect()
    };
    writeln!(
        out,
        "<h2>Messages a second</h2><p><span class=\"key-a\">sent</span>, <span class=\"key-b\">answered</span>; over seconds of the run</p>"
    )?;
    let seconds: fn(f64) -> String = |seconds| format!("{seconds} s");
    let sent = Chart {
        lines: two(rate(|step| step.sent), rate(|step| step.answered)),
        logarithmic: false,
        across: seconds,
    };
    sent.write(out)?;
    writeln!(
        out,
        "<h2>Response time</h2><p><span class=\"key-a\">mean</span>, <span class=\"key-b\">longest</span> of the replies that came then; milliseconds, logarithmic</p>"
    )?;
    let response = Chart {
        lines: two(
            millis(|step| step.response_sum / step.answered as f64),
            millis(|step| step.response_max),
        ),
        logarithmic: true,
        across: seconds,
    };
    response.write(out)
}

/// The lines of two things, in the colours of their names above the chart.
fn two(a: Vec<(f64, f64)>, b: Vec<(f64, f64)>) -> Vec<Line> {
    let lines = [("a", a), ("b", b)];
    lines.map(|(class, points)| Line { class, points }).into()
}

fn gaps(out: &mut String, clocks: &ClockReading) -> fmt::Result {
    if clocks.gaps.is_empty() {
        return writeln!(out, "<h2>Gaps</h2><p>none</p></html>");
    }
    writeln!(
        out,
        "<h2>Gaps</h2><table><tr><th>why</th><th>from</th><th>to</th><th>messages</th></tr>"
    )?;
    for gap in clocks.gaps.iter().take(SHOWN) {
        let (first, last, count) = (gap.first, gap.last, gap.last - gap.first + 1);
        writeln!(
            out,
            "<tr><td>{}</td><td>{first}</td><td>{last}</td><td>{count}</td></tr>",
            gap.reason.name()
        )?;
    }
    match clocks.gaps.len().saturating_sub(SHOWN) {
        0 => writeln!(out, "</table></html>"),
        more => writeln!(out, "</table><p>and {more} more</p></html>"),
    }
}

/// Text as a page shows it.
pub(in crate::cli) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
