//! Rows that cannot be messages: the end of the run, or left out, counted and kept.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::batch::{Batch, Position};
use crate::error::{Error, Result};
use crate::plain_file::{add_lines, append_to, wait_for_disk};
use crate::report::Meter;
use crate::sink::on_bad_row::{self, OnBadRow};
use crate::sync::lock;

/// What becomes of rows that cannot be messages.
pub struct BadRows {
    rule: OnBadRow,
    out: PathBuf,
    file: Mutex<Option<Arc<File>>>,
    meter: Arc<Meter>,
    table: String,
}

/// The rows of one batch that cannot be messages.
pub struct RefusedRows<'a> {
    of: &'a BadRows,
    batch: &'a Batch,
    lines: Vec<u8>,
    count: u64,
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

    /// None of a batch so far.
    pub fn of<'a>(&'a self, batch: &'a Batch) -> RefusedRows<'a> {
        RefusedRows {
            of: self,
            batch,
            lines: Vec::new(),
            count: 0,
        }
    }

    /// Appends lines and waits until the disk has them.
    fn keep(&self, path: &Path, lines: &[u8]) -> Result<()> {
        let doing = |error| Error::because(format!("writing to `{}`", path.display()), error);
        let mut held = lock(&self.file);
        let file = match held.as_ref() {
            Some(file) => file.clone(),
            None => held
                .insert(Arc::new(append_to(path).map_err(doing)?))
                .clone(),
        };
        // Whole lines or none: no reader of JSON lines could read what a full disk cut off.
        add_lines(&file, |mut file| file.write_all(lines)).map_err(doing)?;
        // Others may write while the disk is waited for.
        drop(held);
        wait_for_disk(&file).map_err(doing)
    }
}

impl RefusedRows<'_> {
    /// Row `row` of the table cannot be a message.
    ///
    /// # Errors
    /// That is the end.
    pub fn note(&mut self, error: Error, row: u64) -> Result<()> {
        match &self.of.rule {
            OnBadRow::Stop => return Err(error),
            OnBadRow::Skip => {}
            OnBadRow::DeadLetter(_) => {
                let line = self.line(&error, row);
                self.lines.extend_from_slice(format!("{line}\n").as_bytes());
            }
        }
        self.count += 1;
        Ok(())
    }

    fn line(&self, error: &Error, row: u64) -> Value {
        let index = self.batch.place.index(row);
        let position = index.and_then(|index| Position::of(&self.batch.origin, index));
        let reason = error.problems.first();
        let reason = reason.map_or("", |problem| &problem.message);
        on_bad_row::letter(&self.of.table, row, position.as_ref(), reason).into()
    }

    /// Counts them. Those that are kept are on the disk afterwards: only then may the batch count as
    /// safe, since what is safe is not sent again.
    ///
    /// # Errors
    /// They cannot be kept.
    pub fn keep(self) -> Result<()> {
        if let (OnBadRow::DeadLetter(path), 1..) = (&self.of.rule, self.count) {
            self.of.keep(&self.of.out.join(path), &self.lines)?;
        }
        self.of.meter.reject(self.count);
        Ok(())
    }
}
