//! The times of messages, as Kafka has them: milliseconds since 1970.

use std::borrow::Cow;
use std::ops::Range;
use std::time::{SystemTime, UNIX_EPOCH};

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit};
use arrow::error::ArrowError;
use chrono::{DateTime, SecondsFormat};

use crate::format::cells::Refusal;
use crate::format::nested::plain_type;

/// The times of a batch's messages; a message whose time is null is of the time at which it is sent.
#[derive(Debug)]
pub struct MessageTimes {
    millis: Vec<i64>,
    nulls: Option<NullBuffer>,
}

/// The times that a producer can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sendable {
    /// Those since 1970: the protocol calls -1 "no time", and Java's clients take nothing before 0.
    From1970,
    /// Those after it: to librdkafka 0 means the present.
    After1970,
}

/// The present.
pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
}

impl MessageTimes {
    /// The times that a column of timestamps holds: the millisecond in which each lies.
    ///
    /// # Errors
    /// The first row that is of a time that cannot be sent.
    pub fn of(name: &str, column: &ArrayRef, sendable: Sendable) -> Result<Self, Refusal> {
        let refusal = |row, fault, hint| Refusal {
            path: name.to_string(),
            row,
            fault,
            hint,
        };
        let times = floored(column).map_err(|error| {
            let hint = "the time of a message is a timestamp";
            refusal(0, error.to_string(), hint)
        })?;
        let wrong = |time: &i64| match sendable {
            Sendable::From1970 => *time < 0,
            Sendable::After1970 => *time <= 0,
        };
        let mut all = times.millis.iter().enumerate();
        match all.find(|(row, time)| wrong(time) && !times.is_null(*row)) {
            None => Ok(times),
            Some((row, 0)) => {
                let fault = "is 1970-01-01T00:00:00.000Z, which librdkafka takes for the present";
                let hint = "set `producer: native`, or `on_bad_row`";
                Err(refusal(row, fault.into(), hint))
            }
            Some((row, time)) => {
                let fault = format!("is {}, but Kafka has no times before 1970", shown(*time));
                let hint = "leave `timestamp` out for the time of sending, or set `on_bad_row`";
                Err(refusal(row, fault, hint))
            }
        }
    }

    /// The time of a row, if it has one.
    pub fn get(&self, row: usize) -> Option<i64> {
        (!self.is_null(row)).then(|| self.millis[row])
    }

    /// True of a row that has none.
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// The times of some rows, nothing when none of them has one; `now` where one has none.
    pub fn some(&self, rows: Range<usize>, now: i64) -> Option<Cow<'_, [i64]>> {
        let nulls = rows.clone().filter(|row| self.is_null(*row)).count();
        match nulls {
            0 => Some(Cow::Borrowed(&self.millis[rows])),
            all if all == rows.len() => None,
            // With times of its own in some rows only: `now` for the others, as -1 is "no time",
            // which Java's readers refuse.
            _ => {
                let times = rows.map(|row| self.get(row).unwrap_or(now));
                Some(Cow::Owned(times.collect()))
            }
        }
    }
}

/// Milliseconds, rounded down: a cast would round towards 1970.
fn floored(column: &ArrayRef) -> Result<MessageTimes, ArrowError> {
    let data_type = plain_type(column.data_type());
    let ticks = cast(column, data_type).and_then(|times| cast(&times, &DataType::Int64))?;
    let ticks = ticks.as_primitive::<Int64Type>();
    let each = |of: fn(i64) -> i64| ticks.values().iter().map(|tick| of(*tick)).collect();
    let millis = match data_type {
        DataType::Timestamp(TimeUnit::Second, _) => each(|tick| tick.saturating_mul(1_000)),
        // `div_euclid` rounds down also before 1970, where a division would round up.
        DataType::Timestamp(TimeUnit::Microsecond, _) => each(|tick| tick.div_euclid(1_000)),
        DataType::Timestamp(TimeUnit::Nanosecond, _) => each(|tick| tick.div_euclid(1_000_000)),
        _ => ticks.values().to_vec(),
    };
    let nulls = ticks.nulls().filter(|nulls| nulls.null_count() > 0);
    Ok(MessageTimes {
        millis,
        nulls: nulls.cloned(),
    })
}

fn shown(millis: i64) -> String {
    match DateTime::from_timestamp_millis(millis) {
        Some(time) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
        None => format!("{millis} ms since 1970"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray,
    };

    use super::*;
    use crate::batch::RowNumbers;

    fn times(column: ArrayRef) -> Vec<Option<i64>> {
        let times = MessageTimes::of("t", &column, Sendable::From1970).unwrap();
        (0..column.len()).map(|row| times.get(row)).collect()
    }

    fn refused(column: ArrayRef, sendable: Sendable) -> String {
        let refusal = MessageTimes::of("t", &column, sendable).unwrap_err();
        refusal.error(&RowNumbers::From(10)).to_string()
    }

    #[test]
    fn times_of_every_unit_are_milliseconds_rounded_down() {
        let nanos = TimestampNanosecondArray::from(vec![Some(1_999_999), None, Some(0)]);
        assert_eq!(times(Arc::new(nanos)), [Some(1), None, Some(0)]);
        let micros = TimestampMicrosecondArray::from(vec![999, 1_000]).with_timezone("UTC");
        assert_eq!(times(Arc::new(micros)), [Some(0), Some(1)]);
        let millis = TimestampMillisecondArray::from(vec![7]);
        assert_eq!(times(Arc::new(millis)), [Some(7)]);
        let seconds = TimestampSecondArray::from(vec![2, i64::MAX]);
        assert_eq!(times(Arc::new(seconds)), [Some(2_000), Some(i64::MAX)]);
    }

    #[test]
    fn times_that_a_producer_would_send_as_others_are_refused_with_their_row() {
        let times = |values: Vec<Option<i64>>| -> ArrayRef {
            Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
        };
        assert_eq!(
            refused(times(vec![None, Some(1_500), Some(-1)]), Sendable::From1970),
            "error: column `t` in row 12 is 1969-12-31T23:59:59.999Z, but Kafka has no times before 1970\n  \
             hint: leave `timestamp` out for the time of sending, or set `on_bad_row`"
        );
        assert_eq!(
            refused(times(vec![Some(1_000), Some(999)]), Sendable::After1970),
            "error: column `t` in row 11 is 1970-01-01T00:00:00.000Z, which librdkafka takes for the present\n  \
             hint: set `producer: native`, or `on_bad_row`"
        );
    }

    #[test]
    fn rows_without_a_time_are_of_the_present_among_others() {
        let column: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![
            Some(5),
            Some(6),
            None,
            None,
        ]));
        let times = MessageTimes::of("t", &column, Sendable::After1970).unwrap();
        assert_eq!(times.some(0..2, 9).as_deref(), Some(&[5, 6][..]));
        assert_eq!(times.some(1..3, 9).as_deref(), Some(&[6, 9][..]));
        assert_eq!(times.some(2..4, 9), None);
    }
}
