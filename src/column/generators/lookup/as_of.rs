//! The latest row at or before a time, among the rows of a group.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::datatypes::{DataType, Float64Type};

use super::NONE;
use crate::column::build::Input;
use crate::column::values::arrays::{plain, plain_type};
use crate::column::values::scalar::timestamp;
use crate::column::values::ticks::{nanos_per_tick, ticks};
use crate::column::values::types::show_type;
use crate::domain::Range;
use crate::error::Result;

/// The rows of each group in the order of their times.
pub struct AsOf {
    input: Input,
    /// Where each group begins among the times, and where the last one ends.
    starts: Vec<u32>,
    times: Vec<i64>,
    rows: Vec<u32>,
}

/// The seconds of 9999-12-31T23:59:59: beyond it numbers are hardly seconds.
const LAST_SECOND: i128 = 253_402_300_799;

const NANOS: i128 = 1_000_000_000;

/// A reference's times in ticks of our column's type, rounded up: theirs is not after ours exactly
/// when its tick is not after ours.
///
/// # Errors
/// What is wrong with the field.
pub fn times(theirs: &ArrayRef, ours: &DataType) -> Result<Vec<Option<i64>>, String> {
    let ours = plain_type(ours);
    if ours.is_integer() && theirs.data_type().is_integer() {
        let values = ticks(theirs).map_err(|error| error.to_string())?;
        return Ok(values.iter().collect());
    }
    let Some(tick) = nanos_per_tick(ours) else {
        let (theirs, ours) = (show_type(theirs.data_type()), show_type(ours));
        return Err(format!("is {theirs}, which cannot be compared with {ours}"));
    };
    // Rounded up: -(-a).div_euclid(b).
    let up = |nanos: i128| {
        let ticks = -(-nanos).div_euclid(tick);
        // A time that our type cannot say lies before, or behind, all that it can.
        ticks.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    };
    let nanos = nanos(theirs)?;
    Ok(nanos.into_iter().map(|nanos| nanos.map(up)).collect())
}

fn nanos(theirs: &ArrayRef) -> Result<Vec<Option<i128>>, String> {
    let data_type = theirs.data_type();
    let seconds = |seconds: i128, shown: &dyn std::fmt::Display| match seconds {
        0..=LAST_SECOND => Ok(()),
        _ => Err(format!(
            "holds {shown}, which is not a time in seconds since 1970"
        )),
    };
    if let Some(tick) = nanos_per_tick(data_type) {
        let values = ticks(theirs).map_err(|error| error.to_string())?;
        return Ok(values
            .iter()
            .map(|value| value.map(|value| i128::from(value) * tick))
            .collect());
    }
    if data_type.is_integer() {
        let values = ticks(theirs).map_err(|error| error.to_string())?;
        let one = |value: i64| seconds(value.into(), &value).map(|()| i128::from(value) * NANOS);
        return values
            .iter()
            .map(|value| value.map(one).transpose())
            .collect();
    }
    if let Some(values) = theirs.as_primitive_opt::<Float64Type>() {
        let one = |value: f64| {
            seconds(value as i128, &value)?;
            Ok((value.trunc() as i128) * NANOS + (value.fract() * 1e9) as i128)
        };
        return values
            .iter()
            .map(|value| value.map(one).transpose())
            .collect();
    }
    let Some(values) = theirs.as_string_opt::<i32>() else {
        return Err(format!("is {}, which is not a time", show_type(data_type)));
    };
    let one = |text: &str| {
        timestamp(text, arrow::datatypes::TimeUnit::Nanosecond, Some("UTC"))
            .ok_or_else(|| format!("holds `{text}`, which is not a time"))
    };
    values
        .iter()
        .map(|text| text.map(one).transpose())
        .collect()
}

