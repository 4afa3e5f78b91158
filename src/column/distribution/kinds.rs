//! How many, or how much: a distribution as an option of other generators, such as the children
//! of a parent, the items of a list, the bytes of a value.

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use super::number_choice;
use super::numeric_type::{DistributionOptions, NumericType};
use super::sampler::{ConstantSampler, Sampler, SteppedSampler, UniformSampler};
use crate::column::generators::{exponential, histogram, lognormal, normal, pareto, poisson, zipf};
use crate::column::values::scalar::width;
use crate::error::Problem;
use crate::kernel::math::nearest;
use crate::place::{Number, Place, Scalar, Value, by_node, decode};
use crate::registry;
use crate::units::{compute, number};

/// How many, or how much: `3`, `{ uniform: { min: 1, max: 7 } }`, `{ poisson: { mean: 3 } }`,
/// `{ zipf: { exponent: 1.1 } }`, `{ choice: { 1: 5, 2: 1 } }`, and so on.
#[derive(Debug, Clone)]
pub enum Distribution {
    /// Always the same.
    Constant(Scalar),
    /// Any other.
    Kind(Box<DistributionKind>),
}

registry! {
    /// A distribution of numbers.
    pub enum DistributionKind: DistributionOptions {
        "choice" => Choice(number_choice::NumberChoice): "choice: { 1: 5, 2: 3, 10: 1 }",
        "exponential" => Exponential(exponential::Exponential): "exponential: { mean: 12.5, max: 600 }",
        "histogram" => Histogram(histogram::Histogram): "histogram: { edges: [18, 25, 40, 65], weights: [2, 5, 3] }",
        "lognormal" => Lognormal(lognormal::Lognormal): "lognormal: { median: 40, p99: 900, min: 1, max: 5000 }",
        "normal" => Normal(normal::Normal): "normal: { mean: 170, stddev: 9, min: 100, max: 250 }",
        "pareto" => Pareto(pareto::Pareto): "pareto: { scale: 1, shape: 1.16, max: 100_000 }",
        "poisson" => Poisson(poisson::Poisson): "poisson: { mean: 3.5 }",
        "uniform" => Uniform(Between): "uniform: { min: 1, max: 7 }",
        "zipf" => Zipf(zipf::Zipf): "zipf: { exponent: 1.1, max: 1_000_000 }",
    }
}

/// Numbers that are equally likely from `min` to `max`, both included.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// The least number.
    min: Scalar,
    /// The greatest number.
    max: Scalar,
}

/// Whole numbers, each a pure function of 64 random bits.
#[derive(Debug, Clone)]
pub struct CountSampler {
    sampler: Arc<dyn Sampler>,
    least: u64,
    most: u64,
}

impl Distribution {
    /// Whole numbers, all within `least` and `most`. A `zipf` without bounds of its own takes
    /// these: `least` is its most frequent number.
    ///
    /// # Errors
    /// Wrong options, or numbers outside `least` and `most`.
    pub fn counts(&self, place: &Place, least: u64, most: u64) -> Result<CountSampler, Problem> {
        let mut numeric_type = NumericType::of(DataType::Int64, None)?;
        // For distributions that have no end of their own but can take this one, such as `zipf`.
        numeric_type.room = Some((least, most));
        let sampler = self
            .sampler(&numeric_type)
            .map_err(|problem| problem.at(place))?;
        let (low, high) = sampler.range();
        // Asked before the first row, of the law's own ends: no row can then have a number that its
        // place has no room for.
        let (first, last) = (numeric_type.integer(low), numeric_type.integer(high));
        if first >= i128::from(least) && last <= i128::from(most) {
            // Both ends lie within `least` and `most`.
            let (least, most) = (first as u64, last as u64);
            return Ok(CountSampler {
                sampler,
                least,
                most,
            });
        }
        let reached = if first < least.into() { low } else { high };
        let possible = match most {
            u64::MAX => format!("{least} and more"),
            _ => format!("{least} to {most}"),
        };
        let (kind, reached) = (self.kind(), numeric_type.show(reached));
        let message =
            format!("`{kind}` reaches {reached}, outside what is possible here: {possible}");
        let fixed = matches!(kind, "constant" | "choice" | "histogram");
        let hint = (!fixed).then(|| "set its `min` and `max`".to_string());
        Err(Problem::new(message).at(place).maybe_hint(hint))
    }

    /// Its numbers, on the scale of a type.
    ///
    /// # Errors
    /// Options that no law has.
    pub fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        match self {
            Self::Constant(value) => Ok(Arc::new(ConstantSampler(numeric_type.value(value)?))),
            Self::Kind(kind) => kind.sampler(numeric_type),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Constant(_) => "constant",
            Self::Kind(kind) => kind.kind(),
        }
    }
}

impl CountSampler {
    /// The number for 64 random bits.
    pub fn draw(&self, random: u64) -> u64 {
        self.whole(self.sampler.draw(random))
    }

    /// The number for each of `random`: what `draw` gives, faster.
    pub fn fill(&self, random: &[u64], out: &mut [u64]) {
        let mut numbers = vec![0.0; random.len()];
        self.sampler.fill(random, &mut numbers);
        for (out, number) in out.iter_mut().zip(numbers) {
            *out = self.whole(number);
        }
    }

    /// The least and the greatest number.
    pub fn range(&self) -> (u64, u64) {
        (self.least, self.most)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        self.sampler.mean()
    }

    fn whole(&self, number: f64) -> u64 {
        (nearest(number) as u64).clamp(self.least, self.most)
    }
}

impl DistributionOptions for Between {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let (min, max) = (
            numeric_type.value(&self.min)?,
            numeric_type.last(&self.max)?,
        );
        if max < min {
            let message = format!("`max` ({max}) is below `min` ({min})");
            return Err(Problem::new(message).at(&self.max.place));
        }
        let step = numeric_type.step();
        if step == 0.0 {
            width(min, max, &self.max)?;
            return Ok(Arc::new(UniformSampler { min, max }));
        }
        let count = nearest((max - min) / step) as u64 + 1;
        Ok(Arc::new(SteppedSampler { min, step, count }))
    }
}

by_node!(
    Distribution,
    |node| {
        match &node.value {
            Value::Scalar { text, filled, .. }
                if number(text).is_some() || *filled && compute(text).is_some() =>
            {
                decode(node).map(Distribution::Constant)
            }
            _ => decode(node).map(|kind| Distribution::Kind(Box::new(kind))),
        }
    },
    |generator| {
        let number = generator.subschema_for::<Number>();
        let kind = generator.subschema_for::<DistributionKind>();
        json_schema!({
            "description": "How many, or how much: a number, or a distribution of numbers.",
            "anyOf": [number, kind]
        })
    }
);
