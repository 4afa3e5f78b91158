//! `min`, `max` and `bounds` of a distribution: what becomes of numbers outside.
//!
//! To truncate is to draw from the conditional distribution, by inverting the distribution
//! function on the interval of probabilities between the two ends: nothing is drawn and thrown
//! away, so a row needs one random number, and the ends are exact.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::numeric_type::NumericType;
use super::sampler::Sampler;
use crate::error::Problem;
use crate::kernel::math::open_unit;
use crate::place::{Number, Place, Placed, Scalar};

/// What becomes of numbers outside `min` and `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutOfBounds {
    /// They are never drawn: the rest of the distribution keeps its shape.
    Truncate,
    /// They become `min` or `max`, which so become more frequent.
    Clamp,
}

/// The bounds that the options set, on the scale of the column's type.
#[derive(Debug, Clone, Copy)]
pub struct Interval {
    /// The least number.
    pub min: Option<f64>,
    /// The greatest number.
    pub max: Option<f64>,
    /// Numbers outside become the ends.
    pub clamp: bool,
    /// What lies so near outside is rounded to the ends.
    half_step: f64,
}

/// An interval of probabilities, and the ends of the numbers made from it.
#[derive(Debug, Clone, Copy)]
pub struct Clip {
    first: f64,
    width: f64,
    min: f64,
    max: f64,
}

/// Turns probabilities from a clip into numbers, with the law's two parameters.
pub type QuantileFunction = fn(Clip, [f64; 2], &[u64], &mut [f64]);

/// A law that inverts its distribution function.
#[derive(Debug, Clone, Copy)]
pub struct TruncatedSampler {
    clip: Clip,
    parameters: [f64; 2],
    kernel: QuantileFunction,
}

impl Interval {
    /// Reads the options.
    ///
    /// # Errors
    /// A bound that is not of the type, or bounds that leave nothing.
    pub fn read(
        numeric_type: &NumericType,
        min: Option<&Scalar>,
        max: Option<&Scalar>,
        bounds: Option<&Placed<OutOfBounds>>,
    ) -> Result<Self, Problem> {
        let place = max.or(min).map(|scalar| scalar.place.clone());
        if let (Some(bounds), None) = (bounds, &place) {
            let problem = Problem::new("`bounds` needs `min` or `max`");
            return Err(problem.at(&bounds.place));
        }
        let interval = Self {
            min: min.map(|min| numeric_type.value(min)).transpose()?,
            max: max.map(|max| numeric_type.last(max)).transpose()?,
            clamp: bounds.is_some_and(|bounds| bounds.value == OutOfBounds::Clamp),
            half_step: numeric_type.step() / 2.0,
        };
        match (interval.min, interval.max, max, min) {
            (Some(low), Some(high), Some(max), Some(min)) if high < low => {
                let text = |scalar: &Scalar| scalar.text.clone().unwrap_or_default();
                let (min, place, max) = (text(min), &max.place, text(max));
                let message = format!("`max` ({max}) is below `min` ({min})");
                Err(Problem::new(message).at(place))
            }
            _ => Ok(interval),
        }
    }

    /// The ends between which numbers are drawn: with rounding, half a step beyond `min` and `max`.
    pub fn ends(&self) -> (f64, f64) {
        let outside = |end: Option<f64>, other: f64, half: f64| match end {
            Some(end) if !self.clamp => end + half,
            _ => other,
        };
        (
            // With rounding each value stands for half a step on both sides: without it the ends
            // would come half as often as their neighbours.
            outside(self.min, f64::NEG_INFINITY, -self.half_step),
            outside(self.max, f64::INFINITY, self.half_step),
        )
    }

    /// A law of `kernel`, whose probabilities are those of `probability`: the distribution
    /// function or its complement, whichever is small where the numbers lie.
    ///
    /// # Errors
    /// Nothing can be drawn between the bounds.
    pub fn sampler(
        &self,
        kernel: QuantileFunction,
        parameters: [f64; 2],
        probability: impl Fn(f64) -> f64,
    ) -> Result<Arc<dyn Sampler>, Problem> {
        let (low, high) = self.ends();
        // The tail whose probabilities are small keeps all digits of a float; near 1 they would be
        // rounded away.
        let (first, last) = (probability(low), probability(high));
        let clip = Clip {
            first,
            width: last - first,
            min: self.min.unwrap_or(f64::NEG_INFINITY),
            max: self.max.unwrap_or(f64::INFINITY),
        };
        // The least normal float is 2e-308: probabilities near it have lost their digits.
        if clip.width.abs() < 1e-290 {
            return Err(nothing());
        }
        let mut sampler = TruncatedSampler {
            clip,
            parameters,
            kernel,
        };
        // The ends of the random numbers give the ends of the numbers.
        // They, and not `min` and `max`, are what the column's statistics promise: a bound far out
        // in the tail is never drawn.
        let (one, other) = (sampler.draw(0), sampler.draw(u64::MAX));
        (sampler.clip.min, sampler.clip.max) = (one.min(other), one.max(other));
        Ok(Arc::new(sampler))
    }
}

/// An option that must be above 0.
///
/// # Errors
/// It is not.
pub fn positive(name: &str, number: &Placed<Number>) -> Result<f64, Problem> {
    positive_number(name, number.value.0, &number.place)
}

/// The same for a number that has been read already.
///
/// # Errors
/// It is not above 0.
pub fn positive_number(name: &str, number: f64, place: &Place) -> Result<f64, Problem> {
    if number > 0.0 {
        return Ok(number);
    }
    let message = format!("`{name}` must be above 0, found {number}");
    Err(Problem::new(message).at(place))
}

/// No number lies between the bounds.
pub fn nothing() -> Problem {
    Problem::new("there is next to no chance of a number between `min` and `max`")
        .hint("move them nearer to the middle of the distribution, or use `bounds: clamp`")
}

impl Clip {
    /// A probability strictly within the interval.
    #[inline(always)]
    pub fn probability(self, random: u64) -> f64 {
        self.first + self.width * open_unit(random)
    }

    /// `value`, or the end that it is beyond.
    #[inline(always)]
    pub fn clamp(self, value: f64) -> f64 {
        // Not `f64::clamp`, which panics where the ends are not in order and so does not vectorise.
        let value = if value < self.min { self.min } else { value };
        if value > self.max { self.max } else { value }
    }
}

impl Sampler for TruncatedSampler {
    fn fill(&self, random: &[u64], out: &mut [f64]) {
        (self.kernel)(self.clip, self.parameters, random, out);
    }
    fn range(&self) -> (f64, f64) {
        (self.clip.min, self.clip.max)
    }
}
