//! Casts between dates and timestamps of any unit and zone, and between intervals.
//!
//! A timestamp without a zone is a wall clock: cast to one with a zone it is read there, and back it is what
//! the clock shows. Where two zones meet, the left one stays. Casts to a coarser unit round.

use super::cast::{CastContext, cast};
use super::error::{Result, TextSpan};
use super::node::{Kernel, ResultType, TypedNode};
use super::range::NumericBounds;
use super::temporal::interval_kernel;
use super::types;
use super::value::{ColumnarValue, nulls};
use crate::kernel::map::{Operand, map};
use crate::kernel::time::{SECONDS_PER_DAY, Zone};
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use std::sync::Arc;

/// The zone of a timestamp's type; `None` for a wall clock.
pub(super) fn zone_of(data_type: &DataType, place: TextSpan) -> Result<Option<Zone>> {
    match data_type {
        DataType::Timestamp(_, Some(zone)) => named_zone(zone, place).map(Some),
        _ => Ok(None),
    }
}

pub(super) fn named_zone(name: &str, place: TextSpan) -> Result<Zone> {
    Zone::parse(name).ok_or_else(|| {
        place
            .error(format!("unknown time zone `{name}`"))
            .hint("write a name like `Europe/Berlin` or an offset like `+02:00`")
    })
}

/// Ticks per second of a date's or a timestamp's 64-bit representation seen as a timestamp.
pub(super) fn per_second(data_type: &DataType) -> i64 {
    match data_type {
        DataType::Timestamp(unit, _)
        | DataType::Duration(unit)
        | DataType::Time32(unit)
        | DataType::Time64(unit) => types::per_second(*unit),
        _ => 1,
    }
}

/// A date as the timestamp of its midnight.
pub(super) fn midnight(date: TypedNode) -> Result<TypedNode> {
    // Microseconds, as PostgreSQL's timestamps have.
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    cast(date, &timestamp, CastContext::Implicitly)
}

/// A function of one 64-bit representation to another, for every row.
pub(super) fn ticks(
    node: TypedNode,
    result_type: ResultType,
    place: TextSpan,
    function: impl Fn(i64) -> i64 + Send + Sync + 'static,
) -> Result<TypedNode> {
    let kernel: Kernel = Box::new(move |values, _| {
        let results = map(values[0].narrow(), Operand::Constant(()), |value, ()| {
            function(value)
        });
        Ok(Arc::new(Int64Array::new(results.into(), nulls(values))) as ArrayRef)
    });
    TypedNode::strict(place, result_type, vec![node], kernel)
}

/// A function that moves ticks by less than so many, so that those alone have no value that are near the ends
/// of 64 bits.
pub(super) fn moved_ticks(
    node: TypedNode,
    result_type: ResultType,
    place: TextSpan,
    less_than: i128,
    function: impl Fn(i64) -> Option<i64> + Copy + Send + Sync + 'static,
) -> Result<TypedNode> {
    let inside = NumericBounds::new(
        i128::from(i64::MIN) + less_than,
        i128::from(i64::MAX) - less_than,
    );
    // Proved for most columns that are made here: they cost no check, and fail in no row.
    match node.range.is_some_and(|range| range.is_within(inside)) {
        true => ticks(node, result_type, place, move |tick| {
            function(tick).unwrap_or(tick)
        }),
        false => checked_ticks(vec![node], result_type, place, move |tick, _| {
            function(tick)
        }),
    }
}

/// A function of 64-bit values that has no value for every row.
pub(super) fn checked_ticks(
    nodes: Vec<TypedNode>,
    result_type: ResultType,
    place: TextSpan,
    function: impl Fn(i64, i64) -> Option<i64> + Copy + Send + Sync + 'static,
) -> Result<TypedNode> {
    let target = types::name(&result_type.data_type);
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let right = values.get(1).map(ColumnarValue::narrow);
        let operands = (values[0].narrow(), right.unwrap_or(Operand::Constant(0)));
        let nulls = nulls(values);
        let results = evaluation.fitting(operands, nulls.as_ref(), function, &target)?;
        Ok(Arc::new(Int64Array::new(results.into(), nulls)) as ArrayRef)
    });
    TypedNode::strict(place, result_type.fallible(true), nodes, kernel)
}

/// Between dates and timestamps.
pub(super) fn instant(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let place = node.place;
    let from_date = node.data_type == DataType::Date32;
    let (from, to) = (zone_of(&node.data_type, place)?, zone_of(target, place)?);
    let per_second = per_second(&node.data_type);
    if *target == DataType::Date32 {
        return day(node, from.unwrap_or(Zone::UTC), place);
    }
    let DataType::Timestamp(unit, _) = target else {
        return Ok(node);
    };
    let target_per_second = types::per_second(*unit);
    let node = match (from_date, from, to) {
        (false, Some(zone), None) => moved(node, target, move |instant| {
            zone.to_local(instant, per_second)
        })?,
        (false, None, Some(zone)) => moved(node, target, move |local| {
            zone.to_instant(local, per_second)
        })?,
        _ => node,
    };
    if !from_date {
        return rescaled(node, target.clone(), per_second, target_per_second);
    }
    let zone = to.unwrap_or(Zone::UTC);
    let midnight = move |days: i64, _: i64| {
        let local = days.checked_mul(SECONDS_PER_DAY)?;
        zone.to_instant(local, 1)?.checked_mul(target_per_second)
    };
    checked_ticks(vec![node], ResultType::of(target.clone()), place, midnight)
}

