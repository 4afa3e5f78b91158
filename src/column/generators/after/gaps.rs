//! Times that each come some while after the one before: a group's first row is at its start.

use std::ops::Range as Rows64;

use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, TimeUnit};

use super::ends::Ends;
use super::{After, LONGEST, dated, delay};
use crate::column::before::carried::{Carried, Scan};
use crate::column::before::{Group, Reach};
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::CountSampler;
use crate::column::program::with_valid;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::scalar::integer;
use crate::column::values::ticks::{nanos_per_tick, ticks};
use crate::column::values::types::show_type;
use crate::domain::{Domain, Order, Range};
use crate::error::{Problem, Result};
use crate::place::{Placed, Scalar, Text};

/// Times with random distances between them.
pub(super) struct Gaps {
    key: Key,
    delay: CountSampler,
    /// The first time of every group; where there is none, a column says it.
    start: Option<i64>,
    data_type: DataType,
    ends: Ends,
}

/// The distances, and where a column says the first times, those.
pub(in crate::column) struct Distances {
    delays: Vec<u64>,
    starts: Option<Int64Array>,
}

/// What some rows do to the time before them.
pub(in crate::column) struct Passed {
    /// They begin the group with this time.
    start: Option<Option<i64>>,
    by: i64,
}

/// The column of times after the one before.
///
/// # Errors
/// It counts from another column, or its options are wrong.
pub(super) fn build(
    after: &After,
    previous: &Placed<Text>,
    build: &mut Build<'_>,
) -> Result<BuiltColumn, Problem> {
    check_own(previous, build)?;
    let Some(start) = &after.start else {
        return Err(
            Problem::new("the key `start` is missing: the time of the first row")
                .at(&build.place)
                .hint("write a time, or a column such as `start: session_id.started_at`"),
        );
    };
    let (fixed, output, first) = start_of(start, build)?;
    let group = Group::of(after.within.as_ref(), "after", Reach::All, build)?;
    // A date or timestamp has ticks.
    let tick = nanos_per_tick(&output).unwrap_or(1);
    let distribution = after.delay.distribution(tick)?;
    let delay = distribution.counts(&after.delay.0.place, 0, LONGEST);
    let unit = delay::unit(tick);
    let delay =
        delay.map_err(|problem| problem.hint(format!("durations are counted in {unit} here")))?;
    let ends = Ends::of(&output, &output, &after.delay.0.place);
    let gaps = group.most().map(|rows| i128::from(rows.saturating_sub(1)));
    let last = gaps.and_then(|gaps| gaps.checked_mul(delay.range().1.into()));
    let range = match first.range {
        Some(Range::Integer { min, max }) => last.map(|last| (min, max + last)),
        _ => None,
    };
    if let (true, Some(Range::Integer { min, .. })) = (group.is_whole(), first.range) {
        let least = i128::from(delay.range().0);
        // Of the whole table it is known how many delays there are; of random ones only the least.
        let last = gaps.and_then(|gaps| min.checked_add(gaps.checked_mul(least)?));
        if gaps.is_some() && last.is_none_or(|last| last > ends.most.into()) {
            return Err(ends.later("the last time"));
        }
    }
    let range = range.filter(|(_, max)| *max <= ends.most.into());
    let domain = Domain {
        range: range.map(|(min, max)| Range::Integer { min, max }),
        order: match group.is_whole() && !first.nulls {
            true => Order::Ascending,
            false => Order::Unknown,
        },
        nulls: first.nulls,
        ..Domain::default()
    };
    let scan = Gaps {
        key: build.key,
        delay,
        start: fixed,
        data_type: output.clone(),
        ends,
    };
    let read = usize::from(fixed.is_none());
    Ok(Carried::new(scan, group, read, build).column(output, domain))
}

/// `previous` names the column itself: what else is before a row, `previous` columns say.
fn check_own(previous: &Placed<Text>, build: &Build<'_>) -> Result<(), Problem> {
    let own = build.name.rsplit('.').next().unwrap_or_default();
    if previous.as_str() == own {
        return Ok(());
    }
    let other = previous.as_str();
    let message = format!("`previous` names the column itself here: `{own}`");
    Err(Problem::new(message).at(&previous.place).hint(format!(
        "to count from `{other}` of the row before, make a column `before: {{ previous: {{ column: {other} }} }}`, and `after: {{ column: before, … }}`"
    )))
}

