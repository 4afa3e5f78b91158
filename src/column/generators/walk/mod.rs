//! `walk`: each row a random step away from the row before.

mod bounded;

use arrow::datatypes::DataType;
use schemars::JsonSchema;
use serde::Deserialize;

use self::bounded::{BoundedWalk, Places};
use super::Generator;
use crate::column::before::carried::Carried;
use crate::column::before::{Group, Reach};
use crate::column::build::{Build, BuiltColumn};
use crate::column::distribution::Distribution;
use crate::column::distribution::numeric_type::NumericType;
use crate::column::values::scalar::{integer, is_decimal, is_float, limits};
use crate::column::values::types::show_type;
use crate::domain::{Domain, Range};
use crate::error::Problem;
use crate::place::{Placed, Scalar, Text};

/// Numbers that each differ from the one before by a random step: a temperature, a price, a load. A step
/// that would go beyond `min` or `max` ends there.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Walk {
    /// The value of the first row of a group.
    start: Scalar,
    /// How far each value is from the one before: a number, or a distribution.
    step: Placed<Distribution>,
    /// The least value (default: the type's).
    min: Option<Scalar>,
    /// The greatest value (default: the type's).
    max: Option<Scalar>,
    /// The foreign key, with `per_parent`, whose rows belong together (default: the whole table).
    within: Option<Placed<Text>>,
}

/// The ends of a walk, and where it begins.
struct Span {
    start: f64,
    min: Option<f64>,
    max: Option<f64>,
}

impl Generator for Walk {
    fn build(&self, build: &mut Build<'_>) -> Result<BuiltColumn, Problem> {
        let data_type = build.data_type(DataType::Float64);
        let whole = data_type.is_integer() || is_decimal(&data_type);
        if !whole && !is_float(&data_type) {
            return Err(build.wrong_type("walk", "numbers"));
        }
        let numbers = NumericType::of(data_type.clone(), None)?;
        let span = self.span(&numbers)?;
        let steps = self
            .step
            .value
            .sampler(&NumericType::of(step_type(&data_type), None)?);
        let steps = steps.map_err(|problem| problem.at(&self.step.place))?;
        let (least, most) = steps.range();
        let longest = least.abs().max(most.abs());
        if !longest.is_finite() || longest * numbers.factor() > LONGEST {
            let message = "`step` has no longest step";
            return Err(Problem::new(message)
                .at(&self.step.place)
                .hint("set its `min` and `max`"));
        }
        let group = Group::of(self.within.as_ref(), "walk", Reach::All, build)?;
        let (places, domain) = match whole {
            true => self.whole_places(&data_type, &numbers)?,
            false => real_places(&data_type, &span, longest),
        };
        let walk = BoundedWalk::new(build.key, steps, places);
        Ok(Carried::new(walk, group, 0, build).column(data_type, domain))
    }

    fn follows_rows(&self) -> bool {
        true
    }
}

/// The type of steps between values of a type: they go down, too, and may be longer than any value.
fn step_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Decimal64(_, scale) | DataType::Decimal128(_, scale) => {
            DataType::Decimal128(38, *scale)
        }
        whole if whole.is_integer() => DataType::Int64,
        real => real.clone(),
    }
}

/// Longer steps leave no room for two of them in 64 bits.
const LONGEST: f64 = 4_611_686_018_427_387_904.0;

impl Walk {
    fn span(&self, numbers: &NumericType) -> Result<Span, Problem> {
        let end = |end: &Option<Scalar>| end.as_ref().map(|end| numbers.value(end)).transpose();
        let span = Span {
            start: numbers.value(&self.start)?,
            min: end(&self.min)?,
            max: end(&self.max)?,
        };
        let text = |scalar: &Scalar| scalar.text.clone().unwrap_or_default();
        let refuse = |one: &str, scalar: &Scalar, side: &str, two: &str, other: &Scalar| {
            let message = format!(
                "`{one}` ({}) is {side} `{two}` ({})",
                text(scalar),
                text(other)
            );
            Err(Problem::new(message).at(&scalar.place))
        };
        if let (Some(min), Some(max)) = (&self.min, &self.max)
            && span.max < span.min
        {
            return refuse("max", max, "below", "min", min);
        }
        match (&self.min, &self.max) {
            (Some(min), _) if span.min.is_some_and(|min| span.start < min) => {
                refuse("start", &self.start, "below", "min", min)
            }
            (_, Some(max)) if span.max.is_some_and(|max| span.start > max) => {
                refuse("start", &self.start, "above", "max", max)
            }
            _ => Ok(span),
        }
    }

    /// Whole numbers and decimals are the integers that hold them.
    fn whole_places(
        &self,
        data_type: &DataType,
        numbers: &NumericType,
    ) -> Result<(Places, Domain), Problem> {
        let (least, most) = limits(data_type);
        let (least, most) = (least.max(i64::MIN.into()), most.min(i64::MAX.into()));
        let end = |end: &Option<Scalar>, other: i128| match end {
            Some(end) => held(end, data_type),
            None => Ok(other as i64),
        };
        let (low, high) = (end(&self.min, least)?, end(&self.max, most)?);
        let places = Places {
            factor: numbers.factor(),
            start: held(&self.start, data_type)?,
            low,
            high,
            real: None,
            data_type: data_type.clone(),
        };
        Ok((places, Domain::integers(low, high)))
    }
}

/// The integer that holds a value of the type.
fn held(scalar: &Scalar, data_type: &DataType) -> Result<i64, Problem> {
    i64::try_from(integer(scalar, data_type)?).map_err(|_| {
        let (text, shown) = (
            scalar.text.as_deref().unwrap_or_default(),
            show_type(data_type),
        );
        let message = format!("a walk counts in 64 bits, and {text} in {shown} needs more");
        Problem::new(message).at(&scalar.place).hint(
            "fewer digits behind the point leave room before it, and `float64` has room for all",
        )
    })
}

/// Floats are counted from the start in a power of two that is far below any step: sums of such are exact,
/// in whatever order they are added.
fn real_places(data_type: &DataType, span: &Span, longest: f64) -> (Places, Domain) {
    let (low, high) = (
        span.min.unwrap_or(f64::NEG_INFINITY),
        span.max.unwrap_or(f64::INFINITY),
    );
    // Without ends there is room for 2^32 of the longest steps to one side.
    let width = match high - low {
        width if width.is_finite() => width.max(longest),
        _ => longest * 4_294_967_296.0,
    };
    let power = |number: f64| libm::frexp(number).1;
    let digits = (50 - power(longest)).min(61 - power(width));
    let factor = libm::ldexp(1.0, digits);
    // Rounded outwards: the last step to an end reaches it.
    let far = |ticks: f64| ticks.clamp(-LONGEST, LONGEST) as i64;
    let ticks = |end: f64| (end - span.start) * factor;
    let places = Places {
        factor,
        start: 0,
        low: far(libm::floor(ticks(low))),
        high: far(libm::ceil(ticks(high))),
        real: Some((span.start, 1.0 / factor, low, high)),
        data_type: data_type.clone(),
    };
    let reach = LONGEST / factor;
    let range = Range::Float {
        min: low.max(span.start - reach),
        max: high.min(span.start + reach),
    };
    let domain = Domain {
        range: Some(range),
        ..Domain::default()
    };
    (places, domain)
}

#[cfg(test)]
mod tests;
