//! What is compared: a column of a CSV file of results, or a curve of a report; and what is in neither.

use std::fmt;
use std::path::Path;

use serde_json::Value;

use crate::error::{Error, Problem, Result, did_you_mean};
use crate::units::show_count;

/// Curves of a report, and the columns that they stand for; a report has microseconds.
const CURVES: [(&str, &str, &str); 2] = [
    ("total_delay_ms", "service_curve", "total_delay"),
    ("response_time_ms", "response_curve", "response_time"),
];

/// A run, as its file tells it.
#[derive(Debug)]
pub(super) struct RecordedRun {
    pub(super) values: Values,
    pub(super) missing: Missing,
}

/// Messages that have no times.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// So many were lost, and so many skipped.
    Told(u64, u64),
    /// So many numbers have no line, from the first one that has to the last.
    Numbers(u64),
}

/// Times of the messages of a run.
#[derive(Debug)]
pub(super) enum Values {
    /// All of them, sorted.
    All(Vec<f64>),
    /// How many there are, and a curve: shares of them and the value that each share is at most.
    Curve(u64, Vec<(f64, f64)>),
}

impl RecordedRun {
    /// The one that a file tells of.
    pub(super) fn read(path: &Path, column: &str) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|cause| {
            Error::user(Problem::new(format!("could not read `{}`", path.display())).cause(cause))
        })?;
        // By what is in it and not by its name: a report may be called anything.
        let run = match text.trim_start().starts_with('{') {
            true => of_report(path, &text, column)?,
            false => Self {
                values: Values::All(of_csv(path, &text, column)?),
                missing: Missing::Numbers(without_a_line(&text)),
            },
        };
        // A run without an answer has no quantile, and would look like the fastest one.
        match run.values.count() {
            0 => Err(Error::user(format!(
                "`{}` has no results: no message was answered{}",
                path.display(),
                run.missing
            ))),
            _ => Ok(run),
        }
    }
}

impl Missing {
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Self::Told(0, 0) | Self::Numbers(0))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(lost, skipped) => {
                let (lost, skipped) = (show_count(*lost), show_count(*skipped));
                write!(f, ", {lost} lost, {skipped} skipped")
            }
            Self::Numbers(0) => Ok(()),
            Self::Numbers(count) => {
                let count = show_count(*count);
                write!(
                    f,
                    ", {count} numbers between the first and the last have no line"
                )
            }
        }
    }
}

impl Values {
    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        match self {
            Self::All(values) => values.len() as u64,
            Self::Curve(count, _) => *count,
        }
    }

    /// The value of this rank, from 0.
    pub(super) fn at(&self, rank: u64) -> f64 {
        match self {
            Self::All(values) => {
                let rank = usize::try_from(rank).unwrap_or(usize::MAX);
                values[rank.min(values.len() - 1)]
            }
            Self::Curve(count, points) => on(points, (rank + 1) as f64 / *count as f64),
        }
    }
}

/// The value at a share: between two points of a curve it rises evenly.
fn on(points: &[(f64, f64)], share: f64) -> f64 {
    let after = points.partition_point(|(at, _)| *at < share);
    match (points[..after].last(), points.get(after)) {
        (Some(before), Some(next)) => {
            before.1 + (next.1 - before.1) * (share - before.0) / (next.0 - before.0)
        }
        (Some(end), None) | (None, Some(end)) => end.1,
        (None, None) => 0.0,
    }
}

fn of_csv(path: &Path, text: &str, column: &str) -> Result<Vec<f64>> {
    let mut lines = text.lines().enumerate();
    let names: Vec<&str> = lines
        .next()
        .map_or(Vec::new(), |(_, line)| line.split(',').collect());
    // Counted from the end of the line: a message's own name may hold commas, and stands before
    // every column that can be compared.
    let place = names.iter().rev().position(|name| *name == column);
    let place = place.ok_or_else(|| unknown(path, column, &names))?;
    let value = |(line, text): (usize, &str)| {
        let value = text
            .rsplit(',')
            .nth(place)
            .and_then(|value| value.parse::<f64>().ok());
        value.filter(|value| value.is_finite()).ok_or_else(|| {
            let (path, line) = (path.display(), line + 1);
            Error::user(format!("`{path}`, line {line}: no number in `{column}`"))
        })
    };
    let mut values = lines.map(value).collect::<Result<Vec<f64>>>()?;
    values.sort_by(f64::total_cmp);
    Ok(values)
}

