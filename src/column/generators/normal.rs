//! `normal`: the bell curve.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::interval::{Clip, Interval, OutOfBounds, positive_number};
use crate::column::distribution::numeric_type::{DistributionOptions, NumericType, column};
use crate::column::distribution::sampler::Sampler;
use crate::dispatched;
use crate::error::Problem;
use crate::kernel::normal::normal_quantiles;
use crate::place::{Placed, Scalar};

/// Numbers, dates or times around a mean: the bell curve.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normal {
    /// The mean.
    mean: Scalar,
    /// The standard deviation; for dates and times a duration: `12h`.
    stddev: Scalar,
    /// The least value.
    min: Option<Scalar>,
    /// The greatest value.
    max: Option<Scalar>,
    /// What becomes of values outside `min` and `max` (default `truncate`).
    bounds: Option<Placed<OutOfBounds>>,
}

impl Generator for Normal {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        column(self, "normal", build)
    }
}

impl DistributionOptions for Normal {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let mean = numeric_type.location(&self.mean)?;
        let stddev = numeric_type.distance(&self.stddev)?;
        let stddev = positive_number("stddev", stddev, &self.stddev.place)?;
        let (min, max) = (self.min.as_ref(), self.max.as_ref());
        let interval = Interval::read(numeric_type, min, max, self.bounds.as_ref())?;
        let from_mean = |x: f64| (x - mean) / stddev;
        // Above the mean probabilities crowd below 1, where floats have no digits left to tell them
        // apart. Mirrored they are small, and exact far out in the tail.
        if interval.ends().0 > mean {
            let more = |x: f64| below(-from_mean(x));
            return interval.sampler(invert, [mean, -stddev], more);
        }
        interval.sampler(invert, [mean, stddev], |x| below(from_mean(x)))
    }

    fn origin(&self) -> Option<&Scalar> {
        Some(&self.mean)
    }
}

/// The probability that a standard normal variable is below `x`.
pub fn below(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

/// Standard normal variables, from a clip of their probabilities.
pub fn standard(clip: Clip, random: &[u64], out: &mut [f64]) {
    probabilities(clip, random, out);
    normal_quantiles(out);
}

fn invert(clip: Clip, parameters: [f64; 2], random: &[u64], out: &mut [f64]) {
    standard(clip, random, out);
    spread(clip, parameters, out);
}

dispatched! {
    fn probabilities(clip: Clip, random: &[u64], out: &mut [f64]) {
        for (out, random) in out.iter_mut().zip(random) {
            *out = clip.probability(*random);
        }
    }
    fn spread(clip: Clip, parameters: [f64; 2], out: &mut [f64]) {
        let [mean, stddev] = parameters;
        for out in out {
            *out = clip.clamp(mean + stddev * *out);
        }
    }
}
