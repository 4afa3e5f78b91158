//! Types inside an expression: their names, their families, what two of them have in common, and which
//! representation carries their values.

use super::range::NumericBounds;
use crate::kernel::time::SECONDS_PER_DAY;
pub(super) use crate::kernel::time::per_second;
use crate::type_names::show_unit;
use arrow::datatypes::{DataType, IntervalUnit, TimeUnit};

/// Families of types that the rules speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Null,
    Boolean,
    Integer,
    Decimal,
    Float,
    Text,
    Date,
    Timestamp,
    /// What a clock shows.
    Time,
    /// Months, days and nanoseconds, or the plain duration between two timestamps.
    Interval,
    /// What only passes through: binary, lists, structs.
    Other,
}

/// How values travel between operations. Whatever counts in whole steps (integers, decimals, dates,
/// timestamps, durations) has one 64-bit representation where its bounds allow, so that one kernel serves them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Representation {
    Boolean,
    /// `Int64Array`.
    Narrow,
    /// `Decimal128Array` of type [`WIDE`].
    Wide,
    /// `Float64Array`; `real` is rounded to 32 bits after every operation.
    Float,
    /// `StringArray`.
    Text,
    /// `IntervalMonthDayNanoArray`.
    Interval,
    /// Arrow's own array.
    Other,
}

/// The one Arrow type of the wide representation: scales are the expression's business, not the array's.
pub(super) const WIDE: DataType = DataType::Decimal128(38, 0);

pub(super) const INTERVAL: DataType = DataType::Interval(IntervalUnit::MonthDayNano);

pub(super) fn family(data_type: &DataType) -> Family {
    use DataType::*;
    match data_type {
        Null => Family::Null,
        Boolean => Family::Boolean,
        Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32 | UInt64 => Family::Integer,
        Decimal64(..) | Decimal128(..) => Family::Decimal,
        Float32 | Float64 => Family::Float,
        Utf8 => Family::Text,
        Date32 => Family::Date,
        Timestamp(..) => Family::Timestamp,
        Time32(_) | Time64(_) => Family::Time,
        Duration(_) | Interval(IntervalUnit::MonthDayNano) => Family::Interval,
        _ => Family::Other,
    }
}

pub(super) fn is_number(data_type: &DataType) -> bool {
    matches!(
        family(data_type),
        Family::Integer | Family::Decimal | Family::Float
    )
}

pub(super) fn representation(data_type: &DataType, range: Option<NumericBounds>) -> Representation {
    match family(data_type) {
        // A null without a type is a truth value that nobody knows.
        Family::Boolean | Family::Null => Representation::Boolean,
        Family::Integer | Family::Decimal => match range {
            // The bounds decide, not the type: a sum of two `decimal(18,2)` is declared with 19
            // digits, but where the columns' values are known to be below a million it stays in 64
            // bits. 128-bit additions take three times as long, divisions ten times and more.
            Some(range) if range.is_within(NumericBounds::I64) => Representation::Narrow,
            _ => Representation::Wide,
        },
        Family::Float => Representation::Float,
        Family::Text => Representation::Text,
        Family::Date | Family::Timestamp | Family::Time => Representation::Narrow,
        Family::Interval if matches!(data_type, DataType::Duration(_)) => Representation::Narrow,
        Family::Interval => Representation::Interval,
        Family::Other => Representation::Other,
    }
}

/// The type that an input has inside an expression: one type per family and width, whatever the encoding.
// Functions are then written for one type of text and one of decimals, where Arrow has three of
// each.
pub(super) fn inside(data_type: &DataType) -> Result<DataType, String> {
    use DataType::*;
    Ok(match data_type {
        Dictionary(_, values) => return inside(values),
        LargeUtf8 | Utf8View => Utf8,
        // No operation is computed in 16 bits; the value is the same in 32.
        Float16 => Float32,
        Date64 => Date32,
        Decimal256(..) => return Err("decimals of more than 38 digits".to_owned()),
        Decimal32(_, scale) | Decimal64(_, scale) | Decimal128(_, scale) if *scale < 0 => {
            return Err("decimals of a negative scale".to_owned());
        }
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale) => decimal(*precision, *scale),
        other => other.clone(),
    })
}

