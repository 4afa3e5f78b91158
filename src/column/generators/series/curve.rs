//! The values of a series: each of its time, and of noise.

use std::f64::consts::TAU;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array};
use arrow::buffer::NullBuffer;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};

use crate::column::distribution::numeric_type::NumericType;
use crate::column::distribution::sampler::Sampler;
use crate::column::program::{Fill, with_valid};
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::{from_i64, from_i128, low_bits};
use crate::column::values::scalar::{is_float, limits};
use crate::column::values::ticks::ticks;
use crate::column::values::types::show_type;
use crate::domain::Range;
use crate::error::{Error, Problem, Result};
use crate::place::Place;

/// What is added up.
pub(super) struct Curve {
    pub(super) key: Key,
    pub(super) base: f64,
    /// The input that is the base.
    pub(super) column: Option<usize>,
    pub(super) terms: Vec<Term>,
    pub(super) noise: Option<Arc<dyn Sampler>>,
    pub(super) shown: Shown,
    pub(super) place: Place,
}

/// A part of the value that follows from the time alone, in ticks of it.
pub(super) enum Term {
    Trend {
        per_tick: f64,
        from: i64,
    },
    Season {
        period: i64,
        amplitude: f64,
        peak: i64,
    },
}

/// How values are shown.
pub(super) struct Shown {
    pub(super) data_type: DataType,
    /// The type's integers in 1.
    pub(super) factor: f64,
    pub(super) min: f64,
    pub(super) max: f64,
    /// Both ends as the type's integers: a float may be on the other side of an end of many digits.
    pub(super) whole: (i128, i128),
}

impl Term {
    fn add(&self, times: &[i64], values: &mut [f64]) {
        let at = values.iter_mut().zip(times);
        match self {
            Self::Trend { per_tick, from } => at.for_each(|(value, time)| {
                *value += time.saturating_sub(*from) as f64 * per_tick;
            }),
            Self::Season {
                period,
                amplitude,
                peak,
            } => at.for_each(|(value, time)| {
                // What is left of the period is exact, however far the time is from 1970.
                let phase = time.saturating_sub(*peak).rem_euclid(*period);
                // Not the platform's cosine, whose last bits are others on another machine.
                *value += amplitude * libm::cos(TAU * (phase as f64 / *period as f64));
            }),
        }
    }
}

impl Curve {
    /// The bounds of the values, where they are known.
    pub(super) fn range(&self, numbers: &NumericType) -> Option<Range> {
        let (mut low, mut high) = match self.column {
            Some(_) => (f64::NEG_INFINITY, f64::INFINITY),
            None => (self.base, self.base),
        };
        for term in &self.terms {
            let far = match term {
                Term::Trend { .. } => f64::INFINITY,
                Term::Season { amplitude, .. } => amplitude.abs(),
            };
            (low, high) = (low - far, high + far);
        }
        let (least, most) = self
            .noise
            .as_ref()
            .map_or((0.0, 0.0), |noise| noise.range());
        // Sums of floats round: a little room, which is far below what anybody reads of it.
        let room = (low.abs().max(high.abs()) + least.abs().max(most.abs())) * 1e-12;
        let low = (low + least - room).max(self.shown.min);
        let high = (high + most + room).min(self.shown.max);
        if !(low.is_finite() && high.is_finite()) {
            return None;
        }
        Some(match is_float(&self.shown.data_type) {
            true if self.shown.data_type == DataType::Float64 => Range::Float {
                min: low,
                max: high,
            },
            true => return None,
            false => {
                // What is beyond the type is an error of its row.
                let ((min, max), (least, most)) = (self.shown.whole, limits(&self.shown.data_type));
                let held = |value: f64| numbers.integer(value).clamp(min, max).clamp(least, most);
                Range::Integer {
                    min: held(low),
                    max: held(high),
                }
            }
        })
    }

    fn whole(&self, rows: Rows<'_>, values: &[f64]) -> Result<ArrayRef> {
        let data_type = &self.shown.data_type;
        Ok(match data_type {
            DataType::Decimal128(..) => from_i128(data_type, self.held(rows, values, |held| held)?),
            _ => from_i64(data_type, self.held(rows, values, low_bits)?),
        })
    }

    /// The integers that hold the values.
    fn held<T>(
        &self,
        rows: Rows<'_>,
        values: &[f64],
        convert: impl Fn(i128) -> T,
    ) -> Result<Vec<T>> {
        let shown = &self.shown;
        let (least, most) = limits(&shown.data_type);
        let (min, max) = shown.whole;
        let mut held = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let whole = (libm::rint(value * shown.factor) as i128).clamp(min, max);
            if value.is_nan() || whole < least || whole > most {
                return Err(self.no_value(rows.at(index), *value));
            }
            held.push(convert(whole));
        }
        Ok(held)
    }

    /// What is wrong with a row whose value the type cannot say.
    fn no_value(&self, row: u64, value: f64) -> Error {
        let to = show_type(&self.shown.data_type);
        let message = format!("row {row}: {value} does not fit in {to}");
        let hint = match value.is_nan() {
            true => {
                "only floats have NaN: a base that is null there makes null of it, such as `nullif(level, 'NaN')`"
            }
            false => "give the series `min` and `max`, or a wider type",
        };
        Error::run(Problem::new(message).at(&self.place).hint(hint))
    }
}

impl Fill for Curve {
    fn fill(&self, rows: Rows<'_>, inputs: &[ArrayRef]) -> Result<ArrayRef> {
        let times = ticks(&inputs[0])?;
        let mut valid = times.nulls().cloned();
        let mut values = vec![self.base; rows.len()];
        if let Some(column) = self.column {
            let base = cast(&inputs[column], &DataType::Float64)?;
            valid = NullBuffer::union(valid.as_ref(), base.nulls());
            values.copy_from_slice(base.as_primitive::<Float64Type>().values());
        }
        for term in &self.terms {
            term.add(times.values(), &mut values);
        }
        if let Some(noise) = &self.noise {
            let mut added = vec![0.0; values.len()];
            noise.fill(&self.key.fill(rows), &mut added);
            let both = values.iter_mut().zip(added);
            both.for_each(|(value, added)| *value += added);
        }
        // Whole numbers and decimals end at their own ends, which a float may miss.
        if is_float(&self.shown.data_type) {
            let (min, max) = (self.shown.min, self.shown.max);
            values
                .iter_mut()
                .for_each(|value| *value = value.clamp(min, max));
        }
        // What stands where a value is null may be anything.
        if let Some(valid) = &valid {
            let absent = (0..values.len()).filter(|index| valid.is_null(*index));
            absent.for_each(|index| values[index] = 0.0);
        }
        let made: ArrayRef = match self.shown.data_type {
            DataType::Float64 => Arc::new(Float64Array::from(values)),
            DataType::Float32 => {
                let narrow = values.into_iter().map(|value| value as f32);
                Arc::new(Float32Array::from_iter_values(narrow))
            }
            _ => self.whole(rows, &values)?,
        };
        match valid.filter(|valid| valid.null_count() > 0) {
            Some(valid) => with_valid(&made, &valid),
            None => Ok(made),
        }
    }
}
