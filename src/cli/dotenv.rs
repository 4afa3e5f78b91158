//! `.env` in the current folder: variables for those that are not set, read before anything else looks.

use std::path::Path;

use crate::error::{Error, Problem, Result};

const FILE: &str = ".env";

/// What was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Read {
    /// The file.
    pub(super) path: &'static str,
    /// How many variables came from it.
    pub(super) variables: usize,
}

/// Sets what the file says and nobody has set; nothing where there is no file. No other thread may run yet.
///
/// # Errors
/// The file cannot be read; its lines are not shown, which may hold secrets.
pub(super) fn read() -> Result<Option<Read>> {
    if !Path::new(FILE).exists() {
        return Ok(None);
    }
    let count = || std::env::vars_os().count();
    let before = count();
    // Setting a variable while another thread reads the environment is undefined behaviour, which
    // is why this runs first in `main`.
    dotenvy::from_path(FILE).map_err(|error| refused(&error))?;
    Ok(Some(Read {
        path: FILE,
        variables: count() - before,
    }))
}

fn refused(error: &dotenvy::Error) -> Error {
    let problem = Problem::new(format!("could not read `{FILE}` in the current folder"));
    Error::user(match error {
        dotenvy::Error::LineParse(line, _) => {
            let at = match number_of(line) {
                Some(number) => format!("line {number} is not `NAME=value`"),
                None => "a line is not `NAME=value`".into(),
            };
            problem
                .cause(at)
                .hint("put quotes around a value with blanks or `#` in it")
        }
        dotenvy::Error::Io(error) => problem.cause(error),
        _ => problem,
    })
}

fn number_of(line: &str) -> Option<usize> {
    let text = std::fs::read_to_string(FILE).ok()?;
    // The library gives the text that it could not parse, or the rest of its line, and no number.
    // The number is looked up, so that the line itself need not be shown: it may hold a secret.
    let wrong = line.lines().next().map(str::trim)?;
    let place = text.lines().position(|other| other.contains(wrong));
    place.filter(|_| !wrong.is_empty()).map(|place| place + 1)
}
