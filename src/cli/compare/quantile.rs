//! A quantile with the bounds that hold the true one: values of certain ranks, whatever their distribution.

use std::fmt;

use super::values::Values;

/// 99 of 100 normal values lie so many standard deviations around the mean: six quantiles are looked at.
const DEVIATIONS: f64 = 2.576;

/// A quantile and its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) value: f64,
    pub(super) high: f64,
    /// There are too few values to bound it.
    open: bool,
}

/// What two quantiles say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// Their bounds meet.
    Equal,
    /// Too few values.
    Unknown,
    /// The second one is so many times the first.
    Different(f64),
}

impl Bounds {
    /// Of values, of which there is one at least.
    pub(super) fn of(values: &Values, share: f64) -> Self {
        let count = values.count() as f64;
        let middle = share * count;
        // How many values lie below the true quantile is binomially distributed.
        let off = DEVIATIONS * (count * share * (1.0 - share)).sqrt();
        let (low, high) = ((middle - off).floor(), (middle + off).ceil());
        let at = |rank: f64| values.at(rank as u64);
        Self {
            low: at(low.max(0.0)),
            value: at((middle.ceil() - 1.0).max(0.0)),
            high: at(high),
            open: low < 0.0 || high >= count,
        }
    }

    /// Its place in a picture from `least` to `most`, logarithmic.
    pub(super) fn line(&self, least: f64, most: f64, width: f64) -> String {
        let span = (most / least).ln().max(1e-9);
        let place = |value: f64| ((value.max(least) / least).ln() / span * width) as usize;
        let (low, value, high) = (place(self.low), place(self.value), place(self.high));
        let sign = |at| match at {
            at if at == value => '|',
            at if (low..=high).contains(&at) => '-',
            _ => ' ',
        };
        let line: String = (0..=width as usize).map(sign).collect();
        line.trim_end().to_string()
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} ({:.3} to ", self.value, self.low)?;
        match self.open {
            true => write!(f, "?)"),
            false => write!(f, "{:.3})", self.high),
        }
    }
}

impl Verdict {
    pub(super) fn of(first: &Bounds, second: &Bounds) -> Self {
        let apart = first.high < second.low || second.high < first.low;
        match (apart, first.open || second.open) {
            (_, true) => Self::Unknown,
            (false, false) => Self::Equal,
            (true, false) => Self::Different(second.value / first.value),
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Equal => "no difference shown".into(),
            Self::Unknown => "too few messages to tell".into(),
            Self::Different(times) if times.is_finite() && times > 0.0 => {
                let word = if times > 1.0 { "higher" } else { "lower" };
                format!("B is {word}, {times:.2} times A")
            }
            Self::Different(_) => "different".into(),
        }
    }

    /// What all quantiles say together.
    pub(super) fn all(verdicts: &[Self]) -> &'static str {
        let any = |wanted: fn(f64) -> bool| {
            let mut all = verdicts.iter();
            all.any(|verdict| matches!(verdict, Self::Different(times) if wanted(*times)))
        };
        match (any(|times| times > 1.0), any(|times| times <= 1.0)) {
            (true, true) => {
                "the runs are different: B is higher at some quantiles and lower at others"
            }
            (true, false) => "the runs are different: B is higher",
            (false, true) => "the runs are different: B is lower",
            (false, false) => "no difference between the runs is shown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many values of a triangle's distribution, another draw for each seed.
    fn draws(count: usize, seed: u64, times: f64) -> Values {
        let mut state = seed;
        let mut unit = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        let mut all: Vec<f64> = (0..count)
            .map(|_| (1.0 + unit() + unit()) * times)
            .collect();
        all.sort_by(f64::total_cmp);
        Values::All(all)
    }

    #[test]
    fn bounds_hold_the_true_quantile() {
        // The median is 2; 99 of 100 bounds hold it.
        let held = (0..1000).filter(|seed| {
            let bounds = Bounds::of(&draws(500, *seed, 1.0), 0.5);
            (bounds.low..=bounds.high).contains(&2.0)
        });
        let held = held.count();
        assert!((975..=1000).contains(&held), "{held}");
    }

    #[test]
    fn runs_are_different_where_their_bounds_are_apart() {
        let of = |seed, times, share| Bounds::of(&draws(2000, seed, times), share);
        let verdict = |times, share| Verdict::of(&of(1, 1.0, share), &of(2, times, share));
        assert_eq!(verdict(1.0, 0.5), Verdict::Equal);
        assert!(
            matches!(verdict(1.5, 0.5), Verdict::Different(times) if (times - 1.5).abs() < 0.1)
        );
        assert!(verdict(0.5, 0.9).words().starts_with("B is lower, 0.5"));
        assert_eq!(verdict(3.0, 0.9999), Verdict::Unknown);
        assert_eq!(
            Verdict::all(&[Verdict::Equal, Verdict::Different(2.0)]),
            "the runs are different: B is higher"
        );
        assert_eq!(
            Verdict::all(&[Verdict::Equal, Verdict::Unknown]),
            "no difference between the runs is shown"
        );
    }

    #[test]
    fn the_picture_is_logarithmic() {
        let bounds = Bounds {
            low: 5.0,
            value: 10.0,
            high: 20.0,
            open: false,
        };
        assert_eq!(bounds.line(1.0, 100.0, 10.0), "   --|-");
        assert_eq!(bounds.to_string(), "10.000 (5.000 to 20.000)");
    }
}