/// A decimal type of at most 38 digits; up to 18 it is 64 bits wide.
pub(super) fn decimal(precision: u8, scale: i8) -> DataType {
    match precision.clamp(1, 38) {
        precision @ ..=18 => DataType::Decimal64(precision, scale),
        precision => DataType::Decimal128(precision, scale),
    }
}

/// Digits and digits after the point of a whole number's or a decimal's type.
pub(super) fn digits(data_type: &DataType) -> (u8, i8) {
    use DataType::*;
    match data_type {
        Int8 | UInt8 => (3, 0),
        Int16 | UInt16 => (5, 0),
        Int32 | UInt32 => (10, 0),
        UInt64 => (20, 0),
        Decimal32(precision, scale)
        | Decimal64(precision, scale)
        | Decimal128(precision, scale)
        | Decimal256(precision, scale) => (*precision, *scale),
        _ => (19, 0),
    }
}

/// Every value that a type can hold, for the types that count in whole steps.
pub(super) fn bounds(data_type: &DataType) -> Option<NumericBounds> {
    use DataType::*;
    let signed = |bits: u32| NumericBounds::new(-(1 << (bits - 1)), (1 << (bits - 1)) - 1);
    let unsigned = |bits: u32| NumericBounds::new(0, (1 << bits) - 1);
    Some(match data_type {
        Int8 => signed(8),
        Int16 => signed(16),
        Int32 | Date32 => signed(32),
        Int64 | Timestamp(..) | Duration(_) => signed(64),
        Time32(unit) | Time64(unit) => {
            NumericBounds::new(0, i128::from(per_second(*unit) * SECONDS_PER_DAY) - 1)
        }
        UInt8 => unsigned(8),
        UInt16 => unsigned(16),
        UInt32 => unsigned(32),
        UInt64 => unsigned(64),
        Decimal32(precision, _) | Decimal64(precision, _) | Decimal128(precision, _) => {
            NumericBounds::of_digits(*precision)
        }
        _ => return None,
    })
}

/// The type as the pipeline file names it.
pub(super) fn name(data_type: &DataType) -> String {
    use DataType::*;
    match data_type {
        Utf8 | LargeUtf8 | Utf8View => "text".to_owned(),
        Date32 | Date64 => "date".to_owned(),
        Decimal32(..) | Decimal64(..) | Decimal128(..) | Decimal256(..) => {
            let (precision, scale) = digits(data_type);
            format!("decimal({precision},{scale})")
        }
        Timestamp(unit, None) => format!("timestamp({})", show_unit(*unit)),
        Timestamp(unit, Some(zone)) => format!("timestamp({}, {zone})", show_unit(*unit)),
        Duration(_) | Interval(_) => "interval".to_owned(),
        FixedSizeBinary(16) => "uuid".to_owned(),
        FixedSizeBinary(width) => format!("fixed_binary({width})"),
        Dictionary(_, values) => name(values),
        other => crate::type_names::show_type(other),
    }
}

/// The type as an expression is to write it: `int8` has 64 bits there, as PostgreSQL's.
pub(super) fn written(data_type: &DataType) -> String {
    match data_type {
        DataType::Int8 => "tinyint".to_owned(),
        other => name(other),
    }
}

/// Digits after the point of a second.
pub(super) fn unit_digits(unit: TimeUnit) -> i8 {
    per_second(unit).ilog10() as i8
}

fn finer(left: TimeUnit, right: TimeUnit) -> TimeUnit {
    if unit_digits(left) >= unit_digits(right) {
        left
    } else {
        right
    }
}

