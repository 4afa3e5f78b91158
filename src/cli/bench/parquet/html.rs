//! The report as one HTML page that needs nothing else.

use std::fmt::{self, Write};
use std::path::Path;

use super::questions::Ask;
use super::report::{CellReport, Report};
use super::spread::Spread;
use super::text;
use crate::cli::grid::cut;
use crate::cli::stream::html::escaped;
use crate::error::{Error, Result};
use crate::units::{show_bytes, show_count};

/// Characters that find room beside a bar.
const LABEL: usize = 48;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}\
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.2rem .8rem;text-align:right;border-bottom:1px solid #ddd;white-space:nowrap}\
td:first-child,th:first-child{text-align:left}h2{margin-top:2rem}div{overflow-x:auto}\
.best{background:#dfd}.bar{fill:#0b6}.range{stroke:#222;stroke-width:1.5}text{font:12px system-ui,sans-serif;fill:#333}svg{display:block}";

/// Pixels of a chart.
const WIDTH: f64 = 900.0;
const LEFT: f64 = 330.0;
const LINE: f64 = 20.0;

/// Writes it.
///
/// # Errors
/// The system refuses.
pub(super) fn write(path: &Path, report: &Report) -> Result<()> {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = page(&mut out, report);
    let written = crate::outlet::write(path, &out);
    written.map_err(|error| Error::because(format!("writing `{}`", path.display()), error))
}

fn page(out: &mut String, report: &Report) -> fmt::Result {
    let title = escaped(&format!("Parquet files of {}", report.table));
    write!(
        out,
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><h1>{title}</h1>"
    )?;
    for line in text::introduction(report) {
        writeln!(out, "<p>{}</p>", escaped(&line))?;
    }
    if !report.best.is_empty() {
        writeln!(out, "<h2>Best for</h2><div><table>")?;
        for best in &report.best {
            let verdict = escaped(&text::verdict(report, best));
            writeln!(
                out,
                "<tr><td>{}</td><td style=\"text-align:left;white-space:normal\">{verdict}</td></tr>",
                escaped(&best.what)
            )?;
        }
        writeln!(out, "</table></div>")?;
    }
    sizes(out, report)?;
    times(out, report)?;
    if !report.columns.is_empty() {
        writeln!(out, "<h2>Smallest by column</h2>")?;
        table(out, &text::columns(report))?;
        writeln!(out, "<p>{}</p>", escaped(&text::together(report)))?;
        writeln!(
            out,
            "<p>As options of the format:</p><pre>{}</pre>",
            escaped(&text::options(report))
        )?;
    }
    if !report.notes.is_empty() {
        writeln!(out, "<h2>Notes</h2><ul>")?;
        report
            .notes
            .iter()
            .try_for_each(|note| writeln!(out, "<li>{}</li>", escaped(note)))?;
        writeln!(out, "</ul>")?;
    }
    writeln!(out, "</html>")
}

fn sizes(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "<h2>Size</h2>")?;
    let exact = |cell: &CellReport| Some(Spread::exact(cell.bytes as f64));
    bars(out, report, &exact, &|bytes| show_bytes(bytes as u64))?;
    for (ask, what) in [(Ask::Predicate, "predicate"), (Ask::Lookup, "lookup")] {
        if report
            .cells
            .iter()
            .any(|cell| cell.skipped.contains_key(&ask))
        {
            writeln!(
                out,
                "<h2>Row groups skipped by the {what}</h2><div><table><tr><th>cell</th><th>skipped</th><th>of</th></tr>"
            )?;
            for cell in &report.cells {
                let skipped = cell.skipped.get(&ask).copied().unwrap_or(0);
                writeln!(
                    out,
                    "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
                    escaped(&cell.label),
                    show_count(skipped as u64),
                    show_count(cell.row_groups as u64)
                )?;
            }
            writeln!(out, "</table></div>")?;
        }
    }
    Ok(())
}

