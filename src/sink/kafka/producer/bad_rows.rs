//! Rows that cannot be messages: the end of the run, or left out, counted and kept.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::super::options::OnBadRow;
use crate::error::{Error, Result};
use crate::report::Meter;

/// What becomes of rows that cannot be messages.
pub struct BadRows {
    rule: OnBadRow,
    out: PathBuf,
    file: Mutex<Option<File>>,
    meter: Arc<Meter>,
    table: String,
}

impl BadRows {
    /// The rule; relative paths are taken from `out`.
    pub fn new(rule: &OnBadRow, out: &Path, meter: Arc<Meter>, table: &str) -> Self {
        Self {
            rule: rule.clone(),
            out: out.to_path_buf(),
            file: Mutex::new(None),
            meter,
            table: table.to_string(),
        }
    }

    /// Row `row` of the table cannot be a message.
    ///
    /// # Errors
    /// That is the end, or it cannot be noted.
    pub fn note(&self, error: Error, row: u64) -> Result<()> {
        match &self.rule {
            OnBadRow::Stop => return Err(error),
            OnBadRow::Skip => {}
            OnBadRow::DeadLetter(path) => self.keep(&self.out.join(path), &error, row)?,
        }
        self.meter.reject(1);
        Ok(())
    }

    fn keep(&self, path: &Path, error: &Error, row: u64) -> Result<()> {
        let reason = error
            .problems
            .first()
            .map_or("", |problem| &problem.message);
        let line = serde_json::json!({ "table": self.table, "row": row, "reason": reason });
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let doing = |error| Error::because(format!("writing to `{}`", path.display()), error);
        if file.is_none() {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder).map_err(doing)?;
            }
            let opened = OpenOptions::new().create(true).append(true).open(path);
            *file = Some(opened.map_err(doing)?);
        }
        match file.as_mut() {
            Some(file) => writeln!(file, "{line}").map_err(doing),
            None => Ok(()),
        }
    }
}
