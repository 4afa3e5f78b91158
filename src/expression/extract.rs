//! `extract`, `date_part`, `date_trunc`, `at time zone`, `to_timestamp`.
//!
//! As in PostgreSQL, `extract` gives a decimal: of scale 0 for whole parts, of the unit's digits for `second`
//! and `epoch`. `date_part` gives double precision.

use super::cast::{self, CastContext};
use super::cast_time::{midnight, moved_ticks, named_zone, per_second, ticks, zone_of};
use super::error::{Result, TextSpan, did_you_mean};
use super::functions::{CallArguments, Function, mismatch};
use super::node::{CallForm, Kernel, ResultType, TypedNode};
use super::number::as_double;
use super::range::NumericBounds;
use super::types::{self, Family, INTERVAL, decimal, family};
use super::value::nulls;
use crate::kernel::map::Operand;
use crate::kernel::time::{SECONDS_PER_DAY, Zone};
use crate::kernel::time_part::{PARTS, TimePart};
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new(
        "date_trunc",
        "date_trunc('day', timestamp)",
        2..=2,
        date_trunc,
    ),
    Function::new("date_part", "date_part('day', timestamp)", 2..=2, date_part),
    Function::new(
        "to_timestamp",
        "to_timestamp(seconds) or to_timestamp(text, 'format')",
        1..=2,
        to_timestamp,
    ),
];

/// The expression with the unit's ticks per second as a constant.
// Each unit is compiled by itself, as a division by a variable costs five times one by a constant
// (`TimePart::truncate`), and `extract` is hardly more than divisions. A `match` on the unit within
// the loop would be one more thing to do for every row.
macro_rules! by_unit {
    ($unit:expr, $per_second:ident => $expression:expr) => {
        match $unit {
            TimeUnit::Second => {
                const $per_second: i64 = 1;
                $expression
            }
            TimeUnit::Millisecond => {
                const $per_second: i64 = 1000;
                $expression
            }
            TimeUnit::Microsecond => {
                const $per_second: i64 = 1_000_000;
                $expression
            }
            TimeUnit::Nanosecond => {
                const $per_second: i64 = 1_000_000_000;
                $expression
            }
        }
    };
}

/// The quoted name of a part.
fn quoted_part(node: &TypedNode, function: &str) -> Result<TimePart> {
    let name = node.constant_text().ok_or_else(|| {
        node.place
            .error(format!("`{function}` takes the part as quoted text"))
            .hint(format!("write `{function}('day', …)`"))
    })?;
    named_part(name, node.place)
}

pub(super) fn named_part(name: &str, place: TextSpan) -> Result<TimePart> {
    TimePart::parse(name).ok_or_else(|| {
        let error = place.error(format!("unknown part `{name}`"));
        let nearest = did_you_mean(&name.to_lowercase(), PARTS.iter().map(|(name, _)| *name));
        error.hint(
            nearest
                .unwrap_or_else(|| "parts are year, month, day, hour, minute, second …".to_owned()),
        )
    })
}

fn date_part(arguments: CallArguments) -> Result<TypedNode> {
    let (place, [part, node]) = arguments.exactly::<2>()?;
    let part = quoted_part(&part, "date_part")?;
    as_double(extract(part, node, place)?)
}

pub(super) fn extract(part: TimePart, node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let unit = match &node.data_type {
        DataType::Null => return Ok(TypedNode::null(result_type(part, 0).data_type, place)),
        DataType::Date32 => {
            return ticks(node, result_type(part, 0), place, move |days| {
                part.of_day(days)
            });
        }
        DataType::Timestamp(unit, _) => *unit,
        DataType::Time32(unit) | DataType::Time64(unit) if part.is_of_a_clock() => *unit,
        DataType::Time32(_) | DataType::Time64(_) => {
            return Err(place.error("a time of day has no such part"));
        }
        DataType::Duration(_) => {
            let node = cast::cast(node, &INTERVAL, CastContext::Implicitly)?;
            return of_interval(part, node, place);
        }
        DataType::Interval(_) => return of_interval(part, node, place),
        _ => {
            return Err(mismatch(
                "extract",
                "a date, a time, a timestamp or an interval",
                &node,
            ));
        }
    };
    let result_type = result_type(part, types::unit_digits(unit));
    let zone = zone_of(&node.data_type, node.place)?.unwrap_or(Zone::UTC);
    match part {
        TimePart::Epoch => ticks(node, result_type, place, |instant| instant),
        // Without a clock that goes otherwise every instant has its parts.
        _ if matches!(zone, Zone::Fixed(0)) => {
            by_unit!(unit, PER_SECOND => ticks(node, result_type, place, move |instant| {
                part.of_clock::<PER_SECOND>(instant)
            }))
        }
        _ => by_unit!(unit, PER_SECOND => ticks(node, result_type, place, move |instant| {
            let (second, ticks) = (instant.div_euclid(PER_SECOND), instant.rem_euclid(PER_SECOND));
            let local = second.saturating_add(zone.offset_at(second));
            part.of_seconds::<PER_SECOND>(local, ticks)
        })),
    }
}

