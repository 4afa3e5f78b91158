//! A chart of lines as SVG.

use std::fmt::{self, Write};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 300.0;
/// Room for what stands beside and below.
const LEFT: f64 = 70.0;
const BELOW: f64 = 30.0;

/// Steps of an axis, at most.
const TICKS: f64 = 8.0;

/// The least value of a logarithmic axis: a microsecond, in milliseconds.
const LEAST: f64 = 1e-3;

/// Lines over one axis.
pub(super) struct Chart {
    pub(super) lines: Vec<Line>,
    /// The axis upwards is.
    pub(super) logarithmic: bool,
    /// What stands at a place of the axis across.
    pub(super) across: fn(f64) -> String,
}

/// One line.
pub(super) struct Line {
    pub(super) class: &'static str,
    pub(super) points: Vec<(f64, f64)>,
}

impl Chart {
    pub(super) fn write(&self, out: &mut String) -> fmt::Result {
        // Drawn by hand as SVG: the page is to need nothing else, not even a script.
        let points = || self.lines.iter().flat_map(|line| &line.points);
        if points().next().is_none() {
            return writeln!(out, "<p>nothing was measured</p>");
        }
        let up = |value: f64| match self.logarithmic {
            // Zero has no logarithm.
            true => value.max(LEAST).log10(),
            false => value,
        };
        let most = points().map(|(at, _)| *at).fold(1e-9, f64::max);
        let values = || points().map(|(_, value)| up(*value));
        let (low, high) = match self.logarithmic {
            true => (
                values().fold(f64::MAX, f64::min).floor(),
                values().fold(f64::MIN, f64::max).ceil(),
            ),
            false => (0.0, values().fold(1e-9, f64::max)),
        };
        let span = (high - low).max(1e-9);
        let x = |at: f64| LEFT + at / most * (WIDTH - LEFT - 10.0);
        let y = |value: f64| (HEIGHT - BELOW) - (value - low) / span * (HEIGHT - BELOW - 10.0);
        writeln!(out, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">")?;
        // On a logarithmic axis only whole powers of ten have a label.
        let named = |tick: &f64| !self.logarithmic || tick.fract() == 0.0;
        for tick in ticks(low, high).into_iter().filter(named) {
            let (at, label) = (
                y(tick),
                match self.logarithmic {
                    true => 10_f64.powi(tick as i32),
                    false => tick,
                },
            );
            writeln!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                LEFT - 6.0,
                at + 4.0
            )?;
        }
        for tick in ticks(0.0, most) {
            writeln!(
                out,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                x(tick),
                HEIGHT - 8.0,
                (self.across)(tick)
            )?;
        }
        for Line { class, points } in &self.lines {
            let places = points
                .iter()
                .map(|(at, value)| format!("{:.1},{:.1}", x(*at), y(up(*value))));
            let places = places.collect::<Vec<String>>().join(" ");
            writeln!(out, "<polyline class=\"{class}\" points=\"{places}\"/>")?;
        }
        writeln!(out, "</svg>")
    }
}

/// Round places from `low` to `high`: 1, 2 or 5 times a power of ten apart.
fn ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = ((high - low) / TICKS).max(1e-9);
    let power = 10_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    let step = steps
        .into_iter()
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    // Written with six digits and read again: a multiple of 0.1 as a float has digits that are not
    // its own.
    let round = |place: i64| {
        format!("{:.6}", place as f64 * step)
            .parse()
            .unwrap_or_default()
    };
    (first..=last).map(round).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(ticks(0.0, 20.0), [0.0, 5.0, 10.0, 15.0, 20.0]);
        assert_eq!(ticks(0.0, 0.6), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
        assert_eq!(ticks(-2.0, 3.0), [-2.0, -1.0, 0.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn a_chart_holds_its_lines() {
        for logarithmic in [true, false] {
            let points = vec![(0.0, 0.0), (1.0, 5.0), (2.0, 100.0)];
            let lines = vec![
                Line { class: "a", points },
                Line {
                    class: "b",
                    points: Vec::new(),
                },
            ];
            let chart = Chart {
                lines,
                logarithmic,
                across: |at| format!("{at} s"),
            };
            let mut out = String::new();
            chart.write(&mut out).unwrap();
            assert!(
                out.contains("points=\"70.0,270.0 480.0,") && out.contains(" 890.0,10.0\""),
                "{out}"
            );
            assert!(
                out.contains(">2 s</text>") && out.contains(">100</text>"),
                "{out}"
            );
        }
        let mut out = String::new();
        let none = Chart {
            lines: Vec::new(),
            logarithmic: false,
            across: |at| at.to_string(),
        };
        none.write(&mut out).unwrap();
        assert_eq!(out, "<p>nothing was measured</p>\n");
    }
}
