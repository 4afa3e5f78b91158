//! The latest row at or before a time, among the rows of a group.

use std::borrow::Cow;

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
    held: Held,
    /// Where each group begins among the times, and where the last one ends.
    starts: Vec<u32>,
    times: Vec<i64>,
    rows: Vec<u32>,
}

/// What 64 bits of ours stand for, in the order of 64 bits with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// Themselves.
    Signed,
    /// Numbers without a sign of which some may be beyond the greatest with one: their highest bit is turned
    /// over.
    Unsigned,
}

impl Held {
    /// How the times of a column are held.
    pub fn of(ours: &Input) -> Self {
        let unsigned = plain_type(&ours.data_type) == &DataType::UInt64;
        match unsigned && ours.domain.bounds().is_none() {
            true => Self::Unsigned,
            false => Self::Signed,
        }
    }

    /// The greatest of ours that is not after this; nothing where all of ours are before it.
    fn not_after(self, value: i128) -> Option<i64> {
        let least = match self {
            Self::Signed => i128::from(i64::MIN),
            Self::Unsigned => 0,
        };
        let above = u64::try_from(value.max(least) - least).ok()?;
        Some(above.cast_signed() ^ i64::MIN)
    }

    /// Ours as they are ordered.
    fn ordered(self, ticks: &[i64]) -> Cow<'_, [i64]> {
        match self {
            Self::Signed => Cow::Borrowed(ticks),
            Self::Unsigned => ticks.iter().map(|tick| tick ^ i64::MIN).collect(),
        }
    }
}

/// The seconds of 9999-12-31T23:59:59: beyond it numbers are hardly seconds.
const LAST_SECOND: i128 = 253_402_300_799;

const NANOS: i128 = 1_000_000_000;

/// A reference's times in ticks of our column's type, rounded up: theirs is not after ours exactly
/// when its tick is not after ours.
///
/// # Errors
/// What is wrong with the field.
pub fn times(theirs: &ArrayRef, ours: &DataType, held: Held) -> Result<Vec<Option<i64>>, String> {
    let ours = plain_type(ours);
    if ours.is_integer() && theirs.data_type().is_integer() {
        let values = whole(theirs)?.into_iter();
        // A number beyond all of ours is never the latest one that is not after one of them.
        return Ok(values.map(|value| held.not_after(value?)).collect());
    }
    let Some(tick) = nanos_per_tick(ours) else {
        let (theirs, ours) = (show_type(theirs.data_type()), show_type(ours));
        return Err(format!("is {theirs}, which cannot be compared with {ours}"));
    };
    // Rounded up: -(-a).div_euclid(b).
    let up = |nanos: i128| -(-nanos).div_euclid(tick);
    let nanos = nanos(theirs)?.into_iter();
    // A time that our type cannot say lies before, or behind, all that it can.
    Ok(nanos.map(|nanos| held.not_after(up(nanos?))).collect())
}

/// Whole numbers of any width and sign.
fn whole(theirs: &ArrayRef) -> Result<Vec<Option<i128>>, String> {
    let values = ticks(theirs).map_err(|error| error.to_string())?;
    // The greatest ones without a sign keep their bits, and would be negative.
    let unsigned = theirs.data_type() == &DataType::UInt64;
    let wide = |value: i64| match unsigned {
        true => value.cast_unsigned().into(),
        false => value.into(),
    };
    Ok(values.iter().map(|value| value.map(wide)).collect())
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
        let one = |value: i128| seconds(value, &value).map(|()| value * NANOS);
        let values = whole(theirs)?.into_iter();
        return values.map(|value| value.map(one).transpose()).collect();
    }
    if let Some(values) = theirs.as_primitive_opt::<Float64Type>() {
        let one = |value: f64| {
            // What is no number would become 0.
            let at = if value.is_nan() { -1 } else { value as i128 };
            seconds(at, &value)?;
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
    pub fn new(
        input: &Input,
        held: Held,
        (groups, count): (&[u32], usize),
        times: &[Option<i64>],
    ) -> Self {
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
            held,
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
        let earliest = self.held.not_after(earliest);
        start < end && earliest.is_some_and(|earliest| self.times[start] <= earliest)
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
        let ours = &*self.held.ordered(ours.values());
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

    use arrow::array::{Float64Array, Int64Array, TimestampSecondArray, UInt64Array};
    use arrow::datatypes::TimeUnit;

    use super::*;

    #[test]
    fn times_beyond_our_type_keep_their_side() {
        // The years 1000 and 9999.
        let theirs = [Some(-30_610_224_000), None, Some(0), Some(253_402_300_799)];
        let theirs: ArrayRef = Arc::new(TimestampSecondArray::from(theirs.to_vec()));
        let ours = DataType::Timestamp(TimeUnit::Nanosecond, None);
        // Behind all of ours it is never the latest that is not after one.
        let ticks = [Some(i64::MIN), None, Some(0), None];
        assert_eq!(times(&theirs, &ours, Held::Signed), Ok(ticks.to_vec()));
    }

    #[test]
    fn numbers_without_a_sign_are_in_their_order() {
        let most = [5, 1 << 63, u64::MAX, (1 << 63) - 1];
        let theirs: ArrayRef = Arc::new(UInt64Array::from(most.to_vec()));
        let of = |ours, held| times(&theirs, &ours, held).unwrap();
        let codes = of(DataType::UInt64, Held::Unsigned);
        let mut ordered = codes.clone();
        ordered.sort_unstable();
        assert_eq!(ordered, [codes[0], codes[3], codes[1], codes[2]]);
        let own = Held::Unsigned
            .ordered(&most.map(u64::cast_signed))
            .into_owned();
        assert_eq!(own.into_iter().map(Some).collect::<Vec<_>>(), codes);
        // What a number with a sign never reaches is never taken for it.
        let signed = of(DataType::Int64, Held::Signed);
        assert_eq!(signed, [Some(5), None, None, Some(i64::MAX)]);
        let below: ArrayRef = Arc::new(Int64Array::from(vec![-1]));
        let codes = times(&below, &DataType::UInt64, Held::Unsigned);
        assert_eq!(codes, Ok(vec![Some(i64::MIN)]));
    }

    #[test]
    fn what_is_no_number_of_seconds_is_refused() {
        let ours = DataType::Timestamp(TimeUnit::Microsecond, None);
        let nan: ArrayRef = Arc::new(Float64Array::from(vec![1.5, f64::NAN]));
        let most: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
        for (theirs, shown) in [(nan, "NaN"), (most, "18446744073709551615")] {
            let told = format!("holds {shown}, which is not a time in seconds since 1970");
            assert_eq!(times(&theirs, &ours, Held::Signed), Err(told));
        }
    }
}
