//! JSON on stdout, for programs that read what a command found.

use serde_json::{Value, json};

use super::print;
use crate::error::{Error, Problem, Result};
use crate::place::Place;

/// Prints a value.
pub(super) fn print_json(value: &Value) -> Result<u8> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Error::because("writing JSON", error))?;
    print(&(text + "\n"))
}

/// A problem as `check` tells it, with secrets hidden as in its text.
pub(super) fn problem(problem: &Problem) -> Value {
    let place = problem.place.as_ref();
    json!({
        "message": problem.shown(&problem.message),
        "file": place.map(Place::file),
        "line": place.map(Place::line),
        "column": place.map(Place::column),
        "length": place.map(Place::length),
        "causes": problem.causes.iter().map(|cause| problem.shown(cause)).collect::<Vec<_>>(),
        "hint": problem.hint.as_ref().map(|hint| problem.shown(hint)),
    })
}
