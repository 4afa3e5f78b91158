//! A pipeline and what is said beside it: all that decides its rows.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rowgen::error::Result;
use rowgen::place::Source;
use rowgen::plan::Overrides;
use rowgen::spec::{self, GivenValues, Pipeline};

use super::arguments::{Argument, Named, one};

/// A pipeline, and what stands in the place of parts of it.
#[derive(Debug, Clone)]
pub struct Told {
    given: Given,
    /// `--set name=value`.
    params: BTreeMap<String, String>,
    /// `--seed`.
    seed: Option<String>,
    /// `--run-date`.
    run_date: Option<String>,
    /// The moment that counts as the beginning.
    now: DateTime<Utc>,
}

/// A pipeline, by its file or its text.
#[derive(Debug, Clone)]
enum Given {
    /// A path.
    File(PathBuf),
    /// The text itself: it has a line end.
    Text(String),
}

impl Told {
    /// From Python's own values.
    ///
    /// # Errors
    /// One of them is not what it should be.
    pub fn new<'py>(
        pipeline: &Bound<'py, PyAny>,
        params: Argument<'_, 'py>,
        seed: Argument<'_, 'py>,
        run_date: Argument<'_, 'py>,
        now: Argument<'_, 'py>,
    ) -> PyResult<Self> {
        let given = "the path of a pipeline file, or its text";
        let date = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
        let date = Named("run_date", run_date).parsed("a date such as 2026-01-31", date)?;
        let moment = "a moment and its offset from UTC such as 2026-01-31T12:00:00Z";
        let now = Named("now", now).parsed(moment, |text| text.parse().ok())?;
        Ok(Self {
            given: one("pipeline", pipeline, given, Given::of)?,
            params: Named("params", params).params()?,
            seed: Named("seed", seed).seed()?,
            run_date: date.map(|date| date.to_string()),
            now: now.unwrap_or_else(Utc::now),
        })
    }

    /// Reads the pipeline.
    ///
    /// # Errors
    /// Every mistake in it, each with its place.
    pub fn pipeline(&self) -> Result<Pipeline> {
        let values = GivenValues {
            set: self.params.clone(),
            seed: self.seed.clone(),
            ..GivenValues::new(self.now, self.run_date.as_deref())
        };
        let path = match &self.given {
            Given::File(path) => path,
            Given::Text(text) => return spec::read_given(Source::new("pipeline", text), &values),
        };
        spec::read(path, &values).map_err(|error| {
            match path.to_string_lossy().contains(": ") && !path.exists() {
                true => error.hint("the text of a pipeline has a line end, and a path has none"),
                false => error,
            }
        })
    }

    /// Nothing else is said beside the file.
    pub fn overrides(&self) -> Overrides {
        Overrides {
            now_micros: self.now.timestamp_micros(),
            ..Overrides::default()
        }
    }

    /// Tells it as `rowgen.read` takes it, also in another folder and at another time.
    pub fn tell(&self, told: &Bound<'_, PyDict>) -> PyResult<()> {
        match &self.given {
            Given::File(path) => {
                told.set_item("pipeline", std::path::absolute(path)?.as_os_str())?
            }
            Given::Text(text) => told.set_item("pipeline", text)?,
        }
        told.set_item("params", PyTuple::new(told.py(), &self.params)?)?;
        told.set_item("seed", &self.seed)?;
        told.set_item("run_date", &self.run_date)?;
        told.set_item("now", self.now.to_rfc3339_opts(SecondsFormat::Nanos, true))
    }
}

impl Given {
    fn of(pipeline: &Bound<'_, PyAny>) -> PyResult<Self> {
        match pipeline.extract::<String>() {
            Ok(text) if text.contains(['\n', '\r']) => Ok(Self::Text(text)),
            _ => Ok(Self::File(pipeline.extract()?)),
        }
    }
}