/// The type in which two values are compared, or in which a `case` gives them both.
pub(super) fn common(left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::*;
    match (family(left), family(right)) {
        _ if left == right => Some(left.clone()),
        (Family::Null, _) => Some(right.clone()),
        (_, Family::Null) => Some(left.clone()),
        (Family::Integer, Family::Integer) => Some(common_integer(left, right)),
        (Family::Integer | Family::Decimal, Family::Integer | Family::Decimal) => {
            Some(common_decimal(left, right))
        }
        // Also of `real` and anything else, as in PostgreSQL: only two `real`s stay `real`.
        (Family::Float, _) | (_, Family::Float) => {
            (is_number(left) && is_number(right)).then_some(Float64)
        }
        (Family::Date, Family::Timestamp) => Some(right.clone()),
        (Family::Timestamp, Family::Date) => Some(left.clone()),
        (Family::Timestamp, Family::Timestamp) => common_timestamp(left, right),
        (Family::Time, Family::Time) => match (left, right) {
            (Time32(unit) | Time64(unit), Time32(other) | Time64(other)) => {
                Some(super::time_of_day::of_unit(finer(*unit, *other)))
            }
            _ => None,
        },
        (Family::Interval, Family::Interval) => Some(match (left, right) {
            (Duration(left), Duration(right)) => Duration(finer(*left, *right)),
            _ => INTERVAL,
        }),
        _ => None,
    }
}

fn common_timestamp(left: &DataType, right: &DataType) -> Option<DataType> {
    let (DataType::Timestamp(unit, zone), DataType::Timestamp(other, other_zone)) = (left, right)
    else {
        return None;
    };
    // Of two zones the left one: the instants are the same, only what a clock shows differs, and
    // one has to be taken.
    let zone = zone.as_ref().or(other_zone.as_ref()).cloned();
    Some(DataType::Timestamp(finer(*unit, *other), zone))
}

/// The narrowest of PostgreSQL's integers that holds both; beyond `bigint` a decimal.
pub(super) fn common_integer(left: &DataType, right: &DataType) -> DataType {
    let holds = |outer: &DataType, inner: &DataType| {
        bounds(inner)
            .zip(bounds(outer))
            .is_some_and(|(inner, outer)| inner.is_within(outer))
    };
    [DataType::Int16, DataType::Int32, DataType::Int64]
        .into_iter()
        .find(|outer| holds(outer, left) && holds(outer, right))
        // `uint64` has no counterpart in PostgreSQL: 20 digits hold all of its values.
        .unwrap_or_else(|| decimal(20, 0))
}

fn common_decimal(left: &DataType, right: &DataType) -> DataType {
    let ((left, left_scale), (right, right_scale)) = (digits(left), digits(right));
    let scale = left_scale.max(right_scale);
    let whole = (left as i8 - left_scale).max(right as i8 - right_scale);
    decimal((whole + scale) as u8, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_types_meet_in_the_one_that_holds_both() {
        use DataType::*;
        let us = |zone: Option<&str>| Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
        for (left, right, expected) in [
            (Int8, Int8, Some(Int8)),
            (Int8, UInt8, Some(Int16)),
            (Int32, UInt32, Some(Int64)),
            (Int64, UInt64, Some(Decimal128(20, 0))),
            (Int32, Decimal64(4, 2), Some(Decimal64(12, 2))),
            (Int64, Decimal64(4, 2), Some(Decimal128(21, 2))),
            (Decimal64(18, 6), Decimal64(10, 2), Some(Decimal64(18, 6))),
            (
                Decimal128(38, 0),
                Decimal128(38, 38),
                Some(Decimal128(38, 38)),
            ),
            (Float32, Int16, Some(Float64)),
            (Date32, us(Some("UTC")), Some(us(Some("UTC")))),
            (
                us(None),
                Timestamp(TimeUnit::Second, Some("UTC".into())),
                Some(us(Some("UTC"))),
            ),
            (Null, Utf8, Some(Utf8)),
            (Utf8, Int32, None),
            (Boolean, Int32, None),
        ] {
            assert_eq!(common(&left, &right), expected, "{left} {right}");
        }
    }
}
