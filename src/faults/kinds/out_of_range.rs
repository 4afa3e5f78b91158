//! `out_of_range`: a number, a date or a time beyond those that the column has.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array};
use arrow::datatypes::DataType;

use super::{Corruption, Replaced};
use crate::column::arrays::integers;
use crate::column::hash::{below, unit};
use crate::column::scalar;
use crate::domain::Range;
use crate::error::Result;
use crate::faults::FaultColumn;
use crate::kernel::time::SECONDS_PER_DAY;

/// A value beyond those that the column has.
#[derive(Debug)]
pub(super) struct OutOfRange;

/// The days of the years 1 and 9999, counted from 1970: dates beyond have no text form.
const DAYS: (i128, i128) = (-719_162, 2_932_896);

impl Corruption for OutOfRange {
    fn name(&self) -> &'static str {
        "out_of_range"
    }

    fn about(&self) -> &'static str {
        "A number, a date or a time greater or less than all that the column's generator makes."
    }

    fn refusal(&self, column: &FaultColumn, _texts: bool) -> Option<String> {
        let float = matches!(column.plain(), DataType::Float32 | DataType::Float64);
        match (column.domain.range, limits(column.plain())) {
            (_, None) if !float => Some("only numbers, dates and times have a range".into()),
            (None, _) => Some("nothing is known of the range of its values".into()),
            (Some(Range::Integer { min, max }), Some(limits)) => {
                let none = beyond(min, max, limits) == [None, None];
                none.then(|| "it has every value that its type can hold".to_string())
            }
            _ => None,
        }
    }

    fn hint(&self) -> &'static str {
        "`uniform: { min: …, max: … }` and its like give a column a range that its type goes beyond"
    }

    fn replace(&self, column: &FaultColumn, values: &ArrayRef, random: &[u64]) -> Result<Replaced> {
        let plain = column.plain();
        let made: ArrayRef = match (column.domain.range, limits(plain)) {
            (Some(Range::Integer { min, max }), Some(limits)) => {
                let sides = beyond(min, max, limits);
                let value = |random: &u64| Some(drawn(sides, *random).unwrap_or(max));
                let numbers: Vec<Option<i128>> = random.iter().map(value).collect();
                integers(plain, &numbers)
            }
            (Some(range), _) => {
                let numbers = random.iter().map(|random| far(range, *random));
                match plain {
                    DataType::Float32 => Arc::new(Float32Array::from_iter_values(
                        numbers.map(|number| number as f32),
                    )),
                    _ => Arc::new(Float64Array::from_iter_values(numbers)),
                }
            }
            (None, _) => values.clone(),
        };
        Ok(Replaced::Values(made))
    }
}

/// Where values above `max` and below `min` begin and how many there are: as many as between the two, as far
/// as the type has room.
fn beyond(min: i128, max: i128, (least, most): (i128, i128)) -> [Option<(i128, u64)>; 2] {
    // Ends of 38 digits are further apart than 128 bits count.
    let span = max.saturating_sub(min).saturating_add(1);
    let room = |end: i128, from: i128| {
        let room = end.saturating_sub(from).min(span);
        // One random number says which: of more than 2^64 those that are nearest.
        let room = u64::try_from(room.max(0)).unwrap_or(u64::MAX);
        Some(room).filter(|room| *room > 0)
    };
    let above = room(most, max).map(|count| (max + 1, count));
    let below = room(min, least).map(|count| (min - i128::from(count), count));
    [above, below]
}

/// One of the values on either side.
fn drawn(sides: [Option<(i128, u64)>; 2], random: u64) -> Option<i128> {
    let (first, second) = match random & 1 {
        0 => (sides[0], sides[1]),
        _ => (sides[1], sides[0]),
    };
    let (from, count) = first.or(second)?;
    Some(from + i128::from(below(random, count)))
}

/// A float above the greatest or below the least one, at a distance of one to two of their ranges.
fn far(range: Range, random: u64) -> f64 {
    let (min, max) = match range {
        Range::Float { min, max } => (min, max),
        Range::Integer { min, max } => (min as f64, max as f64),
    };
    let span = match max - min {
        span if span > 0.0 && span.is_finite() => span,
        _ => max.abs().max(1.0),
    };
    let distance = span * (1.0 + unit(random));
    match random & 1 {
        0 => max + distance,
        _ => min - distance,
    }
}

/// The least and the greatest integer that hold a value of the type; none of types without an order.
fn limits(data_type: &DataType) -> Option<(i128, i128)> {
    let held = scalar::limits(data_type);
    match data_type {
        DataType::Date32 => Some(DAYS),
        DataType::Timestamp(unit, _) => {
            let ticks = i128::from(SECONDS_PER_DAY) * scalar::per_second(*unit);
            let (least, most) = (DAYS.0 * ticks, DAYS.1 * ticks);
            Some((least.max(held.0), most.min(held.1)))
        }
        DataType::Time32(_) | DataType::Time64(_) => Some(held),
        _ => (data_type.is_integer() || scalar::is_decimal(data_type)).then_some(held),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_have_more_steps_than_a_random_number() {
        let limits = limits(&DataType::Decimal128(38, 2)).unwrap();
        let (least, most) = limits;
        let wide = 10_i128.pow(30);
        for (min, max) in [
            (-wide, wide),
            (least, 0),
            (-5, most),
            (wide, wide),
            (least + 1, most),
        ] {
            let sides = beyond(min, max, limits);
            for random in (0..1000).map(|step| step * (u64::MAX / 1000)) {
                let value = drawn(sides, random).unwrap();
                assert!(!(min..=max).contains(&value), "{min} {max} {value}");
                assert!((least..=most).contains(&value));
            }
        }
        assert_eq!(beyond(least, most, limits), [None, None]);
    }

    #[test]
    fn values_are_beyond_the_range_and_within_the_type() {
        let limits = limits(&DataType::Int8).unwrap();
        for (min, max) in [(0, 10), (-128, 100), (100, 127), (5, 5)] {
            let sides = beyond(min, max, limits);
            for random in (0..1000).map(|step| step * (u64::MAX / 1000)) {
                let value = drawn(sides, random).unwrap();
                assert!(!(min..=max).contains(&value), "{min} {max} {value}");
                assert!((-128..=127).contains(&value));
            }
        }
        assert_eq!(beyond(-128, 127, limits), [None, None]);
        assert_eq!(beyond(-200, 200, limits), [None, None]);
        assert!((0..99).all(|random| {
            let value = far(Range::Float { min: 1.0, max: 2.0 }, random << 50 | random);
            !(1.0..=2.0).contains(&value)
        }));
    }
}
