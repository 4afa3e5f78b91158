//! The compiled half of the Python package `rowgen`: what of the Rust library Python calls.

mod arguments;
mod errors;
mod memory;
mod run;
mod stream;
mod table;
mod told;

use std::ffi::OsString;

use pyo3::prelude::*;

/// The command line; gives the exit code.
#[pyfunction]
fn main(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| rowgen::cli::exit_code(arguments))
}

#[pymodule]
fn _rowgen(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<table::Table>()?;
    module.add_function(wrap_pyfunction!(table::read, module)?)?;
    module.add_function(wrap_pyfunction!(run::run, module)?)?;
    module.add_function(wrap_pyfunction!(run::check, module)?)?;
    module.add_function(wrap_pyfunction!(run::schema, module)?)?;
    module.add_function(wrap_pyfunction!(main, module)?)?;
    errors::add(module)
}
