//! `rowgen.read`: a table whose rows are made whenever somebody reads it.

use std::sync::Arc;

use arrow::datatypes::Schema;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};
use pyo3_arrow::ffi::to_schema_pycapsule;
use pyo3_arrow::{PyRecordBatch, PySchema};
use rowgen::error::{Error, Problem};
use rowgen::reader::{self, Wanted};

use super::arguments::{Argument, Named};
use super::errors::exception;
use super::stream::{LOOK, capsule};
use super::told::Told;

/// A table of a pipeline, of which no row is made yet. Every reader of it makes the same rows.
#[pyclass(frozen, module = "rowgen")]
pub struct Table {
    table: reader::Table,
    told: Arc<Told>,
}

/// The batches of a table, one after the other.
#[pyclass(module = "rowgen")]
pub struct Batches(reader::Reader);

/// Plans a table of a pipeline: see `rowgen.read` in the package.
#[pyfunction]
#[pyo3(
    signature = (pipeline, table=None, columns=None, start=None, stop=None, *, params=None, seed=None, run_date=None, now=None, threads=None, batch_rows=None, dictionaries=None, views=None),
    text_signature = "(pipeline, table=None, columns=None, start=0, stop=None, *, params=None, seed=None, run_date=None, now=None, threads=None, batch_rows=None, dictionaries=True, views=False)"
)]
#[allow(clippy::too_many_arguments, reason = "they are keywords in Python")]
pub fn read<'py>(
    py: Python<'py>,
    pipeline: &Bound<'py, PyAny>,
    table: Argument<'_, 'py>,
    columns: Argument<'_, 'py>,
    start: Argument<'_, 'py>,
    stop: Argument<'_, 'py>,
    params: Argument<'_, 'py>,
    seed: Argument<'_, 'py>,
    run_date: Argument<'_, 'py>,
    now: Argument<'_, 'py>,
    threads: Argument<'_, 'py>,
    batch_rows: Argument<'_, 'py>,
    dictionaries: Argument<'_, 'py>,
    views: Argument<'_, 'py>,
) -> PyResult<Table> {
    let told = Told::new(pipeline, params, seed, run_date, now)?;
    let wanted = Wanted {
        table: Named("table", table).text()?,
        columns: Named("columns", columns).names()?,
        start: Named("start", start).row()?.unwrap_or(0),
        stop: Named("stop", stop).row()?,
        batch_rows: Named("batch_rows", batch_rows).whole(1..=u32::MAX.into())?,
        threads: Named("threads", threads).threads()?,
        plain: Named("dictionaries", dictionaries).flag()? == Some(false),
        views: Named("views", views).flag()?.unwrap_or(false),
    };
    let planned = py.detach(|| reader::Table::new(&told.pipeline()?, &told.overrides(), wanted));
    let table = planned.map_err(|error| exception(&error))?;
    let told = Arc::new(told);
    Ok(Table { table, told })
}

impl Table {
    fn with(&self, table: reader::Table) -> Self {
        let told = self.told.clone();
        Self { table, told }
    }

    fn reader(&self, py: Python<'_>) -> PyResult<reader::Reader> {
        py.detach(|| self.table.read())
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
        Ok(to_schema_pycapsule(py, self.table.schema().as_ref())?)
    }

    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        if let Some(wanted) = requested_schema {
            same_types(self.table.schema(), &wanted)?;
        }
        capsule(py, self.reader(py)?)
    }

    fn __iter__(&self, py: Python<'_>) -> PyResult<Batches> {
        Ok(Batches(self.reader(py)?))
    }

    fn __len__(&self) -> usize {
        usize::try_from(self.table.rows()).unwrap_or(usize::MAX)
    }

    /// The names of its columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        let fields = self.table.schema().fields().iter();
        fields.map(|field| field.name().clone()).collect()
    }

    /// Its columns, as an object that Arrow libraries take.
    #[getter]
    fn schema(&self) -> PySchema {
        PySchema::new(self.table.schema().clone())
    }

    /// Equal for pipelines that make equal rows, of one version of rowgen.
    #[getter]
    fn fingerprint(&self) -> &str {
        self.table.fingerprint()
    }

    /// Other rows of the same table, counted from its first one whatever rows these are.
    #[pyo3(signature = (start=None, stop=None))]
    fn slice(&self, start: Argument<'_, '_>, stop: Argument<'_, '_>) -> PyResult<Self> {
        let (start, stop) = (Named("start", start).row()?, Named("stop", stop).row()?);
        Ok(self.with(self.table.slice(start, stop)))
    }

    /// The same rows with some of its columns, in batches of this size.
    fn _of(&self, columns: Option<Vec<String>>, batch_rows: Option<u64>) -> PyResult<Self> {
        let table = self.table.of(columns.as_deref(), batch_rows);
        let table = table.map_err(|error| exception(&error))?;
        Ok(self.with(table))
    }

    /// What `rowgen.read` was told, as any process can be told it.
    #[getter]
    fn _told<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (told, wanted) = (PyDict::new(py), self.table.wanted());
        self.told.tell(&told)?;
        told.set_item("table", &wanted.table)?;
        let columns = wanted.columns.as_ref();
        let columns = columns
            .map(|columns| PyTuple::new(py, columns))
            .transpose()?;
        told.set_item("columns", columns)?;
        told.set_item("start", wanted.start)?;
        told.set_item("dictionaries", !wanted.plain)?;
        told.set_item("views", wanted.views)?;
        Ok(told)
    }

    fn __repr__(&self) -> String {
        let names = self.column_names().join(", ");
        format!("<rowgen.Table: {} rows of {names}>", self.table.rows())
    }
}

#[pymethods]
impl Batches {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__(this: &Bound<'_, Self>, py: Python<'_>) -> PyResult<Option<PyRecordBatch>> {
        let mut this = this
            .try_borrow_mut()
            .map_err(|_| exception(&read_elsewhere()))?;
        let reader = &mut this.0;
        loop {
            let made = py.detach(|| reader.next_batch_within(LOOK));
            match made.map_err(|error| exception(&error))? {
                Some(batch) => return Ok(batch.map(PyRecordBatch::new)),
                None => py.check_signals()?,
            }
        }
    }
}

/// As Python's own generators, batches are read by one thread at a time.
fn read_elsewhere() -> Error {
    let problem = Problem::new("another thread reads these batches just now");
    let hint = "read the table on each thread: `iter(table)`, or a part of it with `table.slice(start, stop)`";
    Error::run(problem.hint(hint))
}
