//! What Python gives, as the command line would be told it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, Utc};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};
use rowgen::error::{Error, Result};
use rowgen::place::Source;
use rowgen::plan::Overrides;
use rowgen::spec::{self, GivenValues, Pipeline};

use super::errors::exception;

/// A pipeline, by its file or its text.
#[derive(Debug, Clone)]
pub enum Given {
    /// A path.
    File(PathBuf),
    /// The text itself: it has more than one line.
    Text(String),
}

impl<'py> FromPyObject<'_, 'py> for Given {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.extract::<String>() {
            Ok(text) if text.contains('\n') => Ok(Self::Text(text)),
            _ => Ok(Self::File(object.extract()?)),
        }
    }
}

/// What stands in the place of parts of the file.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// `--set name=value`.
    pub params: BTreeMap<String, String>,
    /// `--seed`.
    pub seed: Option<String>,
    /// `--run-date`.
    pub run_date: Option<String>,
    /// The moment that counts as the beginning.
    pub now: DateTime<Utc>,
}

impl Values {
    /// From Python's own values.
    ///
    /// # Errors
    /// A value that has no text.
    pub fn new(
        params: Option<&Bound<'_, PyDict>>,
        seed: Option<&Bound<'_, PyAny>>,
        run_date: Option<&Bound<'_, PyAny>>,
        now: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mut values = Self {
            seed: seed.map(text).transpose()?,
            run_date: run_date.map(date).transpose()?,
            now: now.map_or_else(|| Ok(Utc::now()), moment)?,
            ..Self::default()
        };
        for (name, value) in params.into_iter().flatten() {
            values.params.insert(name.extract()?, text(&value)?);
        }
        Ok(values)
    }
}

/// A value as a pipeline writes it: `True` is `true`, and a date is its ISO form.
fn text(value: &Bound<'_, PyAny>) -> PyResult<String> {
    match value.cast::<PyBool>() {
        Ok(value) => Ok(value.is_true().to_string()),
        Err(_) => Ok(value.str()?.to_string()),
    }
}

/// A date, or the text of one.
fn date(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let text = text(value)?;
    match NaiveDate::parse_from_str(&text, "%Y-%m-%d") {
        Ok(date) => Ok(date.to_string()),
        Err(_) => {
            let message = format!("`run_date`: expected a date such as 2026-01-31, found `{text}`");
            Err(exception(&Error::user(message)))
        }
    }
}

/// A `datetime` that knows its offset from UTC, or the text of one.
fn moment(value: &Bound<'_, PyAny>) -> PyResult<DateTime<Utc>> {
    let text = text(value)?;
    text.parse().map_err(|_| {
        let message = format!(
            "`now`: expected a moment and its offset from UTC such as 2026-01-31T12:00:00Z, found `{text}`"
        );
        exception(&Error::user(message))
    })
}

/// Reads a pipeline.
///
/// # Errors
/// Every mistake in it, each with its place.
pub fn pipeline(given: &Given, values: &Values) -> Result<Pipeline> {
    let given_values = GivenValues {
        set: values.params.clone(),
        seed: values.seed.clone(),
        ..GivenValues::new(values.now, values.run_date.as_deref())
    };
    match given {
        Given::File(path) => spec::read(path, &given_values),
        Given::Text(text) => spec::read_given(Source::new("pipeline", text), &given_values),
    }
}

/// Nothing is said beside the file.
pub fn overrides(values: &Values) -> Overrides {
    Overrides {
        now_micros: values.now.timestamp_micros(),
        ..Overrides::default()
    }
}
