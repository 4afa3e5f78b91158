//! `rowgen compare`: are two runs of a stream different? Quantile by quantile, in words and in a picture.

mod quantile;
mod values;

use std::fmt::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::print;
use crate::error::Result;
use crate::units::show_count;
use quantile::{Bounds, Scale, Verdict};
use values::RecordedRun;

/// What is compared of two runs.
#[derive(Debug, Clone, Args)]
pub(super) struct CompareOptions {
    /// The results of one run: a CSV file or a report (`-report`) of `rowgen stream`
    first: PathBuf,
    /// The results of another one
    second: PathBuf,
    /// The column that is compared; a report has total_delay_ms and response_time_ms
    #[arg(long, default_value = "total_delay_ms")]
    column: String,
}

/// The quantiles, and what they are called.
// P70 is there because the report of the old program has it.
const QUANTILES: [(f64, &str); 6] = [
    (0.1, "P10"),
    (0.5, "P50"),
    (0.7, "P70"),
    (0.9, "P90"),
    (0.99, "P99"),
    (0.999, "P99.9"),
];

/// Characters of the picture.
const WIDTH: f64 = 50.0;

pub(super) fn run(options: &CompareOptions) -> Result<u8> {
    let [first, second] =
        [&options.first, &options.second].map(|path| RecordedRun::read(path, &options.column));
    let (first, second) = (first?, second?);
    print(&text(options, &first, &second))
}

fn text(options: &CompareOptions, first: &RecordedRun, second: &RecordedRun) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = whole(&mut out, options, first, second);
    out
}

fn whole(
    out: &mut String,
    options: &CompareOptions,
    first: &RecordedRun,
    second: &RecordedRun,
) -> fmt::Result {
    writeln!(out, "{}:", options.column)?;
    for (name, path, run) in [("A", &options.first, first), ("B", &options.second, second)] {
        let (path, count) = (path.display(), show_count(run.values.count()));
        writeln!(out, "{name} is {path}: {count} messages{}", run.missing)?;
    }
    writeln!(
        out,
        "Each pair of bounds holds its own quantile with 99 %, where messages do not depend on each other.\n"
    )?;
    let of = |share| [first, second].map(|run| Bounds::of(&run.values, share));
    let bounds = QUANTILES.map(|(share, _)| of(share));
    let verdicts = bounds.map(|[first, second]| Verdict::of(&first, &second));
    for (((_, name), [first, second]), verdict) in QUANTILES.iter().zip(&bounds).zip(&verdicts) {
        writeln!(out, "{name:<6} A {first}, B {second}: {}", verdict.words())?;
    }
    picture(out, &bounds)?;
    writeln!(out, "\n{}", Verdict::all(&verdicts))?;
    match first.missing.is_nothing() && second.missing.is_nothing() {
        true => Ok(()),
        false => writeln!(
            out,
            "messages without a reply are in no quantile: compare how many they are, too"
        ),
    }
}

fn picture(out: &mut String, bounds: &[[Bounds; 2]]) -> fmt::Result {
    let scale = Scale::of(bounds.iter().flatten(), WIDTH);
    let (least, most) = (scale.least, scale.most);
    let logarithmic = match scale.is_logarithmic() {
        true => ", logarithmic",
        false => "",
    };
    writeln!(
        out,
        "\n{least:.3} to {most:.3}{logarithmic}; `-` are the bounds, `|` the quantile"
    )?;
    for ((_, name), [first, second]) in QUANTILES.iter().zip(bounds) {
        for (which, bounds) in [("A", first), ("B", second)] {
            writeln!(out, "{name:<6} {which} {}", bounds.line(&scale))?;
        }
    }
    Ok(())
}
