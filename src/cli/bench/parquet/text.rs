//! The report for a terminal.

use std::fmt::{self, Write};

use super::questions::Ask;
use super::report::{Best, CellReport, Report};
use super::spread::Spread;
use crate::format::parquet::ColumnEncoding;
use crate::units::{show_bytes, show_count};

/// Up to this many columns the options are printed, to be copied into a pipeline file.
const MOST_OPTIONS: usize = 50;

/// What came of a measurement.
pub(super) fn text(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = whole(&mut out, report);
    out
}

fn whole(out: &mut String, report: &Report) -> fmt::Result {
    for line in introduction(report) {
        writeln!(out, "{line}")?;
    }
    writeln!(out)?;
    table(out, &sizes(report))?;
    for (title, rows) in times(report) {
        writeln!(out, "\n{title}")?;
        table(out, &rows)?;
    }
    if !report.best.is_empty() {
        writeln!(out, "\nBest for")?;
        let lines: Vec<[String; 2]> = report
            .best
            .iter()
            .map(|best| [best.what.clone(), verdict(report, best)])
            .collect();
        let width = lines
            .iter()
            .map(|[what, _]| what.chars().count())
            .max()
            .unwrap_or(0);
        for [what, verdict] in lines {
            writeln!(out, "  {what:<width$}  {verdict}")?;
        }
    }
    if report.cells.len() > 1 && !report.columns.is_empty() {
        writeln!(out, "\nSmallest by column")?;
        table(out, &columns(report))?;
        writeln!(out, "\n{}", together(report))?;
        if report.columns.len() <= MOST_OPTIONS {
            writeln!(out, "\nAs options of the format\n{}", options(report))?;
        }
    }
    report
        .notes
        .iter()
        .try_for_each(|note| writeln!(out, "note: {note}"))
}

/// What was measured, and of what.
pub(super) fn introduction(report: &Report) -> Vec<String> {
    let of = match report.table_rows {
        Some(rows) if rows == report.rows => String::new(),
        Some(rows) => format!(" of {}", show_count(rows)),
        None => " of a table without end".to_string(),
    };
    let bytes = show_bytes(report.row_bytes);
    let mut lines = vec![format!(
        "{}: {} rows{of}, {bytes} of values; {} threads",
        report.table,
        show_count(report.rows),
        report.threads
    )];
    if !report.same.is_empty() {
        let same = report
            .same
            .iter()
            .map(|(name, value)| format!("{name} {value}"));
        lines.push(format!(
            "the same in all: {}",
            same.collect::<Vec<_>>().join(", ")
        ));
    }
    if report.rounds == 0 {
        return lines;
    }
    let readers = report
        .readers
        .iter()
        .map(|(name, version)| format!("{name} {version}"));
    lines.push(format!(
        "readers: {}",
        readers.collect::<Vec<_>>().join(", ")
    ));
    for asked in &report.questions {
        let rows = show_count(asked.rows);
        let plural = if asked.rows == 1 { "row" } else { "rows" };
        lines.push(format!(
            "{}: {}, {rows} {plural}",
            asked.ask.name(),
            asked.of
        ));
    }
    lines.push(match report.rounds {
        1 => "times of one round: all of them can be noise".to_string(),
        rounds => format!("medians of {rounds} rounds in turn, each with the half of its interval"),
    });
    lines.push("writing is encoding and handing to the system: files are not waited for, and are read from its cache".to_string());
    lines
}

fn sizes(report: &Report) -> Vec<Vec<String>> {
    let mut rows = vec![vec![
        "cell".into(),
        "size".into(),
        "of values".into(),
        "files".into(),
        "row groups".into(),
    ]];
    let asks = [Ask::Predicate, Ask::Lookup];
    let asks: Vec<Ask> = asks
        .into_iter()
        .filter(|ask| {
            report
                .cells
                .iter()
                .any(|cell| cell.skipped.contains_key(ask))
        })
        .collect();
    rows[0].extend(
        asks.iter()
            .map(|ask| format!("skipped by the {}", ask.name())),
    );
    for cell in &report.cells {
        let share = 100.0 * cell.bytes as f64 / report.row_bytes.max(1) as f64;
        let mut row = vec![
            cell.label.clone(),
            show_bytes(cell.bytes),
            format!("{share:.1} %"),
            show_count(cell.files as u64),
            show_count(cell.row_groups as u64),
        ];
        row.extend(asks.iter().map(|ask| {
            cell.skipped
                .get(ask)
                .map_or_else(String::new, |skipped| show_count(*skipped as u64))
        }));
        rows.push(row);
    }
    rows
}

/// What was timed, a table each: writing and reading all beside each other, then a question each, by reader.
pub(super) fn times(report: &Report) -> Vec<(String, Vec<Vec<String>>)> {
    let mut tables = Vec::new();
    if report.rounds == 0 {
        return tables;
    }
    for asked in &report.questions {
        let scan = asked.ask == Ask::Scan;
        let there = |reader: &&(String, String)| {
            let mut cells = report.cells.iter();
            cells.any(|cell| cell.answer(&reader.0, asked.ask).is_some())
        };
        let readers: Vec<&str> = report
            .readers
            .iter()
            .filter(there)
            .map(|(name, _)| name.as_str())
            .collect();
        if readers.is_empty() && !scan {
            continue;
        }
        let mut head = vec!["cell".to_string()];
        head.extend(scan.then(|| "writing".to_string()));
        head.extend(readers.iter().map(|reader| match scan {
            true => format!("scan by {reader}"),
            false => (*reader).to_string(),
        }));
        let mut rows = vec![head];
        for cell in &report.cells {
            let mut row = vec![cell.label.clone()];
            row.extend(scan.then(|| rate(report, cell.write.as_ref().map(|timed| &timed.spread))));
            row.extend(
                readers
                    .iter()
                    .map(|reader| answer(report, cell, asked.ask, reader)),
            );
            rows.push(row);
        }
        let title = match scan {
            true => "GB of values a second".to_string(),
            false => format!("Milliseconds: {}", asked.ask.name()),
        };
        tables.push((title, rows));
    }
    tables
}