/// Numbers without a line: lost or skipped. What is missing after the last one nobody can tell from a file.
fn without_a_line(text: &str) -> u64 {
    let lines = text.lines().skip(1);
    let number = |line: &str| line.split(',').next()?.parse::<u64>().ok();
    // Messages that were lost have no line. A run that lost its slow messages once looked fast
    // without a word.
    let mut numbers: Vec<u64> = lines.filter_map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    match (numbers.first(), numbers.last()) {
        (Some(first), Some(last)) => last - first - (numbers.len() as u64 - 1),
        _ => 0,
    }
}

fn unknown(path: &Path, column: &str, names: &[&str]) -> Error {
    let known = format!("its columns are {}", names.join(", "));
    let near = did_you_mean(column, names.iter().copied());
    let problem = Problem::new(format!("`{}` has no column `{column}`", path.display()));
    Error::user(problem.hint(near.unwrap_or(known)))
}

/// A report of `rowgen stream -report`, or of `rowgen run --report` with a sink that times its messages.
fn of_report(path: &Path, text: &str, column: &str) -> Result<RecordedRun> {
    let report: Value = serde_json::from_str(text).map_err(|cause| {
        Error::user(Problem::new(format!("`{}` is no report", path.display())).cause(cause))
    })?;
    let curve = CURVES.iter().find(|(name, ..)| *name == column);
    let Some((_, curve, times)) = curve else {
        return Err(unknown(path, column, &CURVES.map(|(name, ..)| name)));
    };
    let sinks = report["sinks"].as_array().map_or(&[][..], Vec::as_slice);
    let mut timed = sinks.iter().filter(|sink| sink["clocks"].is_object());
    // With two sinks that time messages nobody knows which one is meant.
    let (Some(sink), None) = (timed.next(), timed.next()) else {
        let problem = Problem::new(format!(
            "`{}` is no report of one sink that times its messages",
            path.display()
        ));
        return Err(Error::user(problem.hint(
            "compare reports of `rowgen stream -report FILE`, or the files of results",
        )));
    };
    let values = of_curve(path, &sink["clocks"], curve, times)?;
    let count = |name: &str| sink["clocks"][name].as_u64().unwrap_or_default();
    Ok(RecordedRun {
        values,
        missing: Missing::Told(count("lost"), count("skipped")),
    })
}

fn of_curve(path: &Path, clocks: &Value, curve: &str, times: &str) -> Result<Values> {
    let count = clocks[times]["count"].as_u64().unwrap_or_default();
    let points = clocks[curve].as_array().map_or(&[][..], Vec::as_slice);
    let point = |point: &Value| Some((point[0].as_f64()?, point[1].as_f64()? / 1e3));
    let points: Option<Vec<(f64, f64)>> = points.iter().map(point).collect();
    match points.filter(|points| !points.is_empty() || count == 0) {
        Some(points) => Ok(Values::Curve(count, points)),
        None => Err(Error::user(format!(
            "`{}` has no `{curve}` of numbers",
            path.display()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_a_line_are_counted() {
        for (lines, missing) in [
            ("", 0),
            ("5,a", 0),
            ("5,a\n3,b\n4,c", 0),
            ("5,a\n1,b\n1,b", 3),
            ("x,a\n1,b\n9,", 7),
        ] {
            let found = without_a_line(&format!("seq_n,msg_id\n{lines}\n"));
            assert_eq!(found, missing, "{lines}");
        }
        let told = [
            Missing::Told(7, 1000),
            Missing::Numbers(2),
            Missing::Numbers(0),
        ];
        assert_eq!(
            told.map(|missing| missing.to_string()),
            [
                ", 7 lost, 1 000 skipped",
                ", 2 numbers between the first and the last have no line",
                ""
            ]
        );
    }

    #[test]
    fn a_curve_gives_the_values_of_ranks() {
        let curve = Values::Curve(
            100,
            vec![(0.0, 1.0), (0.5, 11.0), (0.9, 19.0), (0.99, 37.0)],
        );
        let at = |rank| (curve.at(rank) * 1e6).round() / 1e6;
        assert_eq!(
            [0, 49, 69, 89, 98, 99, 1000].map(at),
            [1.2, 11.0, 15.0, 19.0, 37.0, 37.0, 37.0]
        );
        let one = Values::Curve(1, vec![(0.0, 4.0)]);
        assert_eq!((one.at(0), one.count()), (4.0, 1));
    }
}
