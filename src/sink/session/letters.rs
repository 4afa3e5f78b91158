//! Rows that a server does not take: the end of the run, or left out, counted, and kept in a file
//! that is on the disk before anything passes over them.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Map, Value};

use crate::batch::Position;
use crate::error::{Error, Problem, Result};
use crate::plain_file::{add_lines, append_to, wait_for_disk};
use crate::report::Meter;
use crate::sink::applied::Applied;
use crate::sink::on_bad_row::{self, OnBadRow};
use crate::sync::lock;
use crate::units::show_count;

/// A row that a server does not take.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// Its number in the table.
    pub row: u64,
    /// Where it stands in the stream that it came from.
    pub position: Option<Position>,
    /// What is wrong with it.
    pub reason: String,
    /// What is kept of it beside that.
    pub kept: Map<String, Value>,
}

/// What becomes of rows that a server does not take.
pub trait Keep: Send + Sync {
    /// They are left out; when this returns, what is kept of them is on the disk.
    ///
    /// # Errors
    /// That is the end of the run, or they cannot be kept.
    fn keep(&self, letters: &[Letter]) -> Result<()>;
}

/// The dead letters of a table.
pub struct Letters {
    table: String,
    rule: OnBadRow,
    /// Rows are changes of it.
    applied: Option<Arc<Applied>>,
    file: Mutex<Option<File>>,
    meter: Arc<Meter>,
}

impl Letters {
    /// The rule; relative paths start at `out`.
    pub fn new(table: &str, rule: &OnBadRow, out: &Path, meter: Arc<Meter>) -> Self {
        Self {
            table: table.to_string(),
            applied: None,
            rule: match rule {
                OnBadRow::DeadLetter(path) => OnBadRow::DeadLetter(out.join(path)),
                rule => rule.clone(),
            },
            file: Mutex::default(),
            meter,
        }
    }

    /// The same of rows that are changes, if they are applied.
    #[must_use]
    pub fn of_changes(self, applied: Option<Arc<Applied>>) -> Self {
        Self { applied, ..self }
    }

    /// The first one ends the run.
    fn stop(&self, letter: &Letter) -> Error {
        let (table, reason) = (&self.table, &letter.reason);
        let Some(applied) = &self.applied else {
            let what = format!("table `{table}`, row {}: {reason}", letter.row);
            return Error::run(Problem::new(what).hint("`on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them"));
        };
        let number = show_count(applied.changing().table.number(letter.row));
        let what = format!("table `{table}`, change {number}: {reason}");
        Error::run(Problem::new(what).hint(
            "what was committed before stays, and the same run goes on with this change once the table takes it",
        ))
    }

    fn line(&self, letter: &Letter) -> Value {
        let position = letter.position.as_ref();
        let mut line = on_bad_row::letter(&self.table, letter.row, position, &letter.reason);
        line.extend(letter.kept.clone());
        line.into()
    }
}

impl Keep for Letters {
    fn keep(&self, letters: &[Letter]) -> Result<()> {
        let Some(one) = letters.first() else {
            return Ok(());
        };
        match &self.rule {
            OnBadRow::Stop => return Err(self.stop(one)),
            OnBadRow::Skip => {}
            OnBadRow::DeadLetter(path) => {
                let lines = letters
                    .iter()
                    .map(|letter| format!("{}\n", self.line(letter)));
                // All letters of a transaction are one write and one wait for the disk.
                let lines: String = lines.collect();
                // Sessions share the file; the lock keeps their lines apart.
                let mut file = lock(&self.file);
                append(path, &mut file, &lines).map_err(|error| {
                    let path = path.display();
                    Error::because(format!("writing the dead-letter file `{path}`"), error)
                })?;
            }
        }
        // Only now: a row whose letter could not be written was not left out, it ended the run.
        self.meter.reject(letters.len() as u64);
        Ok(())
    }
}

/// Adds lines to the file, which is opened with the first ones, and waits for the disk.
fn append(path: &Path, file: &mut Option<File>, lines: &str) -> std::io::Result<()> {
    let file = match file {
        Some(file) => file,
        // Opened with the first letter, so that a run without bad rows leaves no empty file.
        // `append_to` cuts off the half line that a killed program has left, and `add_lines` takes
        // back a write that fails: readers of JSON lines could read neither.
        None => file.insert(append_to(path)?),
    };
    add_lines(file, |mut file| {
        file.write_all(lines.as_bytes())?;
        wait_for_disk(file)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(row: u64, partition: Option<i32>) -> Letter {
        let position = partition.map(|partition| Position {
            topic: Some("bets".into()),
            partition,
            offset: Some(70),
        });
        let mut kept = Map::new();
        kept.insert("id".into(), 7.into());
        let reason = "too long".into();
        Letter {
            row,
            position,
            reason,
            kept,
        }
    }

    #[test]
    fn the_first_one_stops_a_run_that_keeps_none() {
        let meter = Arc::new(Meter::default());
        let stop = Letters::new("bets", &OnBadRow::Stop, Path::new(""), meter.clone());
        assert_eq!(
            stop.keep(&[letter(3, None)]).unwrap_err().to_string(),
            "error: table `bets`, row 3: too long\n  hint: `on_bad_row: skip` leaves such rows out, `on_bad_row: { dead_letter: rejected.jsonl }` keeps them"
        );
        assert!(stop.keep(&[]).is_ok());
        let skip = Letters::new("bets", &OnBadRow::Skip, Path::new(""), meter.clone());
        skip.keep(&[letter(3, None), letter(4, None)]).unwrap();
        assert_eq!(meter.rejected(), 2);
    }

    #[test]
    fn they_are_kept_after_those_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/dead.jsonl");
        for _ in 0..2 {
            let rule = OnBadRow::DeadLetter("deep/dead.jsonl".into());
            let letters = Letters::new("bets", &rule, folder.path(), Arc::default());
            letters.keep(&[letter(3, Some(5))]).unwrap();
            letters.keep(&[letter(4, None)]).unwrap();
        }
        let lines = "{\"table\":\"bets\",\"row\":3,\"topic\":\"bets\",\"partition\":5,\"offset\":70,\"reason\":\"too long\",\"id\":7}\n{\"table\":\"bets\",\"row\":4,\"reason\":\"too long\",\"id\":7}\n";
        assert_eq!(std::fs::read_to_string(&path).unwrap(), lines.repeat(2));
        let rule = OnBadRow::DeadLetter(folder.path().into());
        let full = Letters::new("bets", &rule, Path::new(""), Arc::default());
        assert!(
            full.keep(&[letter(1, None)])
                .unwrap_err()
                .to_string()
                .starts_with(&format!(
                    "error: writing the dead-letter file `{}`\n  caused by: Is a directory",
                    folder.path().display()
                ))
        );
        // Devices have no disk to wait for, and may have no room.
        let device = |path: &str| {
            let rule = OnBadRow::DeadLetter(path.into());
            let letters = Letters::new("bets", &rule, Path::new(""), Arc::default());
            letters
                .keep(&[letter(1, None)])
                .map_err(|error| error.to_string())
        };
        assert_eq!(device("/dev/null"), Ok(()));
        let full = "error: writing the dead-letter file `/dev/full`\n  caused by: No space left on device (os error 28)";
        assert_eq!(device("/dev/full"), Err(full.into()));
    }
}
