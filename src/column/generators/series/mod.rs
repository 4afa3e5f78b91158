//! `series`: a value that follows the time: a base, a trend, seasons and noise.

mod curve;

use std::sync::Arc;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::curve::{Curve, Shown, Term};
use super::Generator;
use crate::column::build::{Build, BuiltColumn, Input};
use crate::column::distribution::Distribution;
use crate::column::distribution::numeric_type::NumericType;
use crate::column::distribution::sampler::Sampler;
use crate::column::values::scalar::{float, integer, is_decimal, is_float};
use crate::column::values::ticks::nanos_per_tick;
use crate::column::values::types::show_type;
use crate::domain::Domain;
use crate::error::Problem;
use crate::place::{Duration, Number, OneOrMany, Placed, Scalar, Text};

/// A number that follows a column of times: a base, a trend, seasons such as those of the day and of the
/// year, and noise, all added up.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Series {
    /// The column of dates or timestamps.
    time: Placed<Text>,
    /// The value around which all others swing: a number, or a column of numbers.
    base: Scalar,
    /// How it changes in the long run.
    trend: Option<Trend>,
    /// What comes again and again: one season, or a list.
    season: Option<OneOrMany<Season>>,
    /// What is added at random in each row: a distribution.
    noise: Option<Placed<Distribution>>,
    /// The least value: what is below becomes it.
    min: Option<Scalar>,
    /// The greatest value: what is above becomes it.
    max: Option<Scalar>,
}

/// A straight line.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Trend {
    /// How much is added.
    change: Number,
    /// In how long, such as `30d`.
    every: Placed<Duration>,
    /// The time at which nothing is added yet.
    from: Scalar,
}

/// A wave.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Season {
    /// How long it takes, such as `24h`.
    period: Placed<Duration>,
    /// How far it goes above and below.
    amplitude: Number,
    /// When it is highest, from the beginning of the period: `14h` of a day, in UTC (default 0s).
    peak: Option<Placed<Duration>>,
}

impl Generator for Series {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Float64);
        let whole = data_type.is_integer() || is_decimal(&data_type);
        if !whole && !is_float(&data_type) {
            return Err(build.wrong_type("series", "numbers"));
        }
        let numbers = NumericType::of(data_type.clone(), None)?;
        let (time, tick) = self.times(build)?;
        let (base, of_column) = self.base(build)?;
        let noise = self.noise()?;
        let mut curve = Curve {
            key: build.key,
            base,
            column: of_column.as_ref().map(|input| input.index),
            terms: Vec::new(),
            noise,
            shown: self.shown(&data_type, &numbers)?,
            place: build.place.clone(),
        };
        if let Some(trend) = &self.trend {
            curve.terms.push(Term::Trend {
                per_tick: trend.change.0 / in_ticks(&trend.every, tick)? as f64,
                // Dates and timestamps fit in 64 bits.
                from: integer(&trend.from, &time.data_type)? as i64,
            });
        }
        for season in self.season.iter().flat_map(|seasons| &seasons.0) {
            curve.terms.push(Term::Season {
                period: in_ticks(&season.period, tick)?,
                amplitude: season.amplitude.0,
                peak: season
                    .peak
                    .as_ref()
                    .map_or(Ok(0), |peak| ticks_of(peak, tick))?,
            });
        }
        let domain = Domain {
            range: curve.range(&numbers),
            nulls: time.domain.nulls || of_column.is_some_and(|input| input.domain.nulls),
            ..Domain::default()
        };
        // Noise is drawn by the row's number: the same time twice has two values.
        let pointwise = curve.noise.is_none();
        let made = BuiltColumn::new(data_type, domain, curve);
        Ok(BuiltColumn { pointwise, ..made })
    }
}