fn times(out: &mut String, report: &Report) -> fmt::Result {
    if report.rounds == 0 {
        return Ok(());
    }
    let gigabytes = |value: f64| format!("{value:.2} GB/s");
    let millis = |value: f64| format!("{:.2} ms", value * 1e3);
    let rate = |spread: Spread| {
        let of = |seconds: f64| report.row_bytes as f64 / 1e9 / seconds.max(1e-9);
        Spread {
            median: of(spread.median),
            // A rate is the inverse of a time: the slowest round is the lowest rate.
            low: of(spread.high),
            high: of(spread.low),
        }
    };
    writeln!(out, "<h2>Writing</h2>")?;
    bars(
        out,
        report,
        &|cell| cell.write.as_ref().map(|timed| rate(timed.spread)),
        &gigabytes,
    )?;
    for asked in &report.questions {
        for (reader, _) in &report.readers {
            let spread =
                |cell: &CellReport| cell.answer(reader, asked.ask).map(|timed| timed.spread);
            if report.cells.iter().all(|cell| spread(cell).is_none()) {
                continue;
            }
            writeln!(out, "<h2>{} by {}</h2>", asked.ask.name(), escaped(reader))?;
            match asked.ask {
                Ask::Scan => bars(out, report, &|cell| spread(cell).map(rate), &gigabytes)?,
                _ => bars(out, report, &spread, &millis)?,
            }
        }
    }
    writeln!(out, "<h2>All times</h2>")?;
    for (title, rows) in text::times(report) {
        writeln!(out, "<h3>{}</h3>", escaped(&title))?;
        table(out, &rows)?;
    }
    Ok(())
}

/// A bar for each cell, and a line over what its median may be.
fn bars(
    out: &mut String,
    report: &Report,
    of: &dyn Fn(&CellReport) -> Option<Spread>,
    show: &dyn Fn(f64) -> String,
) -> fmt::Result {
    let all: Vec<(&CellReport, Spread)> = report
        .cells
        .iter()
        .filter_map(|cell| Some((cell, of(cell)?)))
        .collect();
    let most = all
        .iter()
        .map(|(_, spread)| spread.high)
        .fold(1e-12, f64::max);
    let height = LINE * all.len() as f64;
    let x = |value: f64| LEFT + value / most * (WIDTH - LEFT - 110.0);
    writeln!(
        out,
        "<div><svg width=\"{WIDTH}\" height=\"{height}\" role=\"img\">"
    )?;
    for (place, (cell, spread)) in all.iter().enumerate() {
        let top = LINE * place as f64;
        let middle = top + LINE / 2.0;
        let label = escaped(&cut(&cell.label, LABEL));
        let (bar, low, high) = (x(spread.median), x(spread.low), x(spread.high));
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\"><title>{}</title>{label}</text><rect class=\"bar\" x=\"{LEFT}\" y=\"{}\" width=\"{:.1}\" height=\"{}\"/>",
            LEFT - 6.0,
            middle + 4.0,
            escaped(&cell.label),
            top + 3.0,
            (bar - LEFT).max(0.0),
            LINE - 6.0
        )?;
        if high > low {
            writeln!(
                out,
                "<line class=\"range\" x1=\"{low:.1}\" x2=\"{high:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>"
            )?;
        }
        writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{}\">{}</text>",
            high.max(bar) + 6.0,
            middle + 4.0,
            escaped(&show(spread.median))
        )?;
    }
    writeln!(out, "</svg></div>")
}

fn table(out: &mut String, rows: &[Vec<String>]) -> fmt::Result {
    writeln!(out, "<div><table>")?;
    for (place, row) in rows.iter().enumerate() {
        let tag = if place == 0 { "th" } else { "td" };
        let cells = row
            .iter()
            .map(|cell| format!("<{tag}>{}</{tag}>", escaped(cell)));
        writeln!(out, "<tr>{}</tr>", cells.collect::<String>())?;
    }
    writeln!(out, "</table></div>")
}
