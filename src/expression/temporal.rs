//! Arithmetic with dates, timestamps and intervals.
//!
//! `timestamp - timestamp` is a duration in the finer unit, which behaves as PostgreSQL's interval of whole
//! days and hours. Months and days are counted on the wall clock of the timestamp's zone.

use super::cast::{self, CastContext};
use super::cast_time::{checked_ticks, midnight, per_second, zone_of};
use super::error::{Result, RowFailure, TextSpan};
use super::exact::Operator;
use super::node::{Kernel, ResultType, Sides, TypedNode};
use super::number::as_double;
use super::range::NumericBounds;
use super::time_of_day;
use super::types::{self, Family, INTERVAL, family};
use super::value::nulls;
use crate::kernel::map::Operand;
use crate::kernel::time::{SECONDS_PER_DAY, Zone, add_interval};
use arrow::array::{ArrayRef, Int64Array, IntervalMonthDayNanoArray};
use arrow::datatypes::{DataType, IntervalMonthDayNano};
use std::sync::Arc;

const NANOSECONDS: i64 = 1_000_000_000;

/// The operation, where the types have one.
pub(super) fn arithmetic(
    operator: Operator,
    [left, right]: Sides,
    place: TextSpan,
) -> Option<Result<TypedNode>> {
    use Family::{Date, Decimal, Float, Integer, Interval, Time, Timestamp};
    use Operator::{Add, Div, Mul, Sub};
    Some(
        match (operator, family(&left.data_type), family(&right.data_type)) {
            (Add, Integer, Date) => days(operator, right, left, place),
            (Add | Sub, Date, Integer) => days(operator, left, right, place),
            (Sub, Date, Date) => between_dates(left, right, place),
            (Sub, Date | Timestamp, Date | Timestamp) => between(left, right, place),
            (Add, Interval, Date | Timestamp) => moved(right, left, 1, place),
            (Add | Sub, Date | Timestamp, Interval) => {
                moved(left, right, if operator == Sub { -1 } else { 1 }, place)
            }
            (Add, Date, Time) => time_of_day::on_day(left, right, place),
            (Add, Time, Date) => time_of_day::on_day(right, left, place),
            (Add, Interval, Time) => time_of_day::moved(right, left, 1, place),
            (Add, Time, Interval) => time_of_day::moved(left, right, 1, place),
            (Sub, Time, Interval) => time_of_day::moved(left, right, -1, place),
            (Sub, Time, Time) => time_of_day::between(left, right, place),
            (Add | Sub, Interval, Interval) => intervals(operator, [left, right], place),
            (Mul, Integer | Decimal | Float, Interval) => multiplied(right, left, false, place),
            (Mul | Div, Interval, Integer | Decimal | Float) => {
                multiplied(left, right, operator == Div, place)
            }
            _ => return None,
        },
    )
}

/// A date moved by whole days.
fn days(
    operator: Operator,
    date: TypedNode,
    days: TypedNode,
    place: TextSpan,
) -> Result<TypedNode> {
    let days = cast::cast(days, &DataType::Int64, CastContext::Implicitly)?;
    // A sum that is no date is an error of its row, so that what is there is within the type.
    let range = date.range.zip(days.range).map(|(date, days)| {
        let moved = match operator {
            Operator::Sub => date.sub(days),
            _ => date.add(days),
        };
        moved.clamp(NumericBounds::new(i32::MIN.into(), i32::MAX.into()))
    });
    let sum = move |date: i64, days: i64| {
        let day = match operator {
            Operator::Sub => date.checked_sub(days),
            _ => date.checked_add(days),
        };
        day.filter(|day| i32::try_from(*day).is_ok())
    };
    let result_type = ResultType::of(DataType::Date32);
    let result_type = match range {
        Some(range) => result_type.within(range),
        None => result_type,
    };
    checked_ticks(vec![date, days], result_type, place, sum)
}

/// Whole days.
fn between_dates(left: TypedNode, right: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let difference = |left: i64, right: i64| {
        left.checked_sub(right)
            .filter(|days| i32::try_from(*days).is_ok())
    };
    checked_ticks(
        vec![left, right],
        ResultType::of(DataType::Int32),
        place,
        difference,
    )
}

