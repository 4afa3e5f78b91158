//! Running totals of whole numbers, decimals, dates and times: exact, as the integers that hold them.

use std::ops::Range;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Decimal128Type};

use super::{HeldAs, Total};
use crate::column::before::carried::Scan;
use crate::column::rows::Rows;
use crate::column::values::arrays::{from_i64, integers};
use crate::column::values::scalar::{limits, show_integer};
use crate::column::values::ticks::{has_ticks, ticks};
use crate::column::values::types::show_type;
use crate::error::{Error, Result};

/// A total that whole numbers hold.
pub(super) struct RunningWhole {
    pub(super) total: Total,
    pub(super) held: HeldAs,
}

/// The total so far; nothing before the first value.
#[derive(Debug, Clone, Copy)]
pub(in crate::column) struct Known {
    total: i128,
    any: bool,
}

/// The values that are summed up.
pub(in crate::column) struct Values {
    numbers: Numbers,
    nulls: Option<NullBuffer>,
}

enum Numbers {
    Narrow(Int64Array),
    Wide(Vec<i128>),
    /// Values that are only counted.
    None,
}

impl RunningWhole {
    #[inline(always)]
    fn add(&self, known: &mut Known, value: i128, wide: bool) {
        known.total = match self.total {
            Total::Sum if wide => sum(known.total, value),
            // As many as there are rows fit.
            Total::Sum => known.total + value,
            Total::Count => known.total + 1,
            Total::Min if known.any => known.total.min(value),
            Total::Max if known.any => known.total.max(value),
            Total::Min | Total::Max => value,
        };
        known.any = true;
    }

    fn go(&self, known: &mut Known, values: &Values, index: usize) {
        if values
            .nulls
            .as_ref()
            .is_none_or(|nulls| nulls.is_valid(index))
        {
            let wide = matches!(values.numbers, Numbers::Wide(_));
            self.add(known, values.numbers.at(index), wide);
        }
    }
}

/// The sum; what is beyond 128 bits stays at their end, which no type holds.
fn sum(one: i128, other: i128) -> i128 {
    let beyond = |number: &i128| matches!(*number, i128::MIN | i128::MAX);
    match [one, other].into_iter().find(beyond) {
        Some(end) => end,
        None => one.saturating_add(other),
    }
}

impl Numbers {
    #[inline(always)]
    fn at(&self, index: usize) -> i128 {
        match self {
            Self::Narrow(values) => values.value(index).into(),
            Self::Wide(values) => values[index],
            Self::None => 1,
        }
    }
}

impl Scan for RunningWhole {
    type State = Known;
    type Steps = Values;
    type Block = Known;
    type Value = Known;

    fn steps(&self, _: Rows<'_>, inputs: &[ArrayRef]) -> Result<Values> {
        let input = &inputs[0];
        let numbers = match input.data_type() {
            _ if self.total == Total::Count => Numbers::None,
            DataType::Decimal128(..) => {
                Numbers::Wide(input.as_primitive::<Decimal128Type>().values().to_vec())
            }
            // The greatest ones keep their bits in signed numbers, and would be negative.
            DataType::UInt64 => {
                let wide = ticks(input)?;
                let wide = wide.values().iter();
                Numbers::Wide(wide.map(|value| i128::from(*value as u64)).collect())
            }
            other if has_ticks(other) => Numbers::Narrow(ticks(input)?),
            other => {
                let message = format!("no running total of {}", show_type(other));
                return Err(Error::run(message));
            }
        };
        let nulls = input.logical_nulls();
        Ok(Values {
            numbers,
            nulls: nulls.filter(|nulls| nulls.null_count() > 0),
        })
    }

    fn initial(&self) -> Known {
        Known {
            total: 0,
            any: self.total == Total::Count,
        }
    }

    #[inline(always)]
    fn step(&self, known: &mut Known, values: &Values, index: usize, _: u64) {
        self.go(known, values, index);
    }

    #[inline(always)]
    fn value(&self, known: &Known) -> Known {
        *known
    }

    fn block(&self, values: &Values, rows: Range<usize>, _: u64) -> Known {
        let mut known = Known {
            total: 0,
            any: false,
        };
        rows.for_each(|index| self.go(&mut known, values, index));
        known
    }

    fn apply(&self, known: &mut Known, block: &Known) {
        match self.total {
            Total::Sum | Total::Count => {
                known.total = sum(known.total, block.total);
                known.any |= block.any;
            }
            Total::Min | Total::Max if block.any => self.add(known, block.total, false),
            Total::Min | Total::Max => {}
        }
    }

    fn array(&self, rows: Rows<'_>, values: Vec<Known>) -> Result<ArrayRef> {
        let (least, most) = limits(&self.held.data_type);
        let beyond = |known: &Known| known.total < least || known.total > most;
        if let Some(at) = values.iter().position(beyond) {
            return Err(self.too_large(rows.at(at), values[at].total));
        }
        let narrow = least >= i64::MIN.into() && most <= i64::MAX.into();
        if narrow && values.iter().all(|known| known.any) {
            let totals = values.iter().map(|known| known.total as i64);
            return Ok(from_i64(&self.held.data_type, totals.collect()));
        }
        let totals = values.iter().map(|known| known.any.then_some(known.total));
        let totals: Vec<Option<i128>> = totals.collect();
        Ok(integers(&self.held.data_type, &totals))
    }
}

impl RunningWhole {
    fn too_large(&self, row: u64, total: i128) -> Error {
        let shown = match total {
            i128::MIN | i128::MAX => String::new(),
            total => format!(" {}", show_integer(total, &self.held.data_type)),
        };
        self.held.beyond(row, &shown)
    }
}
