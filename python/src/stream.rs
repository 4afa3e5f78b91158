//! A reader as an Arrow C stream, which any thread may read without holding the GIL.

use std::sync::{Arc, OnceLock};
use std::thread::ThreadId;
use std::time::Duration;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow::datatypes::Field;
use arrow::error::ArrowError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::ffi::{ArrayIterator, to_stream_pycapsule};
use rowgen::error::Error;
use rowgen::reader::Reader;

use super::errors::bare;

/// How often a consumer that waits is looked at for Ctrl-C. Nobody notices a twentieth of a second.
pub const LOOK: Duration = Duration::from_millis(50);

/// Batches, until Ctrl-C.
struct Interruptible(Reader);

impl Iterator for Interruptible {
    type Item = Result<RecordBatch, ArrowError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if is_interrupted() {
                return Some(Err(ArrowError::ExternalError("interrupted".into())));
            }
            match self.0.next_batch_within(LOOK) {
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

/// Python's own handler of SIGINT only notes it, and the main thread acts on it between two steps of
/// Python. A consumer in C makes none, so the stream ends for it, and the signal is noted again: what
/// the caller gets then is `KeyboardInterrupt`.
// Python handles signals on the main thread only, and only there is the GIL sure not to be held by a
// thread that waits for this one.
fn is_interrupted() -> bool {
    if !is_main_thread() {
        return false;
    }
    Python::attach(|py| match py.check_signals() {
        Ok(()) => false,
        Err(_) => {
            again(py);
            true
        }
    })
}

/// Notes SIGINT once more.
fn again(py: Python<'_>) {
    let noted = py
        .import("_thread")
        .and_then(|thread| thread.call_method0("interrupt_main"));
    // Without it the consumer's own error is what the caller gets.
    drop(noted);
}

/// The thread that Python handles signals on; nothing where the module was first imported on another.
static MAIN: OnceLock<ThreadId> = OnceLock::new();

/// Notes which thread that is.
///
/// # Errors
/// Python cannot say it.
pub fn note_main_thread(py: Python<'_>) -> PyResult<()> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?;
    if threading.call_method0("current_thread")?.is(&main) {
        MAIN.get_or_init(|| std::thread::current().id());
    }
    Ok(())
}

fn is_main_thread() -> bool {
    MAIN.get() == Some(&std::thread::current().id())
}

/// The stream as Python passes it on.
pub fn capsule<'py>(
    py: Python<'py>,
    reader: Reader,
    requested: Option<Bound<'py, PyCapsule>>,
) -> PyResult<Bound<'py, PyCapsule>> {
    let schema = reader.schema();
    let field = Field::new_struct("", schema.fields().clone(), false);
    let field = Arc::new(field.with_metadata(schema.metadata().clone()));
    let rows = Interruptible(reader);
    let rows = rows.map(|batch| batch.map(|batch| Arc::new(StructArray::from(batch)) as ArrayRef));
    let stream = ArrayIterator::new(rows, field);
    Ok(to_stream_pycapsule(py, Box::new(stream), requested)?)
}
