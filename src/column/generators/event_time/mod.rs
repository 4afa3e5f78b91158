//! `event_time`: when each row happened, never before the row above it; any row alone.

mod poisson_process;
mod profile;
mod steady_arrivals;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, TimeUnit};
use schemars::JsonSchema;
use serde::Deserialize;

use self::poisson_process::PoissonProcess;
use self::profile::DayProfile;
use self::steady_arrivals::SteadyArrivals;
use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::permutation::row_numbers;
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::scalar::{integer, per_second};
use crate::domain::{Domain, Order, Range};
use crate::error::{Problem, Result};
use crate::place::{Duration, Flag, Number, Placed, Rate, Scalar};

/// Times that never fall from row to row, from `start` on: so many a second (`rate`), or as many as
/// the table has rows within a `span`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventTime {
    /// The earliest time.
    start: Scalar,
    /// How many rows in how long, such as `2000/s`; the values do not depend on the row count.
    rate: Option<Placed<Rate>>,
    /// The time that all rows of the table share, such as `1d`; the values depend on the row count.
    span: Option<Placed<Duration>>,
    /// How the times follow each other (default `fixed`).
    arrivals: Option<EventArrivals>,
    /// 24 weights, one for each hour of the day in UTC: `rate` is then the mean of a whole day.
    profile: Option<Placed<Vec<Number>>>,
    /// A table without end begins now instead of at `start`, and runs at `rate` unless another rate is asked for (default false).
    live: Option<Flag>,
}

/// How times follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum EventArrivals {
    /// At equal distances.
    Fixed,
    /// At random, each independent of the others: a Poisson process.
    Poisson,
}

/// Times since the start, before the day's profile is applied.
enum ArrivalProcess {
    Fixed(SteadyArrivals),
    Poisson(PoissonProcess),
}

struct EventTimeFill {
    data_type: DataType,
    start: i64,
    pace: ArrivalProcess,
    profile: Option<DayProfile>,
}

