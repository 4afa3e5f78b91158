//! `numeric` as decimals of a type.
//!
//! The format (`numeric_send` in PostgreSQL's `numeric.c`): how many digits to the base of 10 000 there
//! are, the weight of the first one, the sign or what else the number is, the digits shown behind the
//! point; then the digits.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal64Array, Decimal128Array};
use arrow::buffer::{NullBuffer, ScalarBuffer};

use super::super::split::Slots;
use super::{Wrong, each};

const HEAD: usize = 8;

/// Decimal digits of one digit.
const GROUP: i32 = 4;

const POSITIVE: u16 = 0;
const NEGATIVE: u16 = 0x4000;

pub(super) fn decimals(
    slots: &Slots<'_>,
    precision: u8,
    scale: i8,
    odd: &mut Vec<Wrong>,
) -> Result<ArrayRef, Wrong> {
    let invalid = |error: arrow::error::ArrowError| Wrong::bytes(0, error.to_string());
    if precision <= 18 {
        // What has at most 18 digits fits.
        let (values, nulls) = values(slots, (precision, scale), odd, |value| value as i64)?;
        let array = Decimal64Array::new(ScalarBuffer::from(values), nulls);
        let array = array.with_precision_and_scale(precision, scale);
        return Ok(Arc::new(array.map_err(invalid)?));
    }
    let (values, nulls) = values(slots, (precision, scale), odd, |value| value)?;
    let array = Decimal128Array::new(ScalarBuffer::from(values), nulls);
    let array = array.with_precision_and_scale(precision, scale);
    Ok(Arc::new(array.map_err(invalid)?))
}

fn values<V: Default>(
    slots: &Slots<'_>,
    (precision, scale): (u8, i8),
    odd: &mut Vec<Wrong>,
    narrow: impl Fn(i128) -> V,
) -> Result<(Vec<V>, Option<NullBuffer>), Wrong> {
    let most = 10_u128.pow(u32::from(precision));
    each(slots, odd, |row, field| {
        let value = value(field, i32::from(scale), most).map_err(|what| match what {
            Some(what) => Wrong::value(row, what),
            None => {
                let what = format!("it has more digits than decimal({precision},{scale}) holds");
                Wrong::value(row, what)
            }
        })?;
        Ok(narrow(value))
    })
}

/// The number in units of its last digit. The error is what else it is, or nothing for too many digits.
fn value(field: &[u8], scale: i32, most: u128) -> Result<i128, Option<&'static str>> {
    let word = |at: usize| u16::from_be_bytes([field[at], field[at + 1]]);
    if field.len() < HEAD || field.len() != HEAD + 2 * usize::from(word(0)) {
        return Err(Some("it is no number"));
    }
    let (weight, sign) = (i32::from(word(2).cast_signed()), word(4));
    let negative = match sign {
        POSITIVE => false,
        NEGATIVE => true,
        0xd000 => return Err(Some("Infinity is no decimal")),
        0xf000 => return Err(Some("-Infinity is no decimal")),
        _ => return Err(Some("NaN is no decimal")),
    };
    let groups = field[HEAD..].chunks_exact(2);
    let groups = groups.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let value = joined(groups, weight * GROUP + scale).filter(|value| *value < most);
    let value = value
        .and_then(|value| i128::try_from(value).ok())
        .ok_or(None)?;
    Ok(if negative { -value } else { value })
}

/// Groups of four digits as one number, of which the first one counts ten to the power of `power`.
/// Nothing where digits would be lost before or behind.
fn joined(groups: impl Iterator<Item = u16>, mut power: i32) -> Option<u128> {
    let mut value = 0_u128;
    // The power of the last group that was added.
    let mut last = 0;
    for group in groups {
        // How many digits of the group lie behind the last one that counts.
        let behind = 10_u16.pow((-power).clamp(0, GROUP).unsigned_abs());
        if group % behind != 0 {
            return None;
        }
        if power > -GROUP {
            let (before, more) = (10_000 / behind, group / behind);
            value = value.checked_mul(before.into())?.checked_add(more.into())?;
            last = power.max(0);
        }
        power -= GROUP;
    }
    match value {
        0 => Some(0),
        value => value.checked_mul(10_u128.checked_pow(last.unsigned_abs())?),
    }
}
