//! Probability laws ready to be drawn from: a number for each 64 random bits, and nothing else.

use std::fmt::Debug;

use crate::column::random::hash::{below, unit};
use crate::column::random::weighted_choice::WeightedChoice;

/// Turns random bits into numbers of one distribution.
pub trait Sampler: Debug + Send + Sync {
    /// A number for each of `random`, alike whatever stands beside it.
    fn fill(&self, random: &[u64], out: &mut [f64]);

    /// The least and the greatest number that `fill` can give.
    fn range(&self) -> (f64, f64);

    /// The mean: exact, or the midpoint rule over the random bits.
    // Laws that are truncated or rounded have no closed form for their mean; the middles of 65 536
    // equal intervals give the same on every machine, and nothing is drawn.
    fn mean(&self) -> f64 {
        let step = 1 << 48;
        let random: Vec<u64> = (0..1 << 16).map(|at| at * step + step / 2).collect();
        let mut out = vec![0.0; random.len()];
        self.fill(&random, &mut out);
        out.iter().sum::<f64>() / out.len() as f64
    }

    /// The number for one random number.
    fn draw(&self, random: u64) -> f64 {
        let mut out = [0.0];
        self.fill(&[random], &mut out);
        out[0]
    }
}

/// More random bits from the same ones, for laws that have used them up: the finaliser of
/// A. Appleby's MurmurHash3.
#[inline(always)]
pub fn again(random: u64) -> u64 {
    let mut x = random;
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

/// The same number always.
#[derive(Debug)]
pub struct ConstantSampler(pub f64);

/// Any number from `min` to `max`.
#[derive(Debug)]
pub struct UniformSampler {
    /// The least.
    pub min: f64,
    /// The greatest.
    pub max: f64,
}

/// `min`, `min + step`, … `count` of them, equally likely.
#[derive(Debug)]
pub struct SteppedSampler {
    /// The least.
    pub min: f64,
    /// From one to the next.
    pub step: f64,
    /// How many.
    pub count: u64,
}

/// One of a few numbers, by weight.
#[derive(Debug)]
pub struct WeightedSampler {
    alias: WeightedChoice,
    values: Vec<f64>,
    mean: f64,
}

impl WeightedSampler {
    /// A law of `values` with `weights`.
    ///
    /// # Errors
    /// A weight is negative or not finite, or all are zero.
    pub fn new(values: Vec<f64>, weights: &[f64]) -> Result<Self, String> {
        let alias = WeightedChoice::new(weights)?;
        let total: f64 = weights.iter().sum();
        let sum: f64 = values.iter().zip(weights).map(|(v, w)| v * w).sum();
        Ok(Self {
            alias,
            mean: sum / total,
            values,
        })
    }
}

impl Sampler for ConstantSampler {
    fn fill(&self, _: &[u64], out: &mut [f64]) {
        out.fill(self.0);
    }
    fn range(&self) -> (f64, f64) {
        (self.0, self.0)
    }
    fn mean(&self) -> f64 {
        self.0
    }
}

impl Sampler for UniformSampler {
    fn fill(&self, random: &[u64], out: &mut [f64]) {
        let width = self.max - self.min;
        for (out, random) in out.iter_mut().zip(random) {
            // The sum can round to just above `max`.
            *out = (self.min + width * unit(*random)).min(self.max);
        }
    }
    fn range(&self) -> (f64, f64) {
        (self.min, self.max)
    }
    fn mean(&self) -> f64 {
        self.min + (self.max - self.min) / 2.0
    }
}

impl Sampler for SteppedSampler {
    fn fill(&self, random: &[u64], out: &mut [f64]) {
        for (out, random) in out.iter_mut().zip(random) {
            *out = self.min + self.step * below(*random, self.count) as f64;
        }
    }
    fn range(&self) -> (f64, f64) {
        (self.min, self.min + self.step * (self.count - 1) as f64)
    }
    fn mean(&self) -> f64 {
        self.min + self.step * (self.count - 1) as f64 / 2.0
    }
}

impl Sampler for WeightedSampler {
    fn fill(&self, random: &[u64], out: &mut [f64]) {
        for (out, random) in out.iter_mut().zip(random) {
            *out = self.values[self.alias.pick(*random) as usize];
        }
    }
    fn range(&self) -> (f64, f64) {
        let values = self.values.iter().copied();
        (
            values.clone().fold(f64::INFINITY, f64::min),
            values.fold(f64::NEG_INFINITY, f64::max),
        )
    }
    fn mean(&self) -> f64 {
        self.mean
    }
}
