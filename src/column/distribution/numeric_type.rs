//! How a column's type reads a distribution's options and holds its numbers.
//!
//! A law speaks of real numbers. A float column takes them as they are; whole numbers and
//! decimals are rounded to the type's step; dates and times are counted from an origin.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array};
use arrow::datatypes::{DataType, TimeUnit};

use super::sampler::Sampler;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::hash::Key;
use crate::column::rows::Rows;
use crate::column::values::arrays::from_i64;
use crate::column::values::scalar::{
    float, integer, is_float, is_integral, last, limits, per_second,
};
use crate::column::values::types::show_type;
use crate::domain::{Domain, Range};
use crate::error::{Problem, Result};
use crate::kernel::math::round;
use crate::place::Scalar;
use crate::units::parse_duration;

/// A distribution as a pipeline file describes it.
pub trait DistributionOptions: std::fmt::Debug + Send + Sync {
    /// The law of its numbers on `scale`.
    ///
    /// # Errors
    /// Options that no law has.
    fn sampler(&self, numeric_type: &NumericType) -> Result<Arc<dyn Sampler>, Problem>;

    /// The type of a column that asks for none.
    fn default_type(&self) -> DataType {
        DataType::Float64
    }

    /// The date or time that others are counted from, when dates and times make sense for it.
    fn origin(&self) -> Option<&Scalar> {
        None
    }
}

/// A type's way to hold numbers.
#[derive(Debug, Clone)]
pub struct NumericType {
    data_type: DataType,
    /// How many of the type's integers make one: 100 for decimal(10,2).
    factor: f64,
    /// The integer that numbers are counted from: 0, or a date or time.
    base: i64,
    /// The least and the greatest number that the place has room for, if it says so.
    pub room: Option<(u64, u64)>,
}

struct SampledFloats {
    key: Key,
    sampler: Arc<dyn Sampler>,
    single: bool,
}

struct SampledIntegers {
    key: Key,
    sampler: Arc<dyn Sampler>,
    numeric_type: NumericType,
}

/// A column of a distribution.
///
/// # Errors
/// The type cannot hold it, or its options are wrong.
pub fn column(
    options: &dyn DistributionOptions,
    kind: &str,
    build: &Build<'_>,
) -> Result<BuiltColumn, Problem> {
    let data_type = build.data_type(options.default_type());
    let origin = options.origin();
    let known = is_float(&data_type) || is_integral(&data_type);
    if !known || (data_type.is_temporal() && origin.is_none()) {
        let can = match origin {
            Some(_) => "numbers, dates and times",
            None => "numbers",
        };
        return Err(build.wrong_type(kind, can));
    }
    let numeric_type = NumericType::of(data_type, origin)?;
    let sampler = options.sampler(&numeric_type)?;
    numeric_type.column(kind, build, sampler)
}

