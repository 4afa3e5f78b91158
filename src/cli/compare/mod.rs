//! `rowgen compare`: are two runs of a stream different? Quantile by quantile, in words and in a picture.

mod quantile;
mod values;

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::print;
use crate::error::Result;
use crate::units::show_count;
use quantile::{Bounds, Verdict};
use values::Values;

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
        [&options.first, &options.second].map(|path| Values::read(path, &options.column));
    let (first, second) = (first?, second?);
    print(&text(options, &first, &second))
}

fn text(options: &CompareOptions, first: &Values, second: &Values) -> String {
    let mut out = String::new();
    let [one, other] = [&options.first, &options.second].map(|path| path.display());
    let (count, counts) = (show_count(first.count()), show_count(second.count()));
    let bounds = QUANTILES.map(|(share, _)| [Bounds::of(first, share), Bounds::of(second, share)]);
    let verdicts = bounds.map(|[first, second]| Verdict::of(&first, &second));
    // Writing to a text cannot fail.
    let _ = writeln!(
        out,
        "{}: A is {one} ({count} messages), B is {other} ({counts})",
        options.column
    );
    let _ = writeln!(
        out,
        "bounds hold the true quantile with 99 % where messages do not depend on each other\n"
    );
    for (((_, name), [first, second]), verdict) in QUANTILES.iter().zip(&bounds).zip(&verdicts) {
        let _ = writeln!(out, "{name:<6} A {first}, B {second}: {}", verdict.words());
    }
    let all = || bounds.iter().flatten();
    let least = all()
        .map(|bounds| bounds.low)
        .filter(|low| *low > 0.0)
        .fold(f64::MAX, f64::min);
    let most = all().map(|bounds| bounds.high).fold(0.0, f64::max);
    let _ = writeln!(
        out,
        "\n{least:.3} to {most:.3}, logarithmic; `-` are the bounds, `|` the quantile"
    );
    for ((_, name), [first, second]) in QUANTILES.iter().zip(&bounds) {
        for (which, bounds) in [("A", first), ("B", second)] {
            let _ = writeln!(out, "{name:<6} {which} {}", bounds.line(least, most, WIDTH));
        }
    }
    let _ = writeln!(out, "\n{}", Verdict::all(&verdicts));
    out
}
