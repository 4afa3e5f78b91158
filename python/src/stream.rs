//! A reader as an Arrow C stream, which any thread may read without holding the GIL.

use std::ffi::{c_int, c_ulong, c_void};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use pyo3::ffi::{
    Py_AddPendingCall, PyErr_CheckSignals, PyGILState_Ensure, PyGILState_Release,
    PyThread_get_thread_ident,
};
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use rowgen::error::Error;
use rowgen::reader::Reader;

use super::errors::bare;

/// How often a consumer that waits is looked at for Ctrl-C. Nobody notices a twentieth of a second.
pub const LOOK: Duration = Duration::from_millis(50);

/// Batches, until Ctrl-C.
struct Interruptible {
    rows: Reader,
    /// The thread that Python handles signals on, as Python knows it.
    main: c_ulong,
}

impl Iterator for Interruptible {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // SAFETY: it only asks the system, with the GIL or without.
            if self.main == unsafe { PyThread_get_thread_ident() } && is_interrupted() {
                return Some(Err(ArrowError::ExternalError("interrupted".into())));
            }
            match self.rows.next_batch_within(LOOK) {
                Ok(Some(batch)) => return batch.map(Ok),
                Ok(None) => {}
                Err(error) => return Some(Err(external(error))),
            }
        }
    }
}

/// An error as consumers show it, which put words of their own before it.
fn external(error: Error) -> ArrowError {
    ArrowError::ExternalError(bare(&error.to_string()).into())
}

/// Python's handlers of signals only note them, and the main thread acts on them between two steps of
/// Python. A consumer in C makes none, so they are run here, and what one raises ends the stream for it: what
/// the caller gets then is that exception, of Ctrl-C `KeyboardInterrupt`.
// To be called on the main thread, where alone Python handles signals, and where alone the GIL is sure not to be
// held by a thread that waits for this one.
fn is_interrupted() -> bool {
    // pyo3 keeps count of who holds the GIL, and does not see that a consumer which Python has called from
    // within a call of ours gave it up: `Python::attach` then took nothing, and the process crashed.
    // SAFETY: `Ensure` and `Release` are a pair on one thread, and the GIL is held between them.
    let raised = unsafe {
        let state = PyGILState_Ensure();
        let raised = match PyErr_CheckSignals() {
            0 => None,
            _ => PyErr::take(Python::assume_attached()),
        };
        PyGILState_Release(state);
        raised
    };
    let is_raised = raised.is_some();
    raised.into_iter().for_each(raise_later);
    is_raised
}

/// What a handler has raised while a consumer read.
static RAISED: Mutex<Option<PyErr>> = Mutex::new(None);

/// The main thread raises it at its next step of Python.
fn raise_later(error: PyErr) {
    *RAISED.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    // SAFETY: `raise` reads nothing through its pointer, and is sound whenever the main thread calls it. Where
    // Python has no room for one more call, the consumer's own error is what the caller gets.
    unsafe { Py_AddPendingCall(Some(raise), std::ptr::null_mut()) };
}

extern "C" fn raise(_: *mut c_void) -> c_int {
    let raised = RAISED.lock().unwrap_or_else(PoisonError::into_inner).take();
    match raised {
        Some(error) => {
            Python::attach(|py| error.restore(py));
            -1
        }
        None => 0,
    }
}

/// The stream as Python passes it on.
pub fn capsule<'py>(py: Python<'py>, reader: Reader) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = reader.schema();
    let field = Field::new_struct("", schema.fields().clone(), false);
    let field = Arc::new(field.with_metadata(schema.metadata().clone()));
    // Asked here and not at the import, which may be on any thread.
    let main = py.import("threading")?.call_method0("main_thread")?;
    let main = main.getattr("ident")?.extract()?;
    let rows = Interruptible { rows: reader, main };
    let rows = rows.map(|batch| batch.map(|batch| Arc::new(StructArray::from(batch)) as ArrayRef));
    let stream = ArrayIterator::new(rows, field);
    Ok(to_stream_pycapsule(py, Box::new(stream), None)?)
}
