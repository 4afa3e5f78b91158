//! What Python gives, as the command line would be told it. A mistake names the argument.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyMapping, PyString};
use rowgen::error::Error;
use rowgen::{plan, reader};

use super::errors::exception;

/// An argument that can be left out, as `None` leaves it out.
pub type Argument<'a, 'py> = Option<&'a Bound<'py, PyAny>>;

/// An argument by its name.
pub struct Named<'a, 'py>(pub &'a str, pub Argument<'a, 'py>);

impl<'py> Named<'_, 'py> {
    /// A whole number within bounds.
    pub fn whole(&self, bounds: RangeInclusive<u64>) -> PyResult<Option<u64>> {
        let (least, most) = (bounds.start(), bounds.end());
        let expected = format!("a whole number from {least} to {most}");
        self.read(&expected, |value| {
            let number = value.extract()?;
            match bounds.contains(&number) {
                true => Ok(number),
                false => Err(refused()),
            }
        })
    }

    /// The number of a row, or one behind it.
    pub fn row(&self) -> PyResult<Option<u64>> {
        self.whole(0..=reader::MOST_ROWS)
    }

    /// A number of threads.
    pub fn threads(&self) -> PyResult<Option<usize>> {
        let threads = self.whole(1..=plan::MOST_THREADS as u64)?;
        Ok(threads.map(|threads| threads as usize))
    }

    /// `True` or `False`.
    pub fn flag(&self) -> PyResult<Option<bool>> {
        self.read("`True` or `False`", |value| value.extract())
    }

    /// Text.
    pub fn text(&self) -> PyResult<Option<String>> {
        self.read("text", |value| value.extract())
    }

    /// A path.
    pub fn path(&self) -> PyResult<Option<PathBuf>> {
        self.read("a path", |value| value.extract())
    }

    /// Names, in any collection of texts.
    pub fn names(&self) -> PyResult<Option<Vec<String>>> {
        self.read("a list of names", |value| {
            // Text is a collection of texts itself.
            match value.is_instance_of::<PyString>() {
                true => Err(refused()),
                false => value.try_iter()?.map(|name| name?.extract()).collect(),
            }
        })
    }

    /// A seed.
    pub fn seed(&self) -> PyResult<Option<String>> {
        self.read("text or a whole number", |value| {
            if let Ok(text) = value.extract() {
                return Ok(text);
            }
            match value.getattr("__index__") {
                Ok(index) if !value.is_instance_of::<PyBool>() => Ok(index.call0()?.to_string()),
                _ => Err(refused()),
            }
        })
    }

    /// What is written as this says, or is so once it is text.
    pub fn parsed<T>(
        &self,
        expected: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> PyResult<Option<T>> {
        self.read(expected, |value| {
            parse(&written(value)?).ok_or_else(refused)
        })
    }

    /// Anything by its name.
    pub fn pairs(&self) -> PyResult<Vec<(String, Bound<'py, PyAny>)>> {
        let pairs = self.read("a mapping of names to values", |value| {
            let pairs = value.cast::<PyMapping>()?.items()?;
            pairs.iter().map(|pair| pair.extract()).collect()
        })?;
        Ok(pairs.unwrap_or_default())
    }

    /// Values of params by their names.
    pub fn params(&self) -> PyResult<BTreeMap<String, String>> {
        let text = |(name, value): (String, Bound<'py, PyAny>)| {
            let path = format!("{}[{name}]", self.0);
            let expected = "text, a number, a truth value, a date or a time";
            Ok((name, one(&path, &value, expected, written)?))
        };
        self.pairs()?.into_iter().map(text).collect()
    }

    /// What is made of it, where it is there.
    pub fn read<T>(
        &self,
        expected: &str,
        read: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<T>,
    ) -> PyResult<Option<T>> {
        let value = self.1.map(|value| one(self.0, value, expected, read));
        value.transpose()
    }
}

/// What is made of an argument that is there.
///
/// # Errors
/// It is not what is expected; or what it raised itself when it was asked.
pub fn one<'py, T>(
    name: &str,
    value: &Bound<'py, PyAny>,
    expected: &str,
    read: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<T>,
) -> PyResult<T> {
    let py = value.py();
    read(value).map_err(|error| {
        let is_refused = error.is_instance_of::<PyTypeError>(py)
            || error.is_instance_of::<PyValueError>(py)
            || error.is_instance_of::<PyOverflowError>(py);
        if !is_refused {
            return error;
        }
        // Who gives a whole table by mistake need not see it.
        let found: String = value.to_string().chars().take(60).collect();
        exception(&Error::user(format!(
            "`{name}`: expected {expected}, found `{found}`"
        )))
    })
}

/// It is not what is expected.
fn refused() -> PyErr {
    PyValueError::new_err(())
}

/// A value as a pipeline writes it: `True` is `true`, and a date is its ISO form.
fn written(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(text) = value.extract() {
        return Ok(text);
    }
    if value.is_none() || value.hasattr("__iter__")? {
        return Err(refused());
    }
    let text = value.str()?.to_string();
    // Truth values of other libraries than Python are none of its own.
    match text.as_str() {
        "True" | "False" => Ok(text.to_lowercase()),
        _ => Ok(text),
    }
}
