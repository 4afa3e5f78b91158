//! Values of one size: booleans, integers, floats, dates and times. PostgreSQL counts days and
//! microseconds from 2000-01-01 where Arrow counts them from 1970-01-01.

use std::sync::Arc;

use arrow::array::{ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray};
use arrow::buffer::{NullBuffer, ScalarBuffer};
use arrow::datatypes::{Date32Type, Time64MicrosecondType, TimestampMicrosecondType};

use super::super::split::Slots;
use super::{Wrong, each};

/// Days from 1970-01-01 to 2000-01-01.
const EPOCH_DAYS: i32 = 10_957;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

type Found = Result<ArrayRef, Wrong>;

/// Values of `BYTES` bytes each.
fn read<const BYTES: usize, V: Default>(
    slots: &Slots<'_>,
    odd: &mut Vec<Wrong>,
    value: impl Fn([u8; BYTES]) -> Result<V, &'static str>,
) -> Result<(Vec<V>, Option<NullBuffer>), Wrong> {
    each(slots, odd, |row, field| {
        let bytes = field.try_into().map_err(|_| {
            let length = field.len();
            let what = format!("it has {length} bytes, and was to have {BYTES}");
            Wrong::bytes(row, what)
        })?;
        value(bytes).map_err(|what| Wrong::value(row, what))
    })
}

fn primitives<T: ArrowPrimitiveType, const BYTES: usize>(
    slots: &Slots<'_>,
    odd: &mut Vec<Wrong>,
    value: impl Fn([u8; BYTES]) -> Result<T::Native, &'static str>,
) -> Result<PrimitiveArray<T>, Wrong> {
    let (values, nulls) = read(slots, odd, value)?;
    Ok(PrimitiveArray::new(ScalarBuffer::from(values), nulls))
}

pub(super) fn booleans(slots: &Slots<'_>, odd: &mut Vec<Wrong>) -> Found {
    let (values, nulls) = read(slots, odd, |[byte]| Ok(byte != 0))?;
    Ok(Arc::new(BooleanArray::new(values.into(), nulls)))
}

/// Numbers as they are, of which every one is a value.
pub(super) fn numbers<T: ArrowPrimitiveType, const BYTES: usize>(
    slots: &Slots<'_>,
    odd: &mut Vec<Wrong>,
    number: impl Fn([u8; BYTES]) -> T::Native,
) -> Found {
    let values = primitives::<T, BYTES>(slots, odd, |bytes| Ok(number(bytes)))?;
    Ok(Arc::new(values))
}

pub(super) fn dates(slots: &Slots<'_>, odd: &mut Vec<Wrong>) -> Found {
    let values = primitives::<Date32Type, 4>(slots, odd, |bytes| {
        let days = match i32::from_be_bytes(bytes) {
            i32::MAX => return Err("infinity is no date here"),
            i32::MIN => return Err("-infinity is no date here"),
            days => days.checked_add(EPOCH_DAYS),
        };
        days.ok_or("its year is too large for a date here")
    })?;
    Ok(Arc::new(values))
}

pub(super) fn times(slots: &Slots<'_>, odd: &mut Vec<Wrong>) -> Found {
    let values = primitives::<Time64MicrosecondType, 8>(slots, odd, |bytes| {
        let micros = i64::from_be_bytes(bytes);
        match (0..DAY).contains(&micros) {
            true => Ok(micros),
            false => Err("24:00:00 is no time of a day here"),
        }
    })?;
    Ok(Arc::new(values))
}

pub(super) fn timestamps(slots: &Slots<'_>, zone: Option<&str>, odd: &mut Vec<Wrong>) -> Found {
    let epoch = i64::from(EPOCH_DAYS) * DAY;
    let values = primitives::<TimestampMicrosecondType, 8>(slots, odd, |bytes| {
        let micros = match i64::from_be_bytes(bytes) {
            i64::MAX => return Err("infinity is no timestamp here"),
            i64::MIN => return Err("-infinity is no timestamp here"),
            micros => micros.checked_add(epoch),
        };
        micros.ok_or("its year is too large for a timestamp here")
    })?;
    Ok(Arc::new(values.with_timezone_opt(zone)))
}
