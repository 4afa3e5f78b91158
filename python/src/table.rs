//! `rowgen.read`: a table whose rows are made whenever somebody reads it.

use arrow::datatypes::Schema;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};
use pyo3_arrow::ffi::to_schema_pycapsule;
use pyo3_arrow::{PyRecordBatch, PySchema};
use rowgen::error::{Error, Problem};
use rowgen::reader::{self, Wanted};

use super::arguments::{Given, Values, overrides, pipeline};
use super::errors::exception;
use super::stream::{LOOK, capsule};

/// A table of a pipeline, of which no row is made yet. Every reader of it makes the same rows.
#[pyclass(frozen, module = "rowgen")]
pub struct Table(reader::Table);

/// The batches of a table, one after the other.
#[pyclass(module = "rowgen")]
pub struct Batches(reader::Reader);

/// Plans a table of a pipeline: see `rowgen.read` in the package.
#[pyfunction]
#[pyo3(signature = (pipeline, table=None, columns=None, start=0, stop=None, *, params=None, seed=None, run_date=None, now=None, threads=None, batch_rows=None, dictionaries=true, views=false))]
#[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn read(
    py: Python<'_>,
    pipeline: Given,
    table: Option<String>,
    columns: Option<Vec<String>>,
    start: u64,
    stop: Option<u64>,
    params: Option<&Bound<'_, PyDict>>,
    seed: Option<&Bound<'_, PyAny>>,
    run_date: Option<&Bound<'_, PyAny>>,
    now: Option<&Bound<'_, PyAny>>,
    threads: Option<usize>,
    batch_rows: Option<u64>,
    dictionaries: bool,
    views: bool,
) -> PyResult<Table> {
    let values = Values::new(params, seed, run_date, now)?;
    let wanted = Wanted {
        table,
        columns,
        start,
        stop,
        batch_rows,
        threads,
        plain: !dictionaries,
        views,
    };
    py.detach(|| planned(&pipeline, &values, wanted))
        .map(Table)
        .map_err(|error| exception(&error))
}

fn planned(given: &Given, values: &Values, wanted: Wanted) -> rowgen::error::Result<reader::Table> {
    reader::Table::new(&pipeline(given, values)?, &overrides(values), wanted)
}

impl Table {
    fn reader(&self, py: Python<'_>) -> PyResult<reader::Reader> {
        py.detach(|| self.0.read())
            .map_err(|error| exception(&error))
    }
}

/// Refuses a schema of other columns or types. Who asks for them casts, and says what may be lost: a cast here
/// made nulls of numbers that were too large.
fn same_types(own: &Schema, wanted: &Bound<'_, PyCapsule>) -> PyResult<()> {
    let wanted = PySchema::from_arrow_pycapsule(wanted)?.into_inner();
    let columns = own.fields().iter().zip(wanted.fields());
    let other = columns.clone().find(|(own, wanted)| {
        own.name() != wanted.name() || !own.data_type().equals_datatype(wanted.data_type())
    });
    let told = match other {
        Some((own, wanted)) => format!("{wanted}, and the table has {own}"),
        None if own.fields().len() == wanted.fields().len() => return Ok(()),
        None => format!(
            "{} columns, and the table has {}",
            wanted.fields().len(),
            own.fields().len()
        ),
    };
    let problem = Problem::new(format!("another schema is asked for: {told}"));
    let hint = "read the table without a schema and cast what comes, such as `pyarrow.table(t).cast(schema)`";
    Err(exception(&Error::user(problem.hint(hint))))
}

#[pymethods]
impl Table {
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        Ok(to_schema_pycapsule(py, self.0.schema().as_ref())?)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        if let Some(wanted) = requested_schema {
            same_types(self.0.schema(), &wanted)?;
        }
        capsule(py, self.reader(py)?)
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<Batches> {
        Ok(Batches(self.reader(py)?))
    }

    fn __len__(&self) -> usize {
        usize::try_from(self.0.rows()).unwrap_or(usize::MAX)
    }

    /// The names of its columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        let fields = self.0.schema().fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    /// Its columns, as an object that Arrow libraries take.
    #[getter]
    fn schema(&self) -> PySchema {
        PySchema::new(self.0.schema().clone())
    }

    /// Equal for pipelines that make equal rows, of one version of rowgen.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.0.fingerprint()
    }

    /// Other rows of the same table, counted from its first one whatever rows these are.
    #[pyo3(signature = (start=None, stop=None))]
    fn slice(&self, start: Option<u64>, stop: Option<u64>) -> Self {
        Self(self.0.slice(start, stop))
    }

    fn __repr__(&self) -> String {
        let names = self.column_names().join(", ");
        format!("<rowgen.Table: {} rows of {names}>", self.0.rows())
    }
}

#[pymethods]
impl Batches {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<PyRecordBatch>> {
        loop {
            let made = py.detach(|| self.0.next_batch_within(LOOK));
            match made.map_err(|error| exception(&error))? {
                Some(batch) => return Ok(batch.map(PyRecordBatch::new)),
                None => py.check_signals()?,
            }
        }
    }
}
