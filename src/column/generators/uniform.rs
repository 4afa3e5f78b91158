//! `uniform`: numbers, dates or times that are equally likely between two bounds.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float32Array, Float64Array};
use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use super::Generator;
use crate::column::build::{Build, BuiltColumn};
use crate::column::program::Fill;
use crate::column::random::hash::{Key, below, unit};
use crate::column::random::permutation::{Permutation, check_room};
use crate::column::rows::Rows;
use crate::column::values::arrays::{from_i64, low_bits};
use crate::column::values::dictionary_encoded::{DictionaryEncoded, KeyedValues};
use crate::column::values::scalar::{
    as_written, float, infer, integer, is_decimal, is_float, is_integral, last, width,
};
use crate::column::values::step::step;
use crate::domain::{Domain, Range};
use crate::error::{Problem, Result};
use crate::kernel::draw::all_below;
use crate::place::Scalar;

/// Equally likely values from `min` to `max`, both included.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Uniform {
    /// The least value.
    min: Scalar,
    /// The greatest value; a date in a column of timestamps means the end of that day.
    max: Scalar,
    /// Values are `min` plus a multiple of this (default: the type's smallest step).
    step: Option<Scalar>,
}

/// With at most this many possible values a column is a dictionary: its values come as keys.
const FEW: u64 = 4096;

struct UniformIntegers {
    key: Key,
    data_type: DataType,
    min: i64,
    step: i64,
    count: u64,
    /// Draws each value once at most.
    permutation: Option<Permutation>,
}

struct UniformFloats {
    key: Key,
    single: bool,
    min: f64,
    width: f64,
}

impl Generator for Uniform {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let bounds = [self.min.clone(), self.max.clone()];
        let data_type = build.data_type_or(|| as_written(&bounds).map(|()| infer(&bounds)))?;
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
    fn integers(&self, build: &mut Build<'_>, data_type: DataType) -> Result<BuiltColumn, Problem> {
        let (min, max) = (
            integer(&self.min, &data_type)?,
            last(&self.max, &data_type)?,
        );
        let step = match &self.step {
            Some(written) if is_decimal(&data_type) => step(written, &data_type, &data_type)?,
            Some(written) => step(written, &data_type, &DataType::Int64)?,
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
        let values = u64::try_from(count).map_err(|_| {
            Problem::new("the range holds more than 2^64 - 1 values").at(&self.max.place)
        })?;
        let fill = UniformIntegers {
            key: build.key,
            data_type: data_type.clone(),
            min: low_bits(min),
            step: narrow(step)?,
            count: values,
            permutation: each_once(build, values)?,
        };
        // Values that stand once at most gain nothing from keys.
        if values <= FEW && !build.unique {
            return few(fill);
        }
        let mut domain = Domain::integers(min, min + (count - 1) * step);
        domain.distinct = Some(values);
        domain.unique = build.unique;
        Ok(BuiltColumn::new(data_type, domain, fill))
    }

    fn floats(&self, build: &Build<'_>, data_type: DataType) -> Result<BuiltColumn, Problem> {
        let (min, max) = (float(&self.min, &data_type)?, float(&self.max, &data_type)?);
        if max < min {
            return Err(self.empty());
        }
        if let Some(step) = &self.step {
            return Err(Problem::new("`step` needs a whole-number or decimal type")
                .at(&step.place)
                .hint("add `type: \"decimal(10,2)\"`"));
        }
        let fill = UniformFloats {
            key: build.key,
            single: data_type == DataType::Float32,
            min,
            width: width(min, max, &self.max)?,
        };
        let domain = Domain {
            range: Some(Range::Float { min, max }),
            ..Domain::default()
        };
        Ok(BuiltColumn::new(data_type, domain, fill))
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

/// Few values come as keys.
fn few(all: UniformIntegers) -> Result<BuiltColumn, Problem> {
    let values = (0..all.count).map(|index| all.value(index)).collect();
    let encoded = DictionaryEncoded::new(&from_i64(&all.data_type, values));
    let encoded = encoded.map_err(|error| Problem::new(error.to_string()))?;
    let (data_type, domain) = (encoded.data_type(), encoded.domain());
    let places = KeyedValues::from(encoded);
    let fill = move |rows: Rows<'_>, _: &[ArrayRef]| {
        let draw = |randoms: &[u64], out: &mut [u32]| all_below(randoms, all.count as u32, out);
        places.picked(all.key.draw(rows, draw).into())
    };
    Ok(BuiltColumn::new(data_type, domain, fill))
}

/// A permutation of the values when the file asks that none stands twice.
fn each_once(build: &mut Build<'_>, values: u64) -> Result<Option<Permutation>, Problem> {
    if !build.unique {
        return Ok(None);
    }
    check_room(build, "range", values)?;
    Ok(Some(Permutation::new(build.key, values)))
}

impl UniformIntegers {
    #[inline(always)]
    fn value(&self, index: u64) -> i64 {
        // The upper half of uint64 is negative here (`low_bits`), and what wraps comes out as the
        // right bits.
        self.min.wrapping_add(self.step.wrapping_mul(index as i64))
    }
}

impl Fill for UniformIntegers {
    fn fill(&self, rows: Rows<'_>, _: &[ArrayRef]) -> Result<ArrayRef> {
        let values = match &self.permutation {
            Some(permutation) => {
                let indices = permutation.fill(rows).into_iter();
                indices.map(|index| self.value(index)).collect()
            }
            None => rows.map(|row| self.value(below(self.key.at(row), self.count))),
        };
        Ok(from_i64(&self.data_type, values))
    }
}

impl Fill for UniformFloats {
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

#[cfg(test)]
mod tests {
    use crate::column::testing::{check_any_split, one, problem};

    #[test]
    fn unique_numbers_stand_once_at_most() {
        let column = "a: { uniform: { min: 100, max: 10_099 }, unique: true }";
        let tables = one(10_000, column);
        let mut numbers = tables.integers("t", "a");
        assert_eq!(one(10, column).integers("t", "a"), numbers[..10]);
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(100..10_100));
        let domain = tables.domain("t", "a");
        assert!(domain.unique && !domain.depends_on_rows);
        check_any_split(&tables, "t", &["a"]);
    }

    #[test]
    fn unique_steps_are_shuffled() {
        let tables = one(
            4,
            "a: { uniform: { min: 0, max: 1.5, step: 0.5 }, type: \"decimal(4,2)\", unique: true }",
        );
        let mut texts = tables.texts("t", "a");
        texts.sort_unstable();
        assert_eq!(texts, ["0.00", "0.50", "1.00", "1.50"]);
    }

    #[test]
    fn too_few_values_are_refused() {
        let table = |rows: &str, column: &str| {
            problem(&format!(
                "t:\n  rows: {rows}\n  columns:\n    c: {column}\n"
            ))
        };
        insta::assert_snapshot!(
            [
                table("11", "{ uniform: { min: 1, max: 10 }, unique: true }"),
                table("0", "{ uniform: { min: 1, max: 10 }, unique: true }"),
                table("11", "{ uniform: { min: 1.5, max: 10 }, unique: true }"),
            ]
            .join("\n\n")
        );
    }
}
