//! `uniform`: numbers, dates or times that are equally likely between two bounds.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array};
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use super::arrays::from_i64;
use super::build::{Build, Made};
use super::hash::{Key, below, unit};
use super::program::Fill;
use super::rows::Rows;
use super::scalar::{float, infer, integer, is_decimal, is_float, is_integral};
use crate::domain::{Domain, Range};
use crate::error::{Problem, Result};
use crate::place::Scalar;
use crate::registry::Example;

/// Equally likely values from `min` to `max`, both included.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// The least value.
    min: Scalar,
    /// The greatest value.
    max: Scalar,
    /// Values are `min` plus a multiple of this (default: the type's smallest step).
    step: Option<Scalar>,
}

impl Example for Uniform {
    const EXAMPLE: &'static str = "uniform: { min: 1, max: 100 }";
}

struct Integers {
    key: Key,
    data_type: DataType,
    min: i64,
    step: i64,
    count: u64,
}

struct Floats {
    key: Key,
    single: bool,
    min: f64,
    width: f64,
}

impl Generator for Uniform {
    fn build(&self, build: &mut Build<'_>) -> Result<Made, Problem> {
        let data_type = build.data_type(infer(&[self.min.clone(), self.max.clone()]));
        if is_float(&data_type) {
            self.floats(build, data_type)
        } else if is_integral(&data_type) && !matches!(data_type, DataType::Decimal128(..)) {
            self.integers(build, data_type)
        } else {
            Err(build.wrong_type(
                "uniform",
                "numbers (decimals of up to 18 digits), dates and times",
            ))
        }
    }
}

impl Uniform {
    fn integers(&self, build: &Build<'_>, data_type: DataType) -> Result<Made, Problem> {
        let (min, max) = (
            integer(&self.min, &data_type)?,
            integer(&self.max, &data_type)?,
        );
        let step = match &self.step {
            Some(step) => integer(
                step,
                if is_decimal(&data_type) {
                    &data_type
                } else {
                    &DataType::Int64
                },
            )?,
            None => 1,
        };
        if max < min {
            return Err(self.empty());
        }
        if step < 1 {
            let place = self
                .step
                .as_ref()
                .map_or(&self.min.place, |step| &step.place);
            return Err(Problem::new("`step` must be above 0").at(place));
        }
        let count = (max - min) / step + 1;
        let narrow = |value: i128| {
            i64::try_from(value).map_err(|_| {
                Problem::new(format!("{value} does not fit in 64 bits")).at(&self.max.place)
            })
        };
        let fill = Integers {
            key: build.key,
            data_type: data_type.clone(),
            min: narrow(min)?,
            step: narrow(step)?,
            count: u64::try_from(count).map_err(|_| {
                Problem::new("the range holds more than 2^64 - 1 values").at(&self.max.place)
            })?,
        };
        let mut domain = Domain::integers(min, min + (count - 1) * step);
        domain.distinct = u64::try_from(count).ok();
        Ok(Made::new(data_type, domain, fill))
    }

    fn floats(&self, build: &Build<'_>, data_type: DataType) -> Result<Made, Problem> {
        let (min, max) = (float(&self.min)?, float(&self.max)?);
        if max < min {
            return Err(self.empty());
        }
        if let Some(step) = &self.step {
            return Err(Problem::new("`step` needs a whole-number or decimal type")
                .at(&step.place)
                .hint("add `type: \"decimal(10,2)\"`"));
        }
        let fill = Floats {
            key: build.key,
            single: data_type == DataType::Float32,
            min,
            width: max - min,
        };
        let domain = Domain {
            range: Some(Range::Float { min, max }),
            ..Domain::default()
        };
        Ok(Made::new(data_type, domain, fill))
    }

    fn empty(&self) -> Problem {
        let (min, max) = (self.min.text.as_deref(), self.max.text.as_deref());
        Problem::new(format!(
            "`max` ({}) is below `min` ({})",
            max.unwrap_or_default(),
            min.unwrap_or_default()
        ))
        .at(&self.max.place)
    }
}

impl Fill for Integers {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let value = |random: u64| {
            self.min
                .wrapping_add(self.step.wrapping_mul(below(random, self.count) as i64))
        };
        let values = self.key.fill(rows).into_iter().map(value).collect();
        Ok(from_i64(&self.data_type, values))
    }
}

impl Fill for Floats {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let values = self
            .key
            .fill(rows)
            .into_iter()
            .map(|random| self.min + self.width * unit(random));
        Ok(match self.single {
            true => Arc::new(Float32Array::from_iter_values(
                values.map(|value| value as f32),
            )),
            false => Arc::new(Float64Array::from_iter_values(values)),
        })
    }
}
