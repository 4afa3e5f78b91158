//! `after`: a time some while after another column's time.

mod delay;
mod ends;
mod gaps;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::delay::Delay;
use self::ends::Ends;
use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::CountSampler;
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::ticks::{nanos_per_tick, ticks};
use crate::column::values::types::show_type;
use crate::domain::{Domain, Range};
use crate::error::{Problem, Result};
use crate::place::{Placed, Scalar, Text};

/// A date or time that comes some while after another column's, or after its own in the row before: later
/// by `delay`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// The column, or the field, to count from.
    column: Option<Placed<Text>>,
    /// Instead of `column`, the name of this column itself: each time comes after the one in the row before.
    previous: Option<Placed<Text>>,
    /// With `previous`, the time of the first row of a group: a time, or a column or field that has it.
    start: Option<Scalar>,
    /// With `previous`, the foreign key with `per_parent` whose rows belong together (default: the whole table).
    within: Option<Placed<Text>>,
    /// How much later: a duration such as `90s`, or a distribution of durations.
    delay: Delay,
}

struct Later {
    key: Key,
    delay: CountSampler,
    input: DataType,
    output: DataType,
    ends: Ends,
}

/// The longest delay in ticks: a float holds every whole number up to it.
const LONGEST: u64 = 1 << 53;

impl Generator for After {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let column = match (&self.column, &self.previous) {
            (Some(column), None) => column,
            (None, Some(previous)) => return gaps::build(self, previous, build),
            (Some(_), Some(previous)) => {
                let message = "`column` and `previous` cannot be used together";
                return Err(Problem::new(message).at(&previous.place));
            }
            (None, None) => return Err(self.nothing()),
        };
        self.refuse_group()?;
        let input = build.input(column, &column.place)?;
        let output = build.data_type(input.data_type.clone());
        let tick = nanos_per_tick(&input.data_type).filter(|_| dated(&input.data_type));
        let Some(tick) = tick else {
            let shown = show_type(&input.data_type);
            let message = format!("`{}` is {shown}, not a date or timestamp", column.as_str());
            return Err(Problem::new(message).at(&column.place));
        };
        if !dated(&output) {
            return Err(build.wrong_type("after", "dates and timestamps"));
        }
        let distribution = self.delay.distribution(tick)?;
        let delay = distribution.counts(&self.delay.0.place, 0, LONGEST);
        let unit = delay::unit(tick);
        let delay = delay
            .map_err(|problem| problem.hint(format!("durations are counted in {unit} here")))?;
        let (least, most) = delay.range();
        let ends = Ends::of(&input.data_type, &output, &self.delay.0.place);
        let range = match input.domain.range {
            Some(Range::Integer { min, max }) => {
                Some((min + i128::from(least), max + i128::from(most)))
            }
            _ => None,
        };
        if range.is_some_and(|(_, max)| max > ends.most.into()) {
            return Err(ends.later("the latest time"));
        }
        let same = input.data_type == output;
        let domain = Domain {
            range: range
                .filter(|_| same)
                .map(|(min, max)| Range::Integer { min, max }),
            nulls: input.domain.nulls,
            ..Domain::default()
        };
        let later = Later {
            key: build.key,
            delay,
            input: input.data_type,
            output: output.clone(),
            ends,
        };
        Ok(BuiltColumn::new(output, domain, later))
    }

    fn follows_rows(&self) -> bool {
        self.previous.is_some()
    }
}

fn dated(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Date32 | DataType::Timestamp(..))
}

impl After {
    fn nothing(&self) -> Problem {
        Problem::new("the key `column` is missing").hint(
            "write the column to count from, or with `previous` the name of this one: each time then comes after the one in the row before",
        )
    }

    /// What only times after their own have.
    fn refuse_group(&self) -> Result<(), Problem> {
        let start = self.start.as_ref().map(|start| ("start", &start.place));
        let within = self.within.as_ref().map(|within| ("within", &within.place));
        match start.or(within) {
            None => Ok(()),
            Some((option, place)) => Err(Problem::new(format!("`{option}` needs `previous`"))
                .at(place)
                .hint("`column` counts from a column of the same row")),
        }
    }
}

impl Fill for Later {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let before = ticks(&inputs[0])?;
        let mut delays = vec![0; rows.len()];
        self.delay.fill(&self.key.fill(rows), &mut delays);
        let later = before.values().iter().zip(delays);
        let later = later.map(|(before, delay)| before.saturating_add(delay as i64));
        let later: Vec<i64> = later.collect();
        // Where nothing is known of the column, its times may be beyond. What stands below nulls does not matter.
        let beyond = |row: &usize| before.is_valid(*row) && !self.ends.say(later[*row]);
        if let Some(row) = (0..later.len()).find(beyond) {
            return Err(self.ends.beyond(rows.at(row)));
        }
        let later = from_i64(&self.input, later);
        let later = match before.nulls() {
            None => later,
            Some(nulls) => {
                let data = later.to_data().into_builder().nulls(Some(nulls.clone()));
                arrow::array::make_array(data.build()?)
            }
        };
        match self.input == self.output {
            true => Ok(later),
            false => self.ends.cast(&later, rows),
        }
    }
}

#[cfg(test)]
mod tests;