/// The type and the bounds of a part of a clock of so many digits.
fn result_type(part: TimePart, digits: i8) -> ResultType {
    let scale = part.scale(digits);
    let per_minute = 60 * 10_i128.pow(scale.unsigned_abs().into());
    let (precision, range) = match part {
        TimePart::Second => (2 + scale, NumericBounds::new(0, per_minute - 1)),
        TimePart::Milliseconds => (5 + scale, NumericBounds::new(0, per_minute * 1000 - 1)),
        TimePart::Microseconds => (8 + scale, NumericBounds::new(0, per_minute * 1_000_000 - 1)),
        TimePart::Minute => (2, NumericBounds::new(0, 59)),
        TimePart::Hour => (2, NumericBounds::new(0, 23)),
        TimePart::Day => (2, NumericBounds::new(1, 31)),
        TimePart::Week => (2, NumericBounds::new(1, 53)),
        TimePart::Month => (2, NumericBounds::new(1, 12)),
        TimePart::Quarter => (1, NumericBounds::new(1, 4)),
        TimePart::DayOfWeek => (1, NumericBounds::new(0, 6)),
        TimePart::IsoDayOfWeek => (1, NumericBounds::new(1, 7)),
        TimePart::DayOfYear => (3, NumericBounds::new(1, 366)),
        TimePart::Epoch => (19, NumericBounds::I64),
        // Years have 6 digits in 64 bits of microseconds, 7 in a date, 12 in 64 bits of seconds.
        _ if digits >= 6 => (6, NumericBounds::of_digits(6)),
        _ => (12, NumericBounds::of_digits(12)),
    };
    ResultType::of(decimal(precision as u8, scale)).within(range)
}

/// Parts of an interval are those it is written in: 90 minutes are 1 hour and 30 minutes, 25 hours are 25
/// hours.
fn of_interval(part: TimePart, node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let (scale, precision) = match part {
        TimePart::Epoch => (6, 38),
        TimePart::Second => (6, 19),
        TimePart::Milliseconds => (3, 19),
        _ => (0, 19),
    };
    if matches!(
        part,
        TimePart::Week
            | TimePart::DayOfWeek
            | TimePart::IsoDayOfWeek
            | TimePart::DayOfYear
            | TimePart::IsoYear
    ) {
        return Err(place.error("an interval has no such part"));
    }
    let result_type = ResultType::of(decimal(precision, scale)).within(NumericBounds::I64);
    // All parts but one are of what an interval holds: its days alone may be more microseconds than
    // 64 bits count.
    let result_type = result_type.fallible(part == TimePart::Epoch);
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let read = |interval, ()| interval_part(part, interval);
        let (operands, nulls) = ((values[0].interval(), Operand::Constant(())), nulls(values));
        let target = "19 digits";
        let results = evaluation.fitting(operands, nulls.as_ref(), read, target)?;
        Ok(Arc::new(Int64Array::new(results.into(), nulls)) as ArrayRef)
    });
    TypedNode::strict(place, result_type, vec![node], kernel)
}