/// The day that the clock of the timestamp's own zone shows.
fn day(node: TypedNode, zone: Zone, place: TextSpan) -> Result<TypedNode> {
    let per_second = per_second(&node.data_type);
    let per_day = per_second * SECONDS_PER_DAY;
    let is_utc = matches!(zone, Zone::Fixed(0));
    let day = move |instant: i64| match is_utc {
        true => instant.div_euclid(per_day),
        // In seconds: the last hours of 64 bits of nanoseconds are on a clock, too.
        false => {
            let second = instant.div_euclid(per_second);
            let local = second.saturating_add(zone.offset_at(second));
            local.div_euclid(SECONDS_PER_DAY)
        }
    };
    // A zone moves an instant by less than a day.
    let within = |tick: i128, more: i128| tick.div_euclid(per_day.into()) + more;
    let of =
        |range: NumericBounds| NumericBounds::new(within(range.low, -1), within(range.high, 1));
    let result_type = match node.range {
        Some(range) => ResultType::of(DataType::Date32).within(of(range)),
        None => ResultType::of(DataType::Date32),
    };
    // A date counts days in 32 bits, which 64 bits of milliseconds pass and those of microseconds
    // do not.
    let dates = NumericBounds::new(i32::MIN.into(), i32::MAX.into());
    let all = result_type.range.unwrap_or(of(NumericBounds::I64));
    if all.is_within(dates) {
        return ticks(node, result_type, place, day);
    }
    let known = all.clamp(dates);
    checked_ticks(
        vec![node],
        result_type.within(known),
        place,
        move |instant, _| Some(day(instant)).filter(|day| i32::try_from(*day).is_ok()),
    )
}

/// By a zone's offset, which changes neither unit nor width: with the zone of the target, or without one.
fn moved(
    node: TypedNode,
    target: &DataType,
    function: impl Fn(i64) -> Option<i64> + Copy + Send + Sync + 'static,
) -> Result<TypedNode> {
    let (place, per_second) = (node.place, per_second(&node.data_type));
    let data_type = match (&node.data_type, target) {
        (DataType::Timestamp(unit, _), DataType::Timestamp(_, zone)) => {
            DataType::Timestamp(*unit, zone.clone())
        }
        (other, _) => other.clone(),
    };
    // A wall clock in UTC is the instant itself.
    let far = i64::MAX / 2;
    if function(0) == Some(0) && function(far) == Some(far) {
        return Ok(node);
    }
    let day = i128::from(per_second) * i128::from(SECONDS_PER_DAY);
    moved_ticks(node, ResultType::of(data_type), place, day, function)
}

/// Ticks of one unit as ticks of another.
pub(super) fn rescaled(node: TypedNode, target: DataType, from: i64, to: i64) -> Result<TypedNode> {
    let place = node.place;
    match (to / from, from / to) {
        (1, 1) => Ok(TypedNode {
            data_type: target,
            ..node
        }),
        (0, divisor) => {
            let half = divisor / 2;
            let round = move |ticks: i64| match ticks.checked_add(half) {
                Some(more) => more.div_euclid(divisor),
                // So near the end it is rounded up, whatever the divisor.
                None => ticks.div_euclid(divisor) + 1,
            };
            ticks(node, ResultType::of(target), place, round)
        }
        (factor, _) => {
            let multiply = move |ticks: i64, _: i64| ticks.checked_mul(factor);
            checked_ticks(vec![node], ResultType::of(target), place, multiply)
        }
    }
}

/// Between durations of different units, and from a duration to months, days and nanoseconds.
pub(super) fn interval(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let place = node.place;
    let DataType::Duration(unit) = &node.data_type else {
        return Err(place
            .error("an interval of months and days is not a duration")
            .hint("take the difference of two timestamps, or `extract(epoch from …)`"));
    };
    let unit = *unit;
    if let DataType::Duration(to) = target {
        let (from, to) = (types::per_second(unit), types::per_second(*to));
        return rescaled(node, target.clone(), from, to);
    }
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let split = |ticks, ()| days_and_time(ticks, unit);
        let operands = (values[0].narrow(), Operand::Constant(()));
        interval_kernel(operands, split, values, evaluation)
    });
    let may_fail = matches!(unit, TimeUnit::Second | TimeUnit::Millisecond);
    let result_type = ResultType::of(types::INTERVAL).fallible(may_fail);
    TypedNode::strict(place, result_type, vec![node], kernel)
}

/// The interval that PostgreSQL makes of the time between two timestamps: whole days, then hours.
fn days_and_time(ticks: i64, unit: TimeUnit) -> Option<IntervalMonthDayNano> {
    let per_second = types::per_second(unit);
    let per_day = per_second * SECONDS_PER_DAY;
    let nanoseconds = ticks % per_day * (types::per_second(TimeUnit::Nanosecond) / per_second);
    let days = i32::try_from(ticks / per_day).ok()?;
    Some(IntervalMonthDayNano::new(0, days, nanoseconds))
}