fn between(left: TypedNode, right: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let common = types::common(&left.data_type, &right.data_type).unwrap_or(DataType::Date32);
    let DataType::Timestamp(unit, _) = common else {
        return Err(place.error("only dates and timestamps have a difference"));
    };
    let [left, right] =
        [left, right].map(|side| cast::cast(side, &common, CastContext::Implicitly));
    checked_ticks(
        vec![left?, right?],
        ResultType::of(DataType::Duration(unit)),
        place,
        i64::checked_sub,
    )
}

/// A date or a timestamp moved by an interval: a date becomes the timestamp of its midnight.
fn moved(instant: TypedNode, interval: TypedNode, sign: i64, place: TextSpan) -> Result<TypedNode> {
    let instant = match instant.data_type {
        DataType::Date32 => midnight(instant)?,
        _ => instant,
    };
    if matches!(interval.data_type, DataType::Duration(_)) {
        return moved_by_duration(instant, interval, sign, place);
    }
    let zone = zone_of(&instant.data_type, instant.place)?.unwrap_or(Zone::UTC);
    let (ticks, result_type) = (
        per_second(&instant.data_type),
        ResultType::of(instant.data_type.clone()),
    );
    let target = types::name(&result_type.data_type);
    let per_tick = NANOSECONDS / ticks;
    let add = move |instant: i64, by: IntervalMonthDayNano| {
        let (months, days) = (
            by.months.checked_mul(sign as i32),
            by.days.checked_mul(sign as i32),
        );
        let time = (by.nanoseconds / per_tick).checked_mul(sign);
        add_interval(instant, (months?, days?, time?), &zone, ticks)
    };
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let (operands, nulls) = ((values[0].narrow(), values[1].interval()), nulls(values));
        let results = evaluation.fitting(operands, nulls.as_ref(), add, &target)?;
        Ok(Arc::new(Int64Array::new(results.into(), nulls)) as ArrayRef)
    });
    TypedNode::strict(
        place,
        result_type.fallible(true),
        vec![instant, interval],
        kernel,
    )
}

fn moved_by_duration(
    instant: TypedNode,
    by: TypedNode,
    sign: i64,
    place: TextSpan,
) -> Result<TypedNode> {
    let result_type = ResultType::of(instant.data_type.clone());
    let DataType::Timestamp(unit, _) = instant.data_type else {
        return Err(place.error("only dates and timestamps are moved by a duration"));
    };
    let by = cast::cast(by, &DataType::Duration(unit), CastContext::Implicitly)?;
    let add = move |instant: i64, by: i64| instant.checked_add(by.checked_mul(sign)?);
    checked_ticks(vec![instant, by], result_type, place, add)
}

fn intervals(operator: Operator, [left, right]: Sides, place: TextSpan) -> Result<TypedNode> {
    let common = types::common(&left.data_type, &right.data_type).unwrap_or(INTERVAL);
    let [left, right] =
        [left, right].map(|side| cast::cast(side, &common, CastContext::Implicitly));
    let (left, right) = (left?, right?);
    let sub = operator == Operator::Sub;
    if common != INTERVAL {
        let result_type = ResultType::of(common);
        return match sub {
            true => checked_ticks(vec![left, right], result_type, place, i64::checked_sub),
            false => checked_ticks(vec![left, right], result_type, place, i64::checked_add),
        };
    }
    // In 128 bits no sum of two overflows, so that one look at the end says whether it fits.
    let add = move |left: IntervalMonthDayNano, right: IntervalMonthDayNano| {
        let sign = if sub { -1 } else { 1 };
        parts(
            i128::from(left.months) + sign * i128::from(right.months),
            i128::from(left.days) + sign * i128::from(right.days),
            i128::from(left.nanoseconds) + sign * i128::from(right.nanoseconds),
        )
    };
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let operands = (values[0].interval(), values[1].interval());
        interval_kernel(operands, add, values, evaluation)
    });
    TypedNode::strict(
        place,
        ResultType::of(INTERVAL).fallible(true),
        vec![left, right],
        kernel,
    )
}

fn parts(months: i128, days: i128, nanoseconds: i128) -> Option<IntervalMonthDayNano> {
    Some(IntervalMonthDayNano::new(
        i32::try_from(months).ok()?,
        i32::try_from(days).ok()?,
        i64::try_from(nanoseconds).ok()?,
    ))
}

