//! How values are spread, in a few kilobytes.

use std::sync::Mutex;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::sync::lock;

/// A distribution in a few numbers; all are 0 while nothing was measured.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// Half of them were at most this.
    pub p50: u64,
    /// 95 of 100 were at most this.
    pub p95: u64,
    /// 99 of 100 were at most this.
    pub p99: u64,
    /// The greatest one.
    pub max: u64,
    /// All of them together.
    #[serde(skip)]
    pub sum: u64,
    /// How many lie between the bound before and this one, it included.
    #[serde(skip)]
    pub buckets: Vec<(u64, u64)>,
}

/// Values on a logarithmic scale: two digits of each are kept, which takes some kilobytes.
#[derive(Debug, Default)]
pub(super) struct Distribution(Mutex<Option<Measured>>);

#[derive(Debug)]
struct Measured {
    histogram: Histogram<u64>,
    sum: u64,
    /// How many lie between the bound before and this one, it included: two digits do not tell that.
    buckets: Vec<u64>,
}

impl Distribution {
    pub(super) fn record(&self, value: u64, bounds: &[u64]) {
        let mut measured = lock(&self.0);
        // HdrHistogram with two digits: a percentile is off by 1 % at most. It grows by itself; one
        // that was asked to saturate never grew, and counted all above 255 as 2.
        if measured.is_none() {
            *measured = Histogram::new(2).ok().map(|histogram| Measured {
                histogram,
                sum: 0,
                buckets: vec![0; bounds.len()],
            });
        }
        if let Some(measured) = measured.as_mut() {
            // The histogram resizes itself; recording fails only where there is no memory for that.
            measured.histogram.record(value).ok();
            measured.sum = measured.sum.saturating_add(value);
            // Counted beside the histogram: read from its two digits, a value near a bound stood in
            // two buckets.
            let bucket = bounds.partition_point(|bound| *bound < value);
            if let Some(count) = measured.buckets.get_mut(bucket) {
                *count += 1;
            }
        }
    }

    pub(super) fn quantiles(&self, bounds: &[u64]) -> Quantiles {
        let measured = lock(&self.0);
        let Some(measured) = measured.as_ref() else {
            return Quantiles {
                buckets: bounds.iter().map(|bound| (*bound, 0)).collect(),
                ..Quantiles::default()
            };
        };
        let histogram = &measured.histogram;
        let counts = measured.buckets.iter().copied();
        Quantiles {
            count: histogram.len(),
            p50: histogram.value_at_quantile(0.5),
            p95: histogram.value_at_quantile(0.95),
            p99: histogram.value_at_quantile(0.99),
            max: histogram.max(),
            sum: measured.sum,
            buckets: bounds.iter().copied().zip(counts).collect(),
        }
    }
}
