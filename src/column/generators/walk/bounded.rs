//! Sums of steps between two ends, as integers.
//!
//! A row does `x → clamp(x + s, low, high)` to the value before it. Such functions compose: any number of
//! them, one after the other, is a single one of the same kind. So a block of rows is three numbers.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array};
use arrow::datatypes::DataType;

use crate::column::before::carried::Scan;
use crate::column::distribution::sampler::Sampler;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::error::Result;
use crate::kernel::math::round;

/// How integers stand for values.
pub(super) struct Places {
    /// Integers in 1.
    pub(super) factor: f64,
    pub(super) start: i64,
    pub(super) low: i64,
    pub(super) high: i64,
    /// Of floats: the value at 0, that of 1, and the ends.
    pub(super) real: Option<(f64, f64, f64, f64)>,
    pub(super) data_type: DataType,
}

/// A walk of random steps.
pub(super) struct BoundedWalk {
    key: Key,
    steps: Arc<dyn Sampler>,
    places: Places,
}

/// Some steps, one after the other.
pub(in crate::column) struct Moved {
    by: i128,
    low: i64,
    high: i64,
}

impl BoundedWalk {
    pub(super) fn new(key: Key, steps: Arc<dyn Sampler>, places: Places) -> Self {
        Self { key, steps, places }
    }

    #[inline(always)]
    fn moved(&self, from: i64, by: i64) -> i64 {
        // What saturates is beyond either end, and so is what it stands for.
        let to = from.saturating_add(by);
        if to < self.places.low {
            self.places.low
        } else if to > self.places.high {
            self.places.high
        } else {
            to
        }
    }
}

impl Scan for BoundedWalk {
    type State = i64;
    type Steps = Vec<i64>;
    type Block = Moved;
    type Value = i64;

    fn steps(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<Vec<i64>> {
        let random = self.key.fill(rows);
        let mut steps = vec![0.0; random.len()];
        self.steps.fill(&random, &mut steps);
        let mut rounded = vec![0; steps.len()];
        round(&steps, self.places.factor, 0, &mut rounded);
        Ok(rounded)
    }

    fn initial(&self) -> i64 {
        self.places.start
    }

    #[inline(always)]
    fn step(&self, state: &mut i64, steps: &Vec<i64>, index: usize, place: u64) {
        // The first row of a group stands at the start.
        if place > 0 {
            *state = self.moved(*state, steps[index]);
        }
    }

    #[inline(always)]
    fn value(&self, state: &i64) -> i64 {
        *state
    }

    fn block(&self, steps: &Vec<i64>, rows: Range<usize>, place: u64) -> Moved {
        let (mut by, mut low, mut high) = (0, self.places.low, self.places.high);
        for index in rows.skip(usize::from(place == 0)) {
            by += i128::from(steps[index]);
            low = self.moved(low, steps[index]);
            high = self.moved(high, steps[index]);
        }
        Moved { by, low, high }
    }

    fn apply(&self, state: &mut i64, block: &Moved) {
        let to = i128::from(*state) + block.by;
        // Within 64 bits: it is between the ends.
        *state = to.clamp(block.low.into(), block.high.into()) as i64;
    }

    fn array(&self, _: Rows<'_>, values: Vec<i64>) -> Result<ArrayRef> {
        let places = &self.places;
        let Some((start, unit, low, high)) = places.real else {
            return Ok(from_i64(&places.data_type, values));
        };
        let real = |ticks: i64| (start + ticks as f64 * unit).clamp(low, high);
        let values = values.into_iter().map(real);
        Ok(match places.data_type {
            DataType::Float32 => {
                Arc::new(Float32Array::from_iter_values(values.map(|one| one as f32)))
            }
            _ => Arc::new(Float64Array::from_iter_values(values)),
        })
    }
}