/// An interval for every row, or the failure of the first row that counts and has none.
pub(super) fn interval_kernel<A: Copy, B: Copy>(
    operands: (Operand<'_, A>, Operand<'_, B>),
    function: impl Fn(A, B) -> Option<IntervalMonthDayNano>,
    values: &[super::value::ColumnarValue],
    evaluation: &super::value::Evaluation<'_>,
) -> Result<ArrayRef, RowFailure> {
    let nulls = nulls(values);
    let results = evaluation.fitting(operands, nulls.as_ref(), function, "interval")?;
    let results = IntervalMonthDayNanoArray::new(results.into(), nulls);
    Ok(Arc::new(results))
}

/// An interval times, or divided by, a number.
fn multiplied(
    interval: TypedNode,
    by: TypedNode,
    divide: bool,
    place: TextSpan,
) -> Result<TypedNode> {
    let interval = cast::cast(interval, &INTERVAL, CastContext::Implicitly)?;
    let result_type = ResultType::of(INTERVAL).fallible(true);
    if family(&by.data_type) == Family::Integer && !divide {
        let by = cast::cast(by, &DataType::Int64, CastContext::Implicitly)?;
        let kernel: Kernel = Box::new(move |values, evaluation| {
            let times = |interval: IntervalMonthDayNano, by: i64| {
                let by = i128::from(by);
                let (months, days) = (
                    i128::from(interval.months) * by,
                    i128::from(interval.days) * by,
                );
                parts(months, days, i128::from(interval.nanoseconds) * by)
            };
            let operands = (values[0].interval(), values[1].narrow());
            interval_kernel(operands, times, values, evaluation)
        });
        return TypedNode::strict(place, result_type, vec![interval, by], kernel);
    }
    let kernel: Kernel = Box::new(move |values, evaluation| {
        let times = |interval, by| scaled(interval, by, divide);
        let operands = (values[0].interval(), values[1].float());
        interval_kernel(operands, times, values, evaluation)
    });
    TypedNode::strict(place, result_type, vec![interval, as_double(by)?], kernel)
}

/// Fractions of a month spill into days of 30 to the month, fractions of a day into time, to the
/// microsecond, as PostgreSQL's `interval_mul`.
fn scaled(interval: IntervalMonthDayNano, by: f64, divide: bool) -> Option<IntervalMonthDayNano> {
    let times = |value: f64| if divide { value / by } else { value * by };
    let (months, days) = (times(interval.months.into()), times(interval.days.into()));
    let microseconds = times(interval.nanoseconds as f64 / 1000.0);
    if !(months.is_finite() && days.is_finite() && microseconds.is_finite()) {
        return None;
    }
    // Rounded to a millionth of a day, so that 0.1 months are 3 days.
    let to_micro = |value: f64| (value * 1e6).round_ties_even() / 1e6;
    let month_days = to_micro(months.fract() * 30.0);
    let day_seconds = to_micro((days.fract() + month_days.fract()) * SECONDS_PER_DAY as f64);
    let (extra_days, seconds) = match day_seconds.abs() >= SECONDS_PER_DAY as f64 {
        true => (
            day_seconds.signum(),
            day_seconds - day_seconds.signum() * SECONDS_PER_DAY as f64,
        ),
        false => (0.0, day_seconds),
    };
    let whole_days = days.trunc() + month_days.trunc() + extra_days;
    let nanoseconds = (microseconds + seconds * 1e6).round_ties_even() * 1000.0;
    // The casts below would saturate, and say another interval without a word.
    let fits = |value: f64, limit: f64| value.abs() < limit;
    (fits(months, 2_147_483_648.0)
        && fits(whole_days, 2_147_483_648.0)
        && fits(nanoseconds, 9.2e18))
    .then(|| IntervalMonthDayNano::new(months as i32, whole_days as i32, nanoseconds as i64))
}

/// `-interval`.
pub(super) fn negate(node: TypedNode, place: TextSpan) -> Result<TypedNode> {
    let minus = TypedNode::exact(-1, DataType::Int32, place);
    if matches!(node.data_type, DataType::Duration(_)) {
        let result_type = ResultType::of(node.data_type.clone());
        return checked_ticks(vec![node], result_type, place, |ticks, _| {
            ticks.checked_neg()
        });
    }
    multiplied(node, minus, false, place)
}
