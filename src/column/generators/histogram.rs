//! `histogram`: a measured distribution, even within each of its buckets.

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::numeric_type::{DistributionOptions, NumericType, column};
use crate::column::distribution::sampler::{Sampler, again};
use crate::column::random::hash::{below, unit};
use crate::column::random::weighted_choice::WeightedChoice;
use crate::column::values::scalar::{infer, width};
use crate::error::Problem;
use crate::kernel::math::nearest;
use crate::place::{Number, Placed, Scalar};

/// Numbers, dates or times by weighted buckets, even within each.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// Where buckets begin, rising, and where the last one ends. A value that is an edge belongs to
    /// the bucket it begins; only the last edge belongs to the bucket it ends.
    edges: Placed<Vec<Scalar>>,
    /// The weight of each bucket: one fewer than edges.
    weights: Placed<Vec<Number>>,
}

#[derive(Debug)]
struct HistogramSampler {
    alias: WeightedChoice,
    buckets: Vec<Bucket>,
    weights: Vec<f64>,
    step: f64,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    min: f64,
    max: f64,
    /// How many values it holds; unused without a step.
    count: u64,
}

impl Generator for Histogram {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        column(self, "histogram", build)
    }
}

impl DistributionOptions for Histogram {
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem> {
        let edges = self.edges.iter().map(|edge| numeric_type.value(edge));
        let edges: Vec<f64> = edges.collect::<Result<_, _>>()?;
        let falls = edges.windows(2).position(|pair| pair[1] <= pair[0]);
        if let Some(at) = falls {
            let edge = &self.edges[at + 1];
            let text = edge.text.as_deref().unwrap_or_default();
            let message = format!("`edges` must rise, but {text} is not above the one before it");
            return Err(Problem::new(message).at(&edge.place));
        }
        for (pair, edge) in edges.windows(2).zip(self.edges.iter().skip(1)) {
            width(pair[0], pair[1], edge)?;
        }
        let weights: Vec<f64> = self.weights.iter().map(|weight| weight.0).collect();
        if edges.len() != weights.len() + 1 || weights.is_empty() {
            let (edges, weights) = (edges.len(), weights.len());
            let message = format!("{edges} edges need one weight fewer, found {weights}");
            return Err(Problem::new(message).at(&self.weights.place));
        }
        let wrong = |message: String| Problem::new(message).at(&self.weights.place);
        let alias = WeightedChoice::new(&weights).map_err(wrong)?;
        Ok(Arc::new(HistogramSampler {
            alias,
            buckets: buckets(&edges, numeric_type.step()),
            weights,
            step: numeric_type.step(),
        }))
    }

    fn default_type(&self) -> DataType {
        infer(&self.edges)
    }

    fn origin(&self) -> Option<&Scalar> {
        self.edges.first()
    }
}

fn buckets(edges: &[f64], step: f64) -> Vec<Bucket> {
    let last = edges.len() - 2;
    let bucket = |(index, pair): (usize, &[f64])| {
        let (min, next) = (pair[0], pair[1]);
        if step == 0.0 {
            return Bucket {
                min,
                max: next,
                count: 0,
            };
        }
        let count = nearest((next - min) / step) as u64 + u64::from(index == last);
        let max = min + (count - 1) as f64 * step;
        Bucket { min, max, count }
    };
    edges.windows(2).enumerate().map(bucket).collect()
}

impl Sampler for HistogramSampler {
    fn fill(&self, random: &[u64], out: &mut [f64]) {
        for (out, random) in out.iter_mut().zip(random) {
            let bucket = self.buckets[self.alias.pick(*random) as usize];
            // Other bits than those that chose the bucket, or the place within it would follow from
            // the choice.
            let within = again(*random);
            *out = if self.step == 0.0 {
                (bucket.min + (bucket.max - bucket.min) * unit(within)).min(bucket.max)
            } else {
                bucket.min + below(within, bucket.count) as f64 * self.step
            };
        }
    }
    fn range(&self) -> (f64, f64) {
        let weighty = |(bucket, weight): (&Bucket, &f64)| (*weight > 0.0).then_some(*bucket);
        let used: Vec<Bucket> = self
            .buckets
            .iter()
            .zip(&self.weights)
            .filter_map(weighty)
            .collect();
        let min = used.first().map_or(0.0, |bucket| bucket.min);
        (min, used.last().map_or(min, |bucket| bucket.max))
    }
    fn mean(&self) -> f64 {
        let middle = |bucket: &Bucket| bucket.min + (bucket.max - bucket.min) / 2.0;
        let parts = self.buckets.iter().zip(&self.weights);
        let sum: f64 = parts.map(|(bucket, weight)| weight * middle(bucket)).sum();
        sum / self.weights.iter().sum::<f64>()
    }
}
