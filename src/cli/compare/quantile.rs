//! A quantile with the bounds that hold the true one: values of certain ranks, whatever their distribution.
//! Each pair holds its own with 99 %. Those of equal runs are rarely apart, for both would have to be off at
//! once: at one of six quantiles in less than 1 of 100 comparisons.

use std::fmt;

use super::values::Values;

/// 99 of 100 normal values lie so many standard deviations around the mean.
// The two-sided 99 % of the normal distribution, which stands for the binomial one below: close
// enough in the middle, and where too few values lie beyond a quantile the bound is open anyway.
const DEVIATIONS: f64 = 2.576;

/// A quantile and its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bounds {
    pub(super) low: f64,
    pub(super) value: f64,
    pub(super) high: f64,
    /// There are too few values to bound it from below, and from above.
    open: (bool, bool),
}

/// Where values stand in a picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) least: f64,
    pub(super) most: f64,
    pub(super) width: f64,
}

/// What two quantiles say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Verdict {
    /// Their bounds meet.
    Equal,
    /// Too few values.
    Unknown,
    /// The first one and the second one.
    Different(f64, f64),
}

impl Bounds {
    /// Of values, of which there is one at least.
    pub(super) fn of(values: &Values, share: f64) -> Self {
        let count = values.count() as f64;
        let middle = share * count;
        // The number of values below the true quantile is binomially distributed.
        let off = DEVIATIONS * (count * share * (1.0 - share)).sqrt();
        let (low, high) = ((middle - off).floor(), (middle + off).ceil());
        let at = |rank: f64| values.at(rank as u64);
        Self {
            // Ranks and no formula of a distribution: latencies have none that could be assumed.
            // This is the textbook interval of a quantile by order statistics.
            low: at(low.max(0.0)),
            value: at((middle.ceil() - 1.0).max(0.0)),
            high: at(high),
            open: (low < 0.0, high >= count),
        }
    }

    /// Its place in a picture.
    pub(super) fn line(&self, scale: &Scale) -> String {
        let place = |value: f64| scale.place(value);
        let (low, value, high) = (place(self.low), place(self.value), place(self.high));
        let sign = |at| match at {
            at if at == value => '|',
            at if (low..=high).contains(&at) => '-',
            _ => ' ',
        };
        let line: String = (0..=scale.width as usize).map(sign).collect();
        line.trim_end().to_string()
    }

    fn is_open(&self) -> bool {
        self.open.0 || self.open.1
    }
}

impl Scale {
    /// One that has room for all of these.
    pub(super) fn of<'b>(all: impl Iterator<Item = &'b Bounds> + Clone, width: f64) -> Self {
        Self {
            least: all.clone().map(|of| of.low).fold(f64::MAX, f64::min),
            most: all.map(|of| of.high).fold(f64::MIN, f64::max),
            width,
        }
    }

    /// What is not above zero has no logarithm.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.least > 0.0
    }

    // Latencies differ by powers of ten between P10 and P99.9; on a straight scale all but the last
    // two lines would lie at the left edge.
    fn place(&self, value: f64) -> usize {
        let on = |value: f64| match self.is_logarithmic() {
            true => value.ln(),
            false => value,
        };
        let span = (on(self.most) - on(self.least)).max(1e-9);
        ((on(value) - on(self.least)) / span * self.width) as usize
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |open: bool, bound: f64| match open {
            true => "?".to_string(),
            false => format!("{bound:.3}"),
        };
        let (low, high) = (shown(self.open.0, self.low), shown(self.open.1, self.high));
        write!(f, "{:.3} ({low} to {high})", self.value)
    }
}

impl Verdict {
    pub(super) fn of(first: &Bounds, second: &Bounds) -> Self {
        // Bounds that only touch show no difference. It is the careful side: two runs that are told
        // apart are different, two that are not may still be.
        let apart = first.high < second.low || second.high < first.low;
        match (apart, first.is_open() || second.is_open()) {
            (_, true) => Self::Unknown,
            (false, false) => Self::Equal,
            (true, false) => Self::Different(first.value, second.value),
        }
    }

    pub(super) fn words(self) -> String {
        match self {
            Self::Equal => "no difference shown".into(),
            Self::Unknown => "too few messages to tell".into(),
            Self::Different(first, second) => {
                let word = if second > first { "higher" } else { "lower" };
                // A ratio of negative values says nothing, so their difference is told.
                match first > 0.0 && second > 0.0 {
                    true => format!("B is {word}, {:.2} times A", second / first),
                    false => format!("B is {word} by {:.3}", (second - first).abs()),
                }
            }
        }
    }

    /// What all quantiles say together.
    pub(super) fn all(verdicts: &[Self]) -> &'static str {
        let any = |higher: bool| {
            let mut all = verdicts.iter();
            all.any(|verdict| matches!(verdict, Self::Different(a, b) if (b > a) == higher))
        };
        match (any(true), any(false)) {
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
        assert!(matches!(verdict(1.5, 0.5), Verdict::Different(a, b) if (b / a - 1.5).abs() < 0.1));
        assert!(verdict(0.5, 0.9).words().starts_with("B is lower, 0.5"));
        assert_eq!(verdict(3.0, 0.9999), Verdict::Unknown);
        assert_eq!(
            Verdict::all(&[Verdict::Equal, Verdict::Different(1.0, 2.0)]),
            "the runs are different: B is higher"
        );
        assert_eq!(
            Verdict::all(&[Verdict::Equal, Verdict::Unknown]),
            "no difference between the runs is shown"
        );
    }

    #[test]
    fn equal_runs_are_rarely_called_different() {
        let shares = [0.1, 0.5, 0.7, 0.9, 0.99, 0.999];
        let differ = (0..500_u64).filter(|seed| {
            let [first, second] = [2 * seed, 2 * seed + 1].map(|seed| draws(3000, seed, 1.0));
            shares.into_iter().any(|share| {
                let of = |values| Bounds::of(values, share);
                matches!(
                    Verdict::of(&of(&first), &of(&second)),
                    Verdict::Different(..)
                )
            })
        });
        let differ = differ.count();
        assert!(differ <= 5, "{differ} of 500");
    }

    #[test]
    fn what_is_below_zero_is_told_by_how_much() {
        for (first, second, words) in [
            (-10.0, -12.0, "B is lower by 2.000"),
            (-12.0, -10.0, "B is higher by 2.000"),
            (0.0, 3.0, "B is higher by 3.000"),
            (-1.0, 1.0, "B is higher by 2.000"),
            (2.0, 1.0, "B is lower, 0.50 times A"),
        ] {
            assert_eq!(Verdict::Different(first, second).words(), words);
        }
        let lower = [Verdict::Different(-10.0, -12.0)];
        assert_eq!(Verdict::all(&lower), "the runs are different: B is lower");
    }

    #[test]
    fn the_picture_is_logarithmic_above_zero() {
        let bounds = Bounds {
            low: 5.0,
            value: 10.0,
            high: 20.0,
            open: (false, false),
        };
        let scale = |least, most| Scale {
            least,
            most,
            width: 10.0,
        };
        assert_eq!(bounds.line(&scale(1.0, 100.0)), "   --|-");
        assert_eq!(bounds.line(&scale(-20.0, 30.0)), "     -|--");
        assert_eq!(bounds.to_string(), "10.000 (5.000 to 20.000)");
        let open = Bounds {
            open: (true, false),
            ..bounds
        };
        assert_eq!(open.to_string(), "10.000 (? to 20.000)");
        let all = Scale::of([&bounds, &open].into_iter(), 10.0);
        assert_eq!((all.least, all.most), (5.0, 20.0));
    }
}
