//! `enabled`: whether a sink is one of the run's, where no `--sinks` says it.

use arrow::array::{Array, AsArray};
use arrow::datatypes::DataType;

use crate::error::Problem;
use crate::expression::{Binding, UnknownName, compile};
use crate::place::{Placed, Text};
use crate::spec::SinkEntry;

const HINT: &str =
    "it is `true`, `false`, or a condition: `\"'${env:OUTPUT:-both}' in ('csv', 'both')\"`";

/// True for a sink that is not left out.
///
/// # Errors
/// What it says is no condition of constants.
pub(super) fn enabled(entry: &SinkEntry) -> Result<bool, Problem> {
    match entry.common.enabled.as_ref() {
        None => Ok(true),
        Some(said) if said.as_str() == "true" => Ok(true),
        Some(said) if said.as_str() == "false" => Ok(false),
        Some(said) => holds(said),
    }
}

fn holds(said: &Placed<Text>) -> Result<bool, Problem> {
    // The engine of `expr`, without a column: the same language for a condition wherever one is
    // written.
    let mut resolve = |path: &str| -> Result<Binding, UnknownName> {
        let message = format!("there are no columns here, and so no `{path}`");
        Err(UnknownName::from(message))
    };
    let expression = compile(said, &mut resolve).map_err(|error| {
        Problem::new(error.message)
            .at(&said.place.within_scalar(error.offset, error.length))
            .maybe_hint(error.hint)
            .hint(HINT)
    })?;
    let wrong = |message: String| Problem::new(message).at(&said.place).hint(HINT);
    if expression.data_type() != &DataType::Boolean {
        return Err(wrong(format!(
            "expected a condition, found `{}`",
            said.as_str()
        )));
    }
    let value = expression.evaluate(&[], 1);
    let value = value.map_err(|error| wrong(error.message))?;
    // A condition that is null is not true, as in SQL's WHERE.
    Ok(value.is_valid(0) && value.as_boolean().value(0))
}
