//! `zipf`: ranks, of which the first are by far the most frequent.
//!
//! The first ranks come from an alias table with their exact weights. All others are one more
//! entry of that table; within it the power law is inverted and rounded, which is exact to
//! `s (s + 1) / (24 · 1024²)` of a weight: 1e-7 for an exponent of 1.1. So any number of ranks needs
//! 16 KiB, no rejection and one random number a row.

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::interval::positive;
use crate::column::distribution::numeric_type::{DistributionOptions, NumericType, column};
use crate::column::distribution::sampler::{Sampler, again};
use crate::column::random::weighted_choice::WeightedChoice;
use crate::dispatched;
use crate::error::Problem;
use crate::kernel::math::{exp, ln_1p, nearest, open_unit};
use crate::place::{Number, Placed, Scalar};

/// The ranks that have weights of their own.
const HEAD: u64 = 1024;

/// From this many numbers on, a float no longer holds each of them: 2^53.
const MOST: f64 = 9_007_199_254_740_992.0;

/// Whole numbers of which the first are the most frequent: the r-th stands `r^exponent` times more
/// rarely than the first.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Zipf {
    /// How fast numbers become rare: 1 is the classic law of words and cities.
    exponent: Placed<Number>,
    /// The most frequent number (default 1).
    min: Option<Scalar>,
    /// The greatest and rarest number; needed unless what the numbers count has an end itself.
    max: Option<Scalar>,
}

#[derive(Debug)]
struct ZipfSampler {
    min: f64,
    count: u64,
    head: WeightedChoice,
    tail: Option<ZipfTail>,
    mean: f64,
}

/// The power law from half a step below its first rank to half a step above its last.
#[derive(Debug, Clone, Copy)]
struct ZipfTail {
    start: f64,
    end: f64,
    /// 1 - exponent.
    power: f64,
    /// `(end / start)^power - 1`, or for a power of 0 the logarithm of `end / start`.
    growth: f64,
}

impl Generator for Zipf {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        column(self, "zipf", build)
    }
}

impl DistributionOptions for Zipf {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let exponent = positive("exponent", &self.exponent)?;
        let value =
            |scalar: &Option<Scalar>| scalar.as_ref().map(|at| numeric_type.value(at)).transpose();
        let (least, most) = (
            numeric_type.room.map(|room| room.0),
            numeric_type.room.map(|room| room.1),
        );
        let min = value(&self.min)?.unwrap_or(least.map_or(1.0, |least| least as f64));
        let max = value(&self.max)?.or(most.map(|most| most as f64));
        let Some(max) = max else {
            return Err(Problem::new(
                "`zipf` needs `max`, the greatest of its numbers",
            ));
        };
        let count = max.floor() - min.ceil() + 1.0;
        if count < 1.0 {
            let problem = Problem::new(format!("`max` ({max}) is below `min` ({min})"));
            let written = self.max.as_ref().or(self.min.as_ref());
            return Err(match written {
                Some(scalar) => problem.at(&scalar.place),
                None => problem,
            });
        }
        if count > MOST || min.abs() > MOST || max.abs() > MOST {
            let problem = Problem::new(format!("`zipf` has numbers up to 2^53, found {max:e}"));
            return Err(problem.hint("set its `max`"));
        }
        Ok(Arc::new(ZipfSampler::new(
            exponent,
            min.ceil(),
            count as u64,
        )?))
    }

    fn default_type(&self) -> DataType {
        DataType::Int64
    }
}

impl ZipfSampler {
    fn new(exponent: f64, min: f64, count: u64) -> Result<Self, String> {
        let head = count.min(HEAD);
        let weight = |rank: u64| libm::pow(rank as f64, -exponent);
        let mut weights: Vec<f64> = (1..=head).map(weight).collect();
        let mut sum: f64 = (1..=head).map(|rank| rank as f64 * weight(rank)).sum();
        let tail = (count > head).then(|| ZipfTail::new(1.0 - exponent, head, count));
        if let Some(tail) = tail {
            // The tail is one more entry of the alias table: whether a row is in it takes no second
            // random number.
            weights.push(tail.integral());
            sum += ZipfTail::new(2.0 - exponent, head, count).integral();
        }
        let total: f64 = weights.iter().sum();
        Ok(Self {
            min,
            count,
            head: WeightedChoice::new(&weights)?,
            tail,
            mean: min - 1.0 + sum / total,
        })
    }
}

impl ZipfTail {
    fn new(power: f64, head: u64, count: u64) -> Self {
        let (start, end) = (head as f64 + 0.5, count as f64 + 0.5);
        let span = libm::log(end / start);
        // Within 1e-12 of 0 the limit differs by less than the last bits.
        let power = if power.abs() < 1e-12 { 0.0 } else { power };
        let growth = match power {
            0.0 => span,
            // `(end / start)^power - 1` loses its digits to the subtraction where the power is near
            // 0, which is an exponent near 1, the most usual one.
            _ => libm::expm1(power * span),
        };
        Self {
            start,
            end,
            power,
            growth,
        }
    }

    /// The integral of `x^(power - 1)` from start to end: what the ranks in it weigh together.
    fn integral(&self) -> f64 {
        match self.power {
            0.0 => self.growth,
            power => libm::pow(self.start, power) * self.growth / power,
        }
    }
}

dispatched! {
    /// Turns random numbers into ranks.
    fn invert(tail: ZipfTail, random: &[u64], out: &mut [f64]) {
        let (first, last) = (tail.start + 0.5, tail.end - 0.5);
        for (out, random) in out.iter_mut().zip(random) {
            let share = open_unit(*random) * tail.growth;
            let exponent = if tail.power == 0.0 { share } else { ln_1p(share) / tail.power };
            let rank = nearest(tail.start * exp(exponent)) as f64;
            let rank = if rank < first { first } else { rank };
            *out = if rank > last { last } else { rank };
        }
    }
}

impl Sampler for ZipfSampler {
    fn fill(&self, random: &[u64], out: &mut [f64]) {
        let (mut places, mut rest) = (Vec::new(), Vec::new());
        for (index, (out, random)) in out.iter_mut().zip(random).enumerate() {
            let rank = self.head.pick(*random);
            *out = self.min + f64::from(rank);
            if u64::from(rank) == HEAD {
                places.push(index);
                rest.push(again(*random));
            }
        }
        let Some(tail) = self.tail else { return };
        let mut ranks = vec![0.0; rest.len()];
        invert(tail, &rest, &mut ranks);
        for (place, rank) in places.iter().zip(ranks) {
            out[*place] = self.min + (rank - 1.0);
        }
    }
    fn range(&self) -> (f64, f64) {
        (self.min, self.min + (self.count - 1) as f64)
    }
    fn mean(&self) -> f64 {
        self.mean
    }
}
