//! `pareto`: sizes of which a few are very large, such as incomes or files.

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
use crate::kernel::math::{exp, ln};
use crate::place::{Number, Placed, Scalar};

/// Numbers from `scale` on that exceed `x` with probability `(scale / x)^shape`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pareto {
    /// The least number of the distribution.
    scale: Placed<Number>,
    /// How fast large numbers become rare; 1.16 gives a fifth of the rows four fifths of the sum.
    shape: Placed<Number>,
    /// The least number.
    min: Option<Scalar>,
    /// The greatest number.
    max: Option<Scalar>,
    /// What becomes of numbers outside `min` and `max` (default `truncate`).
    bounds: Option<Placed<OutOfBounds>>,
}

impl Generator for Pareto {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        column(self, "pareto", build)
    }
}

impl DistributionOptions for Pareto {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let (least, shape) = (
            positive("scale", &self.scale)?,
            positive("shape", &self.shape)?,
        );
        let (min, max) = (self.min.as_ref(), self.max.as_ref());
        let interval = Interval::read(numeric_type, min, max, self.bounds.as_ref())?;
        // The probability of more than `x`, which is small where the numbers are large.
        let more = |x: f64| libm::pow(least / x.max(least), shape);
        interval.sampler(invert, [least, -1.0 / shape], more)
    }
}

dispatched! {
    fn invert(clip: Clip, parameters: [f64; 2], random: &[u64], out: &mut [f64]) {
        let [least, power] = parameters;
        for (out, random) in out.iter_mut().zip(random) {
            *out = clip.clamp(least * exp(power * ln(clip.probability(*random))));
        }
    }
}