impl NumericType {
    /// The scale of a type of numbers, dates or times.
    ///
    /// # Errors
    /// The origin is not of the type.
    pub fn of(data_type: DataType, origin: Option<&Scalar>) -> Result<Self, Problem> {
        let factor = match &data_type {
            DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
                10i128.pow(u32::from(scale.unsigned_abs())) as f64
            }
            _ => 1.0,
        };
        let base = match origin {
            // Dates and times fit in 64 bits.
            Some(origin) if data_type.is_temporal() => integer(origin, &data_type)? as i64,
            _ => 0,
        };
        Ok(Self {
            data_type,
            factor,
            base,
            room: None,
        })
    }

    /// From one value of the type to the next; 0 for floats.
    pub fn step(&self) -> f64 {
        match is_float(&self.data_type) {
            true => 0.0,
            false => 1.0 / self.factor,
        }
    }

    /// How many of the type's integers make one.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// A value of the type, such as a bound.
    ///
    /// # Errors
    /// It is not of the type.
    pub fn value(&self, scalar: &Scalar) -> Result<f64, Problem> {
        if is_float(&self.data_type) {
            return float(scalar, &self.data_type);
        }
        let value = integer(scalar, &self.data_type)? - i128::from(self.base);
        Ok(value as f64 / self.factor)
    }

    /// The greatest value that an upper bound lets through: a day means its end.
    ///
    /// # Errors
    /// It is not of the type.
    pub fn last(&self, scalar: &Scalar) -> Result<f64, Problem> {
        match self.data_type.is_temporal() {
            true => Ok((last(scalar, &self.data_type)? - i128::from(self.base)) as f64),
            false => self.value(scalar),
        }
    }

    /// A place on the scale that need not be a value of the type, such as a mean of 2.5.
    ///
    /// # Errors
    /// It is not a number, or not a date or time.
    pub fn location(&self, scalar: &Scalar) -> Result<f64, Problem> {
        match self.data_type.is_temporal() {
            true => self.value(scalar),
            false => float(scalar, &DataType::Float64),
        }
    }

    /// A distance on the scale: a number, or for dates and times a duration.
    ///
    /// # Errors
    /// It is neither.
    pub fn distance(&self, scalar: &Scalar) -> Result<f64, Problem> {
        let ticks = match &self.data_type {
            DataType::Date32 => 1.0 / 86_400.0,
            DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => {
                per_second(*unit) as f64
            }
            _ => return float(scalar, &DataType::Float64),
        };
        let text = scalar.text.as_deref().unwrap_or_default();
        let duration = parse_duration(text);
        let duration = duration.map_err(|message| Problem::new(message).at(&scalar.place))?;
        Ok(duration.as_secs_f64() * ticks)
    }

    /// A number of the law as one of the type's integers.
    pub fn integer(&self, value: f64) -> i128 {
        // libm's own `rint`, and not the system's: every machine rounds alike.
        libm::rint(value * self.factor) as i128 + i128::from(self.base)
    }

    /// The column that `law` makes on this scale.
    fn column(
        self,
        kind: &str,
        build: &Build<'_>,
        sampler: Arc<dyn Sampler>,
    ) -> Result<BuiltColumn, Problem> {
        let (low, high) = sampler.range();
        let (key, data_type) = (build.key, self.data_type.clone());
        if is_float(&data_type) {
            let single = data_type == DataType::Float32;
            // The range as the column holds it: a float32 may round its end to a greater number,
            // and statistics must not lie.
            let show = |value: f64| {
                if single {
                    f64::from(value as f32)
                } else {
                    value
                }
            };
            let (min, max) = (show(low), show(high));
            if !(min.is_finite() && max.is_finite()) {
                let reached = if high.is_finite() && show(high).is_finite() {
                    low
                } else {
                    high
                };
                return Err(self.overflow(kind, build, &self.show(reached)));
            }
            let domain = Domain {
                range: Some(Range::Float { min, max }),
                ..Domain::default()
            };
            return Ok(BuiltColumn::new(
                data_type,
                domain,
                SampledFloats {
                    key,
                    sampler,
                    single,
                },
            ));
        }
        let (min, max) = (self.integer(low), self.integer(high));
        let (least, most) = limits(&data_type);
        // Values are made as 64-bit integers, so wider types end there, too.
        let (least, most) = (least.max(i64::MIN.into()), most.min(i64::MAX.into()));
        if min < least || max > most {
            let reached = if min < least { low } else { high };
            return Err(self.overflow(kind, build, &self.show(reached)));
        }
        let domain = Domain::integers(min, max);
        Ok(BuiltColumn::new(
            data_type,
            domain,
            SampledIntegers {
                key,
                sampler,
                numeric_type: self,
            },
        ))
    }

    /// A number of the law as the user knows it.
    pub fn show(&self, value: f64) -> String {
        let seconds = |unit: TimeUnit| (self.base as f64 + value) / per_second(unit) as f64;
        match &self.data_type {
            DataType::Date32 => format!("day {:.0} from 1970", self.base as f64 + value),
            DataType::Time32(unit) | DataType::Time64(unit) => {
                format!("{:.0} s from midnight", seconds(*unit))
            }
            DataType::Timestamp(unit, _) => format!("{:.0} s from 1970", seconds(*unit)),
            _ if value.is_infinite() => "infinity".into(),
            _ if value.abs() < 1e15 => format!("{value:.0}"),
            _ => format!("{value:.3e}"),
        }
    }

    fn overflow(&self, kind: &str, build: &Build<'_>, reached: &str) -> Problem {
        Problem::new(format!(
            "`{kind}` reaches {reached}, which does not fit in {}",
            show_type(&self.data_type)
        ))
        .at(&build.place)
        .hint("give it `min` and `max`, or a wider type")
    }
}

impl Fill for SampledFloats {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let random = self.key.fill(rows);
        let mut values = vec![0.0; random.len()];
        self.sampler.fill(&random, &mut values);
        Ok(match self.single {
            true => Arc::new(Float32Array::from_iter_values(
                values.into_iter().map(|value| value as f32),
            )),
            false => Arc::new(Float64Array::from(values)),
        })
    }
}

impl Fill for SampledIntegers {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let random = self.key.fill(rows);
        let mut values = vec![0.0; random.len()];
        self.sampler.fill(&random, &mut values);
        let mut rounded = vec![0; values.len()];
        round(
            &values,
            self.numeric_type.factor,
            self.numeric_type.base,
            &mut rounded,
        );
        Ok(from_i64(&self.numeric_type.data_type, rounded))
    }
}
