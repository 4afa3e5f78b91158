//! The report of `verify`: differences, a line of JSON each. It is hidden until it is whole, so that half of
//! one is never taken for all that differs.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{report_place, signals};
use crate::error::{Error, Result};
use crate::outlet::Outlet;
use crate::plain_file::holds_other;
use crate::plan::Plan;

/// Lines under a hidden name, or what is written through.
pub(super) struct Lines {
    path: PathBuf,
    file: BufWriter<File>,
    /// The hidden name and the one that it gets.
    names: Option<(PathBuf, PathBuf)>,
}

/// What names the report.
const FLAG: &str = "--report";

impl Lines {
    /// Opens a report. It replaces an earlier report, and nothing else: no file that is read or
    /// that a sink holds.
    ///
    /// # Errors
    /// Something else is there, or the system refuses.
    pub(super) fn open(path: &Path, plan: &Plan, out: &Path) -> Result<Self> {
        report_place::check((FLAG, path), plan, out, "the pipeline")?;
        if holds_other(path, "sink") {
            let cause = "it is there already, and is no report of `verify`";
            let why = "something else is there";
            return Err(report_place::refused((FLAG, path), why, cause));
        }
        let opened = Outlet::open(path).map_err(|error| writing(path, &error))?;
        let (path, names) = (path.to_path_buf(), opened.names);
        if let Some((hidden, _)) = names.clone() {
            // Nothing else listens to signals while `verify` reads: without this, Ctrl-C would
            // leave the hidden file behind.
            signals::before_end(move || drop(fs::remove_file(&hidden)))?;
        }
        Ok(Self {
            path,
            file: BufWriter::new(opened.file),
            names,
        })
    }

    /// # Errors
    /// Writing failed.
    pub(super) fn add(&mut self, value: &serde_json::Value) -> Result<()> {
        writeln!(self.file, "{value}").map_err(|error| writing(&self.path, &error))
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// Writing failed.
    pub(super) fn finish(mut self) -> Result<()> {
        let named = self.file.flush().and_then(|()| match &self.names {
            Some((hidden, target)) => fs::rename(hidden, target),
            None => Ok(()),
        });
        named.map_err(|error| writing(&self.path, &error))?;
        // So that `Drop`, which removes an unfinished report, finds nothing to remove.
        self.names = None;
        Ok(())
    }
}

/// An unfinished report is removed: it lacks what was not compared.
impl Drop for Lines {
    fn drop(&mut self) {
        if let Some((hidden, _)) = &self.names {
            // The way here is an error that is told already, or a panic.
            let _ = fs::remove_file(hidden);
        }
    }
}

fn writing(path: &Path, error: &std::io::Error) -> Error {
    Error::because(format!("writing the report to `{}`", path.display()), error)
}
