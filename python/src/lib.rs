//! The compiled half of the Python package `rowgen`: what of the Rust library Python calls.

// No allocator of its own, although tables that are kept wait for memory more than for rows: 1.1 of 1.3 s of CPU
// for ten million casino rows. mimalloc 3 with huge pages took 0.4 s, and crashed where the thread that had
// imported the module first had ended and another one had got its number (`test_ends`).

mod arguments;
mod errors;
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