fn interval_part(part: TimePart, interval: IntervalMonthDayNano) -> Option<i64> {
    let (months, days) = (i64::from(interval.months), i64::from(interval.days));
    let microseconds = interval.nanoseconds / 1000;
    let (per_minute, per_hour) = (60_000_000, 3_600_000_000);
    Some(match part {
        TimePart::Microseconds | TimePart::Milliseconds | TimePart::Second => {
            microseconds % per_minute
        }
        TimePart::Minute => microseconds % per_hour / per_minute,
        TimePart::Hour => microseconds / per_hour,
        TimePart::Day => days,
        TimePart::Month => months % 12,
        TimePart::Quarter => months % 12 / 3 + 1,
        TimePart::Year => months / 12,
        TimePart::Decade => months / 120,
        TimePart::Century => months / 1200,
        TimePart::Millennium => months / 12_000,
        // A year is 365.25 days, a month 30.
        _ => {
            let days = months / 12 * 1461 * SECONDS_PER_DAY / 4
                + (months % 12 * 30 + days) * SECONDS_PER_DAY;
            days.checked_mul(1_000_000)?.checked_add(microseconds)?
        }
    })
}

fn date_trunc(arguments: CallArguments) -> Result<TypedNode> {
    let (place, [part, node]) = arguments.exactly::<2>()?;
    let named = quoted_part(&part, "date_trunc")?;
    let node = match family(&node.data_type) {
        Family::Timestamp => node,
        Family::Date | Family::Null => midnight(node)?,
        _ => return Err(mismatch("date_trunc", "a date or a timestamp", &node)),
    };
    if !named.cuts() {
        let name = part.constant_text().unwrap_or_default();
        let message = format!("`date_trunc` does not cut to `{name}`");
        return Err(part.place.error(message));
    }
    let zone = zone_of(&node.data_type, node.place)?.unwrap_or(Zone::UTC);
    let result_type = ResultType::of(node.data_type.clone());
    let DataType::Timestamp(unit, _) = node.data_type else {
        return Ok(node);
    };
    let form = match named {
        TimePart::Microseconds | TimePart::Milliseconds => CallForm::Plain,
        _ => CallForm::WithoutFraction,
    };
    // The part itself, and twice what a zone's offset is less than.
    let days = i128::from(named.most_days() + 2) * i128::from(SECONDS_PER_DAY);
    let node: Result<TypedNode> = by_unit!(unit, PER_SECOND => {
        let less_than = days * i128::from(PER_SECOND);
        moved_ticks(node, result_type, place, less_than, move |instant| {
            let local = zone.to_local(instant, PER_SECOND)?;
            let start = named.truncate::<PER_SECOND>(local)?;
            zone.to_instant(start, PER_SECOND)
        })
    });
    Ok(node?.with_form(form))
}

/// A timestamp with a zone as that other zone's wall clock; a wall clock as the instant it is there.
pub(super) fn at_time_zone(node: TypedNode, zone: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let Some(name) = zone.constant_text() else {
        return Err(zone.place.error("the time zone must be quoted text"));
    };
    let named = named_zone(name, zone.place)?;
    let node = match family(&node.data_type) {
        Family::Timestamp => node,
        Family::Date | Family::Null => midnight(node)?,
        _ => return Err(mismatch("at time zone", "a timestamp", &node)),
    };
    let per_second = per_second(&node.data_type);
    let DataType::Timestamp(unit, own) = &node.data_type else {
        return Ok(node);
    };
    let day = i128::from(per_second) * i128::from(SECONDS_PER_DAY);
    match own {
        Some(_) => {
            let result_type = ResultType::of(DataType::Timestamp(*unit, None));
            moved_ticks(node, result_type, place, day, move |instant| {
                named.to_local(instant, per_second)
            })
        }
        None => {
            let result_type = ResultType::of(DataType::Timestamp(*unit, Some(name.into())));
            moved_ticks(node, result_type, place, day, move |local| {
                named.to_instant(local, per_second)
            })
        }
    }
}

/// Seconds since 1970, with their fraction, or a text and its format, as a timestamp in UTC.
fn to_timestamp(arguments: CallArguments) -> Result<TypedNode> {
    if arguments.nodes.len() == 2 {
        return super::time_from_text::to_timestamp(arguments);
    }
    let (place, [node]) = arguments.exactly::<1>()?;
    if !types::is_number(&node.data_type) && !node.is_null() {
        return Err(mismatch("to_timestamp", "a number of seconds", &node));
    }
    let data_type = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let microseconds = cast::cast(node, &decimal(18, 6), CastContext::Explicitly)?;
    ticks(
        microseconds,
        ResultType::of(data_type),
        place,
        |microseconds| microseconds,
    )
}