impl Generator for EventTime {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let data_type = build.data_type(utc);
        let DataType::Timestamp(unit, _) = &data_type else {
            return Err(build.wrong_type("event_time", "timestamps"));
        };
        let ticks = per_second(*unit) as i64;
        // Timestamps fit in 64 bits.
        let start = integer(&self.start, &data_type)? as i64;
        let rows = row_numbers(build)?;
        let live = self.is_live() && rows.is_none();
        let start = if live { now(build, ticks) } else { start };
        let profile = self.profile(ticks, start)?;
        let ratio = self.ratio(ticks, start, rows, profile.as_ref(), build)?;
        // An hour above the mean has more ticks of the profile's load than the clock has, so that
        // rows share one.
        let strict = ratio.at_least_one() && profile.is_none();
        let pace = match (self.arrivals, rows.filter(|_| self.span.is_some())) {
            (Some(EventArrivals::Poisson), None) => {
                ArrivalProcess::Poisson(PoissonProcess::endless(build.key, ratio))
            }
            (Some(EventArrivals::Poisson), Some(rows)) => {
                ArrivalProcess::Poisson(PoissonProcess::within(build.key, ratio, rows))
            }
            _ => ArrivalProcess::Fixed(ratio),
        };
        let strict = strict && matches!(pace, ArrivalProcess::Fixed(_));
        let times = EventTimeFill {
            data_type: data_type.clone(),
            start,
            pace,
            profile,
        };
        let range = |rows: u64| Range::Integer {
            min: times.start.into(),
            max: times.ticks(Rows::List(&[rows.saturating_sub(1)]))[0].into(),
        };
        let domain = Domain {
            range: rows.map(range),
            order: match strict {
                true => Order::StrictlyAscending,
                false => Order::Ascending,
            },
            unique: strict,
            depends_on_rows: self.span.is_some(),
            depends_on_now: live,
            ..Domain::default()
        };
        self.check_end(&domain, build)?;
        Ok(BuiltColumn::new(data_type, domain, times))
    }

    fn live_rate(&self) -> Option<f64> {
        let rate = self.rate.as_ref().map(|rate| rate.value.0);
        rate.filter(|_| self.is_live())
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

/// The run's start, of so many ticks a second: until 2262 there is one in 64 bits.
fn now(build: &Build<'_>, ticks: i64) -> i64 {
    (i128::from(build.now_micros()) * i128::from(ticks)).div_euclid(1_000_000) as i64
}

impl EventTime {
    fn is_live(&self) -> bool {
        self.live.is_some_and(|live| live.0)
    }

    /// The ticks from one row to the next, on average.
    fn ratio(
        &self,
        ticks: i64,
        start: i64,
        rows: Option<u64>,
        profile: Option<&DayProfile>,
        build: &Build<'_>,
    ) -> Result<SteadyArrivals, Problem> {
        match (&self.rate, &self.span, rows) {
            (Some(rate), None, _) => Ok(SteadyArrivals::of_rate(ticks as u64, rate.value.0)),
            (None, Some(span), Some(rows)) => {
                let length = span.value.0.as_nanos() * ticks as u128 / 1_000_000_000;
                let length = i64::try_from(length)
                    .ok()
                    .filter(|length| start.checked_add(*length).is_some());
                let length = length.ok_or_else(|| {
                    Problem::new("the span ends later than a timestamp can say").at(&span.place)
                })?;
                let length = match profile {
                    Some(profile) => profile.load(start, length),
                    None => length,
                };
                match u64::try_from(length) {
                    Ok(length @ 1..) => Ok(SteadyArrivals::new(length, rows.max(1))),
                    _ => Err(Problem::new("nothing can happen within the span").at(&span.place)),
                }
            }
            (None, Some(span), None) => Err(Problem::new("an endless table cannot share a `span`")
                .at(&span.place)
                .hint("give a `rate` such as `2000/s`")),
            (Some(_), Some(span), _) => {
                Err(Problem::new("`rate` and `span` cannot be used together").at(&span.place))
            }
            (None, None, _) => Err(Problem::new("`event_time` needs a `rate` or a `span`")
                .at(&build.place)
                .hint("write `rate: 2000/s`, or `span: 1d` for all rows together")),
        }
    }

    fn profile(&self, ticks: i64, start: i64) -> Result<Option<DayProfile>, Problem> {
        let Some(weights) = &self.profile else {
            return Ok(None);
        };
        let hours: Vec<f64> = weights.value.iter().map(|weight| weight.0).collect();
        let profile = DayProfile::new(&hours, ticks, start);
        profile.map(Some).map_err(|message| {
            Problem::new(message)
                .at(&weights.place)
                .hint("write one weight for each hour, from 0:00 to 23:00 in UTC")
        })
    }

    /// The last time must be one that the type can hold.
    fn check_end(&self, domain: &Domain, build: &Build<'_>) -> Result<(), Problem> {
        match domain.range {
            Some(Range::Integer { max, .. }) if max == i64::MAX.into() => {
                let message = format!(
                    "the last time of column `{}` is later than a timestamp can say",
                    build.name
                );
                let place = self.rate.as_ref().map_or(&build.place, |rate| &rate.place);
                Err(Problem::new(message).at(place))
            }
            _ => Ok(()),
        }
    }
}

impl EventTimeFill {
    fn ticks(&self, rows: Rows<'_>) -> Vec<i64> {
        // A profile's ticks begin with its first hour's.
        let start = if self.profile.is_some() {
            0
        } else {
            self.start
        };
        let mut ticks = match &self.pace {
            ArrivalProcess::Fixed(ratio) => ratio.times(start, rows),
            ArrivalProcess::Poisson(poisson) => poisson.times(start, rows),
        };
        if let Some(profile) = &self.profile {
            ticks
                .iter_mut()
                .for_each(|tick| *tick = profile.time(*tick));
        }
        ticks
    }
}

impl Fill for EventTimeFill {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        Ok(from_i64(&self.data_type, self.ticks(rows)))
    }
}

#[cfg(test)]
mod tests;
