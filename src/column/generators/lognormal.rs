//! `lognormal`: amounts, sizes and durations, whose logarithm follows the bell curve.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use super::normal::{below, standard};
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::interval::{Clip, Interval, OutOfBounds, positive};
use crate::column::distribution::numeric_type::{DistributionOptions, NumericType, column};
use crate::column::distribution::sampler::Sampler;
use crate::dispatched;
use crate::error::Problem;
use crate::kernel::math::exp;
use crate::place::{Number, Placed, Scalar};

/// The normal variable below which 99 of 100 lie.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// Amounts, sizes, durations: numbers above 0 with a few large ones.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lognormal {
    /// The number that half of the rows are below; with `p99`, or give `mu` and `sigma`.
    median: Option<Placed<Number>>,
    /// The number that 99 of 100 rows are below; with `median`.
    p99: Option<Placed<Number>>,
    /// The mean of the logarithm; with `sigma`, or give `median` and `p99`.
    mu: Option<Placed<Number>>,
    /// The standard deviation of the logarithm; with `mu`.
    sigma: Option<Placed<Number>>,
    /// The least number.
    min: Option<Scalar>,
    /// The greatest number.
    max: Option<Scalar>,
    /// What becomes of numbers outside `min` and `max` (default `truncate`).
    bounds: Option<Placed<OutOfBounds>>,
}

impl Generator for Lognormal {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        column(self, "lognormal", build)
    }
}

impl DistributionOptions for Lognormal {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let (mu, sigma) = self.logarithm()?;
        let (min, max) = (self.min.as_ref(), self.max.as_ref());
        let interval = Interval::read(numeric_type, min, max, self.bounds.as_ref())?;
        let from_mean = |x: f64| (libm::log(x.max(0.0)) - mu) / sigma;
        // Mirrored above the mean, as in `normal`.
        if from_mean(interval.ends().0) > 0.0 {
            let more = |x: f64| below(-from_mean(x));
            return interval.sampler(invert, [mu, -sigma], more);
        }
        interval.sampler(invert, [mu, sigma], |x| below(from_mean(x)))
    }
}

impl Lognormal {
    /// Mean and standard deviation of the logarithm.
    fn logarithm(&self) -> Result<(f64, f64), Problem> {
        match (&self.median, &self.p99, &self.mu, &self.sigma) {
            (Some(median), Some(p99), None, None) => {
                let (low, high) = (positive("median", median)?, positive("p99", p99)?);
                if high <= low {
                    let message = format!("`p99` ({high}) must be above `median` ({low})");
                    return Err(Problem::new(message).at(&p99.place));
                }
                Ok((libm::log(low), libm::log(high / low) / NORMAL_P99))
            }
            (None, None, Some(mu), Some(sigma)) => Ok((mu.value.0, positive("sigma", sigma)?)),
            _ => Err(Problem::new(
                "`lognormal` needs either `median` and `p99`, or `mu` and `sigma`",
            )),
        }
    }
}

fn invert(clip: Clip, parameters: [f64; 2], random: &[u64], out: &mut [f64]) {
    standard(clip, random, out);
    raise(clip, parameters, out);
}

dispatched! {
    fn raise(clip: Clip, parameters: [f64; 2], out: &mut [f64]) {
        let [mu, sigma] = parameters;
        for out in out {
            *out = clip.clamp(exp(mu + sigma * *out));
        }
    }
}
