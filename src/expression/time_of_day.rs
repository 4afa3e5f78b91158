//! Times of day: what a clock shows, what is counted with it, and the parts of it. One begins at midnight and
//! ends before the next: Arrow has no `24:00`, which PostgreSQL has.

use super::cast::{self, CastContext};
use super::cast_time::{checked_ticks, per_second, rescaled, zone_of};
use super::error::{Result, TextSpan};
use super::node::{Kernel, ResultType, TypedNode};
use super::temporal::interval_kernel;
use super::types::{self, INTERVAL};
use super::value::nulls;
use crate::kernel::map::{Operand, map};
use crate::kernel::time::{SECONDS_PER_DAY, Zone};
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::{DataType, IntervalMonthDayNano, TimeUnit};
use std::sync::Arc;

const NANOSECONDS: i64 = 1_000_000_000;

/// The type of a time of day of a unit.
pub(super) fn of_unit(unit: TimeUnit) -> DataType {
    match unit {
        TimeUnit::Second | TimeUnit::Millisecond => DataType::Time32(unit),
        TimeUnit::Microsecond | TimeUnit::Nanosecond => DataType::Time64(unit),
    }
}

/// What the clock of a timestamp's own zone shows.
pub(super) fn of_timestamp(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let DataType::Timestamp(unit, _) = node.data_type else {
        return Ok(node);
    };
    let zone = zone_of(&node.data_type, node.place)?.unwrap_or(Zone::UTC);
    let (place, per_second) = (node.place, types::per_second(unit));
    let per_day = per_second * SECONDS_PER_DAY;
    let clock = move |instant: i64, _: i64| {
        let local = zone.to_local(instant, per_second)?;
        Some(local.rem_euclid(per_day))
    };
    let clock = checked_ticks(vec![node], ResultType::of(of_unit(unit)), place, clock)?;
    of_time(clock, target)
}

/// A time of day in another unit.
pub(super) fn of_time(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let (place, from, to) = (node.place, per_second(&node.data_type), per_second(target));
    if from <= to {
        return rescaled(node, target.clone(), from, to);
    }
    let (divisor, per_day) = (from / to, to * SECONDS_PER_DAY);
    let round = move |ticks: i64, _: i64| {
        let rounded = ticks.saturating_add(divisor / 2).div_euclid(divisor);
        (rounded < per_day).then_some(rounded)
    };
    checked_ticks(vec![node], ResultType::of(target.clone()), place, round)
}

/// The time of an interval, without its days and months, from midnight.
pub(super) fn of_interval(node: TypedNode, target: &DataType) -> Result<TypedNode> {
    let (place, per_tick) = (node.place, NANOSECONDS / per_second(target));
    let node = cast::cast(node, &INTERVAL, CastContext::Implicitly)?;
    let kernel: Kernel = Box::new(move |values, _| {
        let clock = |interval: IntervalMonthDayNano, ()| {
            interval
                .nanoseconds
                .rem_euclid(NANOSECONDS * SECONDS_PER_DAY)
                / per_tick
        };
        let results = map(values[0].interval(), Operand::Constant(()), clock);
        Ok(Arc::new(Int64Array::new(results.into(), nulls(values))) as ArrayRef)
    });
    TypedNode::strict(place, ResultType::of(target.clone()), vec![node], kernel)
}

/// A time of day as the interval since midnight.
pub(super) fn to_interval(node: TypedNode) -> Result<TypedNode> {
    let (place, per_tick) = (node.place, NANOSECONDS / per_second(&node.data_type));
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let since = |ticks: i64, ()| {
            Some(IntervalMonthDayNano::new(
                0,
                0,
                ticks.checked_mul(per_tick)?,
            ))
        };
        let operands = (values[0].narrow(), Operand::Constant(()));
        interval_kernel(operands, since, values, evaluation)
    });
    TypedNode::strict(place, ResultType::of(INTERVAL), vec![node], kernel)
}

/// A day's time of day: a timestamp.
pub(super) fn on_day(date: TypedNode, time: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let (DataType::Time32(unit) | DataType::Time64(unit)) = time.data_type else {
        return Ok(time);
    };
    let timestamp = DataType::Timestamp(unit, None);
    let date = cast::cast(date, &timestamp, CastContext::Implicitly)?;
    let result_type = ResultType::of(timestamp);
    checked_ticks(vec![date, time], result_type, place, i64::checked_add)
}

/// A time of day moved by the time of an interval, round the clock.
pub(super) fn moved(
    time: TypedNode,
    interval: TypedNode,
    sign: i64,
    place: TextSpan,
) -> Result<TypedNode> {
    let interval = cast::cast(interval, &INTERVAL, CastContext::Implicitly)?;
    let per_second = per_second(&time.data_type);
    let (per_tick, per_day) = (NANOSECONDS / per_second, per_second * SECONDS_PER_DAY);
    let result_type = ResultType::of(time.data_type.clone());
    let kernel: Kernel = Box::new(move |values, _| {
        let add = |time: i64, by: IntervalMonthDayNano| {
            // Within a day first: no sum is beyond 64 bits then.
            let by = (by.nanoseconds / per_tick % per_day).wrapping_mul(sign);
            time.rem_euclid(per_day)
                .wrapping_add(by)
                .rem_euclid(per_day)
        };
        let results = map(values[0].narrow(), values[1].interval(), add);
        Ok(Arc::new(Int64Array::new(results.into(), nulls(values))) as ArrayRef)
    });
    TypedNode::strict(place, result_type, vec![time, interval], kernel)
}

/// The time between two times of one day.
pub(super) fn between(left: TypedNode, right: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let common = types::common(&left.data_type, &right.data_type);
    let Some(common @ (DataType::Time32(unit) | DataType::Time64(unit))) = common else {
        return Err(place.error("only times of day have such a difference"));
    };
    let [left, right] =
        [left, right].map(|side| cast::cast(side, &common, CastContext::Implicitly));
    let result_type = ResultType::of(DataType::Duration(unit));
    checked_ticks(vec![left?, right?], result_type, place, i64::checked_sub)
}