fn answer(report: &Report, cell: &CellReport, ask: Ask, reader: &str) -> String {
    let spread = cell.answer(reader, ask).map(|timed| &timed.spread);
    match ask {
        Ask::Scan => rate(report, spread),
        _ => spread.map_or_else(String::new, |spread| with_half(spread.median * 1e3, spread)),
    }
}

fn rate(report: &Report, spread: Option<&Spread>) -> String {
    spread.map_or_else(String::new, |spread| with_half(report.rate(spread), spread))
}

/// A figure of a median with how far it could be off.
fn with_half(value: f64, spread: &Spread) -> String {
    format!("{} ±{:.0} %", figure(value), spread.half() * 100.0)
}

/// Three digits that count.
fn figure(value: f64) -> String {
    match value {
        value if value >= 100.0 => format!("{value:.0}"),
        value if value >= 10.0 => format!("{value:.1}"),
        value if value >= 1.0 => format!("{value:.2}"),
        value => format!("{value:.3}"),
    }
}

/// Which cell is best, and by how much.
pub(super) fn verdict(report: &Report, best: &Best) -> String {
    let label = |cell: usize| format!("`{}`", report.cells[cell].label);
    let first = label(best.cell);
    match (&best.as_good[..], best.second) {
        ([], Some((second, times))) => {
            format!("{first}; {} takes {}", label(second), more(times))
        }
        ([], None) => first,
        (others, _) if others.len() + 1 == report.cells.len() => {
            format!(
                "{first}, but this can be noise: the intervals of all cells overlap with its own"
            )
        }
        ([one], _) => format!(
            "{first}, but {} may be as good: their intervals overlap",
            label(*one)
        ),
        (others, _) => {
            let shown: Vec<String> = others.iter().take(3).map(|cell| label(*cell)).collect();
            let more = others.len().saturating_sub(3);
            let more = if more > 0 {
                format!(" and {more} more")
            } else {
                String::new()
            };
            format!(
                "{first}, but {}{more} may be as good: their intervals overlap with its own",
                shown.join(", ")
            )
        }
    }
}

/// How much more something takes than the least.
fn more(times: f64) -> String {
    match times {
        times if times >= 2.0 => format!("{times:.1} times as much"),
        // Less would be shown as `0.0 % more`.
        times if times >= 1.0005 => format!("{:.1} % more", (times - 1.0) * 100.0),
        _ => "as much".to_string(),
    }
}

/// Where each column is smallest.
pub(super) fn columns(report: &Report) -> Vec<Vec<String>> {
    let head = [
        "column",
        "encoding",
        "compression",
        "size",
        "next best encoding",
        "its size",
    ];
    let mut rows = vec![head.map(str::to_string).to_vec()];
    for column in &report.columns {
        let next = column.next.as_ref();
        rows.push(vec![
            column.column.clone(),
            column.encoding.clone(),
            column.compression.clone(),
            show_bytes(column.bytes),
            next.map_or_else(String::new, |next| {
                format!("{}, {}", next.encoding, next.compression)
            }),
            next.map_or_else(String::new, |next| show_bytes(next.bytes)),
        ]);
    }
    rows
}

/// What all columns at their best would take.
pub(super) fn together(report: &Report) -> String {
    let bytes: u64 = report.columns.iter().map(|column| column.bytes).sum();
    let least = report
        .cells
        .iter()
        .map(|cell| cell.bytes)
        .min()
        .unwrap_or(0);
    let less = 100.0 * (1.0 - bytes as f64 / least.max(1) as f64);
    format!(
        "each column at its smallest: {} of pages, {:.1} % less than the smallest cell",
        show_bytes(bytes),
        less.max(0.0)
    )
}

/// What makes each column its smallest, as a pipeline says it. A field of a struct has no options of its own.
pub(super) fn options(report: &Report) -> String {
    let flat = report
        .columns
        .iter()
        .filter(|column| !column.column.contains('.'));
    let lines = flat.map(|column| {
        let name = match column
            .column
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            true => column.column.clone(),
            false => serde_json::Value::from(column.column.as_str()).to_string(),
        };
        let first = column.encoding.split([',', ' ']).next();
        // The encoding of booleans (RLE) has no name in a pipeline file.
        let encoding = match ColumnEncoding::ALL
            .iter()
            .find(|one| Some(one.name()) == first)
        {
            Some(encoding) => format!("encoding: {}, ", encoding.name()),
            None => String::new(),
        };
        format!(
            "    {name}: {{ {encoding}compression: {} }}\n",
            column.compression
        )
    });
    format!("  columns:\n{}", lines.collect::<String>().trim_end())
}

/// Texts to the left, figures to the right.
fn table(out: &mut String, rows: &[Vec<String>]) -> fmt::Result {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let figures = |column: usize| {
        rows.iter().skip(1).all(|row| {
            row[column]
                .chars()
                .next()
                .is_none_or(|first| first.is_ascii_digit())
        })
    };
    for row in rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            let width = widths[column];
            match column > 0 && figures(column) {
                true => format!("{cell:>width$}"),
                false => format!("{cell:<width$}"),
            }
        });
        writeln!(out, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    Ok(())
}
