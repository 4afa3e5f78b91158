//! `exponential`: times between events, lifetimes, and other numbers without memory.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::interval::{Clip, Interval, OutOfBounds, positive};
use crate::column::distribution::numeric_type::{DistributionOptions, NumericType, column};
use crate::column::distribution::sampler::Sampler;
use crate::dispatched;
use crate::error::Problem;
use crate::kernel::math::ln;
use crate::place::{Number, Placed, Scalar};

/// Numbers from 0 on whose frequency falls exponentially: times between events.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exponential {
    /// The mean; or give `rate`.
    mean: Option<Placed<Number>>,
    /// One divided by the mean; or give `mean`.
    rate: Option<Placed<Number>>,
    /// The least number.
    min: Option<Scalar>,
    /// The greatest number.
    max: Option<Scalar>,
    /// What becomes of numbers outside `min` and `max` (default `truncate`).
    bounds: Option<Placed<OutOfBounds>>,
}

impl Generator for Exponential {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        column(self, "exponential", build)
    }
}

impl DistributionOptions for Exponential {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let mean = match (&self.mean, &self.rate) {
            (Some(mean), None) => positive("mean", mean)?,
            (None, Some(rate)) => 1.0 / positive("rate", rate)?,
            _ => return Err(Problem::new("`exponential` needs either `mean` or `rate`")),
        };
        let (min, max) = (self.min.as_ref(), self.max.as_ref());
        let interval = Interval::read(numeric_type, min, max, self.bounds.as_ref())?;
        // The probability of more than `x`, which is small where the numbers are large.
        let more = |x: f64| libm::exp(-x.max(0.0) / mean);
        interval.sampler(invert, [-mean, 0.0], more)
    }
}

dispatched! {
    fn invert(clip: Clip, parameters: [f64; 2], random: &[u64], out: &mut [f64]) {
        let [negative_mean, _] = parameters;
        for (out, random) in out.iter_mut().zip(random) {
            *out = clip.clamp(negative_mean * ln(clip.probability(*random)));
        }
    }
}
