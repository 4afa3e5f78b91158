//! `poisson`: how often something happens that happens at a constant mean rate.

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::interval::{Interval, OutOfBounds, nothing, positive};
use crate::column::distribution::numeric_type::{DistributionOptions, NumericType, column};
use crate::column::distribution::sampler::{Sampler, WeightedSampler};
use crate::error::Problem;
use crate::place::{Number, Placed, Scalar};

/// Whole numbers from 0 on: how often something happens whose mean is known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Poisson {
    /// The mean, up to 1e9.
    mean: Placed<Number>,
    /// The least number.
    min: Option<Scalar>,
    /// The greatest number.
    max: Option<Scalar>,
    /// What becomes of numbers outside `min` and `max` (default `truncate`).
    bounds: Option<Placed<OutOfBounds>>,
}

impl Generator for Poisson {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        column(self, "poisson", build)
    }
}

impl DistributionOptions for Poisson {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let mean = positive("mean", &self.mean)?;
        if mean > 1e9 {
            let message = format!("`mean` is at most 1e9, found {mean:e}");
            let problem = Problem::new(message).at(&self.mean.place);
            return Err(problem.hint("`normal` with a `stddev` of its root is the same up there"));
        }
        let (min, max) = (self.min.as_ref(), self.max.as_ref());
        let interval = Interval::read(numeric_type, min, max, self.bounds.as_ref())?;
        let (low, high) = interval.ends();
        // A truncated one has no numbers outside; half a step beyond is no whole number.
        let (low, high) = (low.max(0.0).ceil(), high.floor());
        if high < low {
            return Err(nothing());
        }
        let (first, weights) = weights(mean, low, high);
        let (min, max) = (interval.min, interval.max);
        let clamped = |value: f64| {
            let value = value.max(min.unwrap_or(value));
            value.min(max.unwrap_or(value))
        };
        let values = (0..weights.len()).map(|index| clamped(first + index as f64));
        Ok(Arc::new(WeightedSampler::new(values.collect(), &weights)?))
    }

    fn default_type(&self) -> DataType {
        DataType::Int64
    }
}

/// The first number worth a weight between `low` and `high`, and the weights from it on.
fn weights(mean: f64, low: f64, high: f64) -> (f64, Vec<f64>) {
    // Less than 2^-64 of the most frequent number: no random number of 64 bits draws it.
    const LEAST: f64 = 1e-20;
    // Each weight follows from its neighbour, so neither factorials nor powers are needed.
    let middle = mean.floor().clamp(low, high);
    let mut below = Vec::new();
    let (mut number, mut weight) = (middle, 1.0);
    while number > low && weight > LEAST {
        weight *= number / mean;
        number -= 1.0;
        below.push(weight);
    }
    let first = number;
    let mut weights: Vec<f64> = below.into_iter().rev().chain([1.0]).collect();
    (number, weight) = (middle, 1.0);
    while number < high && weight > LEAST {
        number += 1.0;
        weight *= mean / number;
        weights.push(weight);
    }
    (first, weights)
}