impl AsOf {
    /// Rows by group and time; a row without a time is never taken, of equal times the last is.
    pub fn new(input: &Input, groups: &[u32], count: usize, times: &[Option<i64>]) -> Self {
        let mut order: Vec<(u32, i64, u32)> = Vec::new();
        for (row, (group, time)) in groups.iter().zip(times).enumerate() {
            if let Some(time) = time
                && *group != NONE
            {
                order.push((*group, *time, row as u32));
            }
        }
        order.sort_unstable();
        let start = |group: usize| order.partition_point(|(other, ..)| (*other as usize) < group);
        Self {
            input: input.clone(),
            starts: (0..=count).map(|group| start(group) as u32).collect(),
            times: order.iter().map(|(_, time, _)| *time).collect(),
            rows: order.iter().map(|(.., row)| *row).collect(),
        }
    }

    /// True when the group has a row at or before every time that our column can have.
    pub fn covers(&self, group: u32) -> bool {
        let earliest = match self.input.domain.range {
            Some(Range::Integer { min, .. }) if !self.input.domain.nulls => min,
            _ => return false,
        };
        let (start, end) = self.bounds(group);
        start < end && i128::from(self.times[start]) <= earliest
    }

    /// The row for each row's group and time, or `NONE`.
    ///
    /// # Errors
    /// An input of another type than planned.
    pub fn pick(&self, mut groups: Vec<u32>, inputs: &[ArrayRef]) -> Result<Vec<u32>> {
        let ours = ticks(&plain(&inputs[self.input.index])?)?;
        if let Some(nulls) = ours.nulls() {
            for (group, valid) in groups.iter_mut().zip(nulls) {
                *group = if valid { *group } else { NONE };
            }
        }
        let ours = ours.values();
        let settled = match self.starts.len() <= groups.len() / 4 {
            true => self.settled(ours),
            false => vec![None; self.starts.len()],
        };
        if settled.iter().all(Option::is_some) {
            let row = |group: u32| {
                settled
                    .get(group as usize)
                    .copied()
                    .flatten()
                    .unwrap_or(NONE)
            };
            return Ok(groups.into_iter().map(row).collect());
        }
        let picked =
            groups
                .iter()
                .zip(ours)
                .map(|(group, time)| match settled.get(*group as usize) {
                    None => NONE,
                    Some(Some(row)) => *row,
                    Some(None) => self.search(*group, *time),
                });
        Ok(picked.collect())
    }

    /// Each group's row where it is the same for all of the batch's times.
    fn settled(&self, ours: &[i64]) -> Vec<Option<u32>> {
        let (least, most) = ours
            .iter()
            .fold((i64::MAX, i64::MIN), |(least, most), time| {
                (least.min(*time), most.max(*time))
            });
        let groups = 0..self.starts.len() as u32 - 1;
        groups
            .map(|group| {
                let (first, last) = (self.search(group, least), self.search(group, most));
                (first == last).then_some(first)
            })
            .collect()
    }

    #[inline(always)]
    fn search(&self, group: u32, time: i64) -> u32 {
        let (start, end) = self.bounds(group);
        let before = self.times[start..end].partition_point(|other| *other <= time);
        match before {
            0 => NONE,
            _ => self.rows[start + before - 1],
        }
    }

    fn bounds(&self, group: u32) -> (usize, usize) {
        let group = group as usize;
        (self.starts[group] as usize, self.starts[group + 1] as usize)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::TimestampSecondArray;
    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn times_beyond_our_type_keep_their_side() {
        // The years 1000 and 9999.
        let theirs = [Some(-30_610_224_000), None, Some(0), Some(253_402_300_799)];
        let theirs: ArrayRef = Arc::new(TimestampSecondArray::from(theirs.to_vec()));
        let ours = DataType::Timestamp(TimeUnit::Nanosecond, None);
        let ticks = [Some(i64::MIN), None, Some(0), Some(i64::MAX)];
        assert_eq!(times(&theirs, &ours), Ok(ticks.to_vec()));
    }
}