/// The first time where it is fixed, the type of the times, and what is known of first times.
fn start_of(
    start: &Scalar,
    build: &mut Build<'_>,
) -> Result<(Option<i64>, DataType, Domain), Problem> {
    let text = start.text.as_deref().unwrap_or_default();
    let default = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    if text.starts_with(|first: char| first.is_ascii_digit()) {
        let output = build.data_type(default);
        if !dated(&output) {
            return Err(build.wrong_type("after", "dates and timestamps"));
        }
        let first = integer(start, &output)?;
        // Dates and timestamps fit in 64 bits.
        return Ok((Some(first as i64), output, Domain::integers(first, first)));
    }
    let input = build.input(text, &start.place)?;
    if !dated(&input.data_type) {
        let shown = show_type(&input.data_type);
        let message = format!("`{text}` is {shown}, not a date or timestamp");
        return Err(Problem::new(message).at(&start.place));
    }
    let output = build.data_type(input.data_type.clone());
    if !dated(&output) {
        return Err(build.wrong_type("after", "dates and timestamps"));
    }
    let known = match output == input.data_type {
        true => input.domain,
        false => Domain {
            nulls: input.domain.nulls,
            ..Domain::default()
        },
    };
    Ok((None, output, known))
}

impl Gaps {
    fn first(&self, distances: &Distances, index: usize) -> Option<i64> {
        match &distances.starts {
            Some(starts) => starts.is_valid(index).then(|| starts.value(index)),
            None => self.start,
        }
    }

    fn later(&self, time: Option<i64>, by: i64) -> Option<i64> {
        // What is beyond the last time stays there, for `array` to find.
        time.map(|time| time.saturating_add(by))
    }
}

impl Scan for Gaps {
    type State = Option<i64>;
    type Steps = Distances;
    type Block = Passed;
    type Value = Option<i64>;

    fn steps(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<Distances> {
        let mut delays = vec![0; rows.len()];
        self.delay.fill(&self.key.fill(rows), &mut delays);
        let starts = match inputs.first() {
            Some(starts) => Some(ticks(&self.ends.cast(starts, rows)?)?),
            None => None,
        };
        Ok(Distances { delays, starts })
    }

    fn initial(&self) -> Option<i64> {
        None
    }

    #[inline(always)]
    fn step(&self, time: &mut Option<i64>, distances: &Distances, index: usize, place: u64) {
        *time = match place {
            0 => self.first(distances, index),
            // Delays are at most 2^53.
            _ => self.later(*time, distances.delays[index] as i64),
        };
    }

    #[inline(always)]
    fn value(&self, time: &Option<i64>) -> Option<i64> {
        *time
    }

    fn block(&self, distances: &Distances, rows: Rows64<usize>, place: u64) -> Passed {
        let start = (place == 0).then(|| self.first(distances, rows.start));
        let rest = rows.skip(usize::from(place == 0));
        let by = rest.fold(0, |by: i64, index| {
            by.saturating_add(distances.delays[index] as i64)
        });
        Passed { start, by }
    }

    fn apply(&self, time: &mut Option<i64>, block: &Passed) {
        *time = self.later(block.start.unwrap_or(*time), block.by);
    }

    fn array(&self, rows: Rows<'_>, values: Vec<Option<i64>>) -> Result<ArrayRef> {
        let beyond = |time: &Option<i64>| time.is_some_and(|time| !self.ends.say(time));
        if let Some(row) = values.iter().position(beyond) {
            return Err(self.ends.beyond(rows.at(row)));
        }
        let valid: NullBuffer = values.iter().map(Option::is_some).collect();
        let times = values.into_iter().map(Option::unwrap_or_default);
        let made = from_i64(&self.data_type, times.collect());
        match valid.null_count() {
            0 => Ok(made),
            _ => with_valid(&made, &valid),
        }
    }
}
