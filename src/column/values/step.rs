//! Steps from one value to the next: of dates and times, a whole number of their unit.

use arrow::datatypes::{DataType, TimeUnit};

use super::scalar::integer;
use super::types::show_type;
use crate::error::Problem;
use crate::place::Scalar;

/// The step between values of a type, as the integer that is added; a step that is no time is of the
/// type `number`.
///
/// # Errors
/// It is none.
pub fn step(scalar: &Scalar, data_type: &DataType, number: &DataType) -> Result<i128, Problem> {
    let Some(unit) = unit(data_type) else {
        return integer(scalar, number);
    };
    integer(scalar, &DataType::Int64).map_err(|_| {
        let text = scalar.text.as_deref().unwrap_or("null");
        let message = format!("`{text}` is no step of the type {}", show_type(data_type));
        let hint = format!("a step is a whole number of {unit}: `step: 7`");
        Problem::new(message).at(&scalar.place).hint(hint)
    })
}

/// The integer that holds 1; for dates and times the type's unit.
pub fn one(data_type: &DataType) -> i128 {
    match data_type {
        // Decimals count in whole numbers, too: 1.00, 2.00, 3.00.
        DataType::Decimal64(_, scale) => 10i128.pow(u32::from(scale.unsigned_abs())),
        _ => 1,
    }
}

fn unit(data_type: &DataType) -> Option<&'static str> {
    Some(match data_type {
        DataType::Date32 => "days",
        DataType::Timestamp(unit, _) | DataType::Time32(unit) | DataType::Time64(unit) => {
            match unit {
                TimeUnit::Second => "seconds",
                TimeUnit::Millisecond => "milliseconds",
                TimeUnit::Microsecond => "microseconds",
                TimeUnit::Nanosecond => "nanoseconds",
            }
        }
        _ => return None,
    })
}
