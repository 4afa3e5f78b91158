//! Running totals of floats: summed up block by block, so that every batch rounds alike.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use super::{HeldAs, Total};
use crate::column::before::BLOCK;
use crate::column::before::carried::Scan;
use crate::column::rows::Rows;
use crate::error::Result;

/// A total that floats hold.
pub(super) struct RunningNumbers {
    pub(super) total: Total,
    pub(super) held: HeldAs,
}

/// The total of whole blocks, and that of the rows since.
// The sum of floats depends on the order in which they are added. Each block of a group is summed up
// from 0, and the blocks one after the other, whoever does it and wherever a batch begins.
#[derive(Debug, Clone, Copy)]
pub(in crate::column) struct Known {
    blocks: f64,
    since: f64,
    any: bool,
}

/// The zero that changes no sum, not even one of -0.
const NOTHING: f64 = -0.0;

impl RunningNumbers {
    #[inline(always)]
    fn add(&self, known: &mut Known, value: f64) {
        known.since = match self.total {
            Total::Sum | Total::Count => known.since + value,
            Total::Min if known.any => known.since.min(value),
            Total::Max if known.any => known.since.max(value),
            Total::Min | Total::Max => value,
        };
        known.any = true;
    }

    fn go(&self, known: &mut Known, values: &Float64Array, index: usize) {
        if values.is_valid(index) {
            self.add(known, values.value(index));
        }
    }
}

impl Scan for RunningNumbers {
    type State = Known;
    type Steps = Float64Array;
    type Block = Known;
    type Value = Option<f64>;

    fn steps(&self, _: Rows<'_>, inputs: &[ArrayRef]) -> Result<Float64Array> {
        let wide = cast(&inputs[0], &DataType::Float64)?;
        Ok(wide.as_primitive::<Float64Type>().clone())
    }

    fn initial(&self) -> Known {
        Known {
            blocks: NOTHING,
            since: NOTHING,
            any: false,
        }
    }

    #[inline(always)]
    fn step(&self, known: &mut Known, values: &Float64Array, index: usize, place: u64) {
        if self.total == Total::Sum && place.is_multiple_of(BLOCK) {
            known.blocks += known.since;
            known.since = NOTHING;
        }
        self.go(known, values, index);
    }

    #[inline(always)]
    fn value(&self, known: &Known) -> Option<f64> {
        known.any.then_some(known.blocks + known.since)
    }

    fn block(&self, values: &Float64Array, rows: Range<usize>, _: u64) -> Known {
        let mut known = self.initial();
        rows.for_each(|index| self.go(&mut known, values, index));
        known
    }

    fn apply(&self, known: &mut Known, block: &Known) {
        match self.total {
            Total::Sum | Total::Count => {
                known.blocks += block.since;
                known.any |= block.any;
            }
            Total::Min | Total::Max if block.any => self.add(known, block.since),
            Total::Min | Total::Max => {}
        }
    }

    fn array(&self, rows: Rows<'_>, values: Vec<Option<f64>>) -> Result<ArrayRef> {
        let narrow = self.held.data_type == DataType::Float32;
        let beyond = |value: &Option<f64>| {
            value.is_some_and(|value| value.is_infinite() || narrow && (value as f32).is_infinite())
        };
        let sums = self.total == Total::Sum;
        if let Some(row) = values.iter().position(beyond).filter(|_| sums) {
            return Err(self.held.beyond(rows.at(row), ""));
        }
        Ok(match self.held.data_type {
            DataType::Float32 => {
                let narrow = values
                    .into_iter()
                    .map(|value| value.map(|value| value as f32));
                Arc::new(narrow.collect::<Float32Array>())
            }
            _ => Arc::new(values.into_iter().collect::<Float64Array>()),
        })
    }
}
