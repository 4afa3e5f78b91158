//! Errors of rowgen as exceptions, with the text that the command shows.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use rowgen::error::{Error, Fault};

create_exception!(
    rowgen,
    RowgenError,
    PyException,
    "What rowgen could not do, and why."
);
create_exception!(
    rowgen,
    PipelineError,
    RowgenError,
    "The pipeline or an argument is wrong."
);
create_exception!(
    rowgen,
    RunError,
    RowgenError,
    "A run failed; `report` says what came of it."
);

/// The exception of an error: the user's mistake, or what happened while working.
pub fn exception(error: &Error) -> PyErr {
    let text = bare(&error.to_string());
    match error.fault {
        Fault::User => PipelineError::new_err(text),
        Fault::Run | Fault::Busy => RunError::new_err(text),
    }
}

/// The text of an error without the word that says it is one.
pub fn bare(text: &str) -> String {
    text.strip_prefix("error: ").unwrap_or(text).to_owned()
}

/// Puts the classes into the module.
pub fn add(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("RowgenError", py.get_type::<RowgenError>())?;
    module.add("PipelineError", py.get_type::<PipelineError>())?;
    module.add("RunError", py.get_type::<RunError>())
}