impl Series {
    /// The times, as the first input, and the nanoseconds of a tick.
    fn times(&self, build: &mut Build<'_>) -> Result<(Input, i128), Problem> {
        let time = build.input(&self.time, &self.time.place)?;
        let dated = matches!(time.data_type, DataType::Date32 | DataType::Timestamp(..));
        match nanos_per_tick(&time.data_type).filter(|_| dated) {
            Some(tick) => Ok((time, tick)),
            None => {
                let (name, shown) = (self.time.as_str(), show_type(&time.data_type));
                let message = format!("`{name}` is {shown}, not a date or timestamp");
                Err(Problem::new(message).at(&self.time.place))
            }
        }
    }

    /// A number, or a column of numbers.
    fn base(&self, build: &mut Build<'_>) -> Result<(f64, Option<Input>), Problem> {
        let text = self.base.text.as_deref().unwrap_or_default();
        let number = |first: char| first.is_ascii_digit() || "+-.".contains(first);
        // A column whose name begins like a number cannot be meant here.
        if text.is_empty() || text.starts_with(number) {
            return Ok((float(&self.base, &DataType::Float64)?, None));
        }
        let input = build.input(text, &self.base.place)?;
        let of = &input.data_type;
        if !(of.is_integer() || is_decimal(of) || is_float(of)) {
            let message = format!("`{text}` is {}, not a number", show_type(of));
            return Err(Problem::new(message).at(&self.base.place));
        }
        Ok((0.0, Some(input)))
    }

    fn noise(&self) -> Result<Option<Arc<dyn Sampler>>, Problem> {
        let Some(noise) = &self.noise else {
            return Ok(None);
        };
        let numbers = NumericType::of(DataType::Float64, None)?;
        let sampler = noise.value.sampler(&numbers);
        sampler
            .map(Some)
            .map_err(|problem| problem.at(&noise.place))
    }

    fn shown(&self, data_type: &DataType, numbers: &NumericType) -> Result<Shown, Problem> {
        let end = |end: &Option<Scalar>, other: f64| {
            end.as_ref().map_or(Ok(other), |end| numbers.value(end))
        };
        let whole = |end: &Option<Scalar>, other: i128| match end {
            Some(end) if !is_float(data_type) => integer(end, data_type),
            _ => Ok(other),
        };
        let shown = Shown {
            data_type: data_type.clone(),
            factor: numbers.factor(),
            min: end(&self.min, f64::NEG_INFINITY)?,
            max: end(&self.max, f64::INFINITY)?,
            whole: (whole(&self.min, i128::MIN)?, whole(&self.max, i128::MAX)?),
        };
        match (&self.min, &self.max) {
            (Some(min), Some(max)) if shown.max < shown.min || shown.whole.1 < shown.whole.0 => {
                // As they are written: their floats may be equal.
                let text = |end: &Scalar| end.text.clone().unwrap_or_default();
                let message = format!("`max` ({}) is below `min` ({})", text(max), text(min));
                Err(Problem::new(message).at(&max.place))
            }
            _ => Ok(shown),
        }
    }
}

/// A duration in ticks of the time.
fn ticks_of(duration: &Placed<Duration>, tick: i128) -> Result<i64, Problem> {
    let nanos = duration.value.0.as_nanos() as i128;
    // A period that was rounded to ticks would slip against the calendar with every turn.
    let ticks = i64::try_from(nanos / tick)
        .ok()
        .filter(|_| nanos % tick == 0);
    ticks.ok_or_else(|| {
        let message = "the times of the column are too coarse, or too fine, for this duration";
        Problem::new(message)
            .at(&duration.place)
            .hint("dates go with whole days: take a column of timestamps for less")
    })
}

/// The same, which is not nothing.
fn in_ticks(duration: &Placed<Duration>, tick: i128) -> Result<i64, Problem> {
    match ticks_of(duration, tick)? {
        0 => Err(Problem::new("this must be longer than 0s").at(&duration.place)),
        ticks => Ok(ticks),
    }
}

#[cfg(test)]
mod tests;
