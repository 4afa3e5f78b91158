//! Rounds: in each, every cell is written, asked by every reader, and removed; so whatever makes the machine
//! slower for a while does it to all of them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use rayon::ThreadPool;

use super::columns::{self, ColumnSize};
use super::python::Python;
use super::questions::{Ask, Questions};
use super::read;
use super::sweep::Cell;
use super::table::Table;
use super::write::write;
use crate::engine::Stop;
use crate::error::Result;

/// The reader in this process.
pub(super) const LIBRARY: &str = "parquet";

/// What was seen of a cell.
#[derive(Debug, Default)]
pub(super) struct CellFigures {
    pub(super) bytes: u64,
    pub(super) files: usize,
    pub(super) row_groups: usize,
    pub(super) columns: Vec<ColumnSize>,
    /// Row groups of which nothing is read, by the question.
    pub(super) skipped: BTreeMap<Ask, usize>,
    /// Seconds of each round.
    pub(super) write: Vec<f64>,
    /// Seconds of each round, by reader and question.
    pub(super) read: BTreeMap<(String, Ask), Vec<f64>>,
}

/// Who measures what.
pub(super) struct Measurement<'a> {
    pub(super) cells: &'a [Cell],
    pub(super) table: &'a Table,
    pub(super) questions: &'a Questions,
    pub(super) folder: &'a Path,
    pub(super) pool: &'a ThreadPool,
    pub(super) stop: &'a Stop,
    pub(super) library: bool,
    pub(super) python: Option<Python>,
    /// The other readers.
    pub(super) others: Vec<String>,
    pub(super) deadline: Option<Instant>,
}

/// What came of it.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) seen: Vec<CellFigures>,
    /// Whole rounds.
    pub(super) rounds: usize,
    /// What readers say is wrong, each once.
    pub(super) wrong: Vec<String>,
}

impl Measurement<'_> {
    /// Measures so many rounds, or until the time is over, but one at least. With none, sizes alone. `tell` hears
    /// of each round before it begins.
    pub(super) fn rounds(&mut self, rounds: usize, tell: &dyn Fn(usize)) -> Result<Outcome> {
        let mut outcome = Outcome::default();
        outcome
            .seen
            .resize_with(self.cells.len(), CellFigures::default);
        if rounds > 0 {
            // The first cell is slower than the others: programs are loaded, caches and pools of
            // threads are filled. It is measured once more and the first time thrown away.
            self.cell(0, true, &mut outcome)?;
            outcome.seen[0].forget_times();
            if self.stop.requested() {
                return Ok(outcome);
            }
        }
        for round in 0..rounds.max(1) {
            if round > 0
                && self
                    .deadline
                    .is_some_and(|deadline| Instant::now() >= deadline)
            {
                break;
            }
            tell(round);
            // Each round begins with another cell, so that what one cell leaves behind in caches is
            // not always met by the same other one.
            for step in 0..self.cells.len() {
                let place = (step + round) % self.cells.len();
                self.cell(place, rounds > 0, &mut outcome)?;
                if self.stop.requested() {
                    return Ok(outcome);
                }
            }
            outcome.rounds += usize::from(rounds > 0);
        }
        Ok(outcome)
    }

    fn cell(&mut self, place: usize, timed: bool, outcome: &mut Outcome) -> Result<()> {
        let name = format!("cell-{place}");
        let folder = self.folder.join(&name);
        let cell = &self.cells[place];
        let written = write(cell, self.table, &folder, (self.pool, self.stop))?;
        if self.stop.requested() {
            return Ok(());
        }
        let seen = &mut outcome.seen[place];
        // Once only: sizes are the same in every round, because bytes follow from pipeline and
        // seed.
        if seen.files == 0 {
            let open = read::open(&written.files, false)?;
            seen.bytes = written.bytes;
            seen.files = open.len();
            seen.row_groups = open
                .iter()
                .map(|file| file.metadata.metadata().num_row_groups())
                .sum();
            seen.columns = columns::sizes(cell, &open);
        }
        if timed {
            seen.write.push(written.time.as_secs_f64());
        }
        let relative = |path: &std::path::PathBuf| {
            let own = path.file_name().unwrap_or_default().to_string_lossy();
            format!("{name}/{own}")
        };
        let files: Vec<String> = written.files.iter().map(relative).collect();
        for ask in self.questions.asked() {
            if self.stop.requested() {
                return Ok(());
            }
            self.ask_library(place, (ask, timed), &written.files, outcome)?;
            if timed {
                self.ask_others(place, ask, &files, outcome)?;
            }
        }
        // Removed at once, so that the disk holds one cell at a time.
        std::fs::remove_dir_all(&folder).map_err(|error| {
            crate::error::Error::because(format!("removing `{}`", folder.display()), error)
        })
    }

    /// Asks the library. Without rounds only what it can skip is wanted, which is the same on every
    /// run.
    fn ask_library(
        &self,
        place: usize,
        (ask, timed): (Ask, bool),
        files: &[std::path::PathBuf],
        outcome: &mut Outcome,
    ) -> Result<()> {
        if !self.library || (!timed && self.questions.range(ask).is_none()) {
            return Ok(());
        }
        let answer = read::ask(files, self.questions, ask, self.pool)?;
        let seen = &mut outcome.seen[place];
        if let Some(skipped) = answer.skipped {
            seen.skipped.insert(ask, skipped);
        }
        if timed {
            let times = seen.read.entry((LIBRARY.to_string(), ask)).or_default();
            times.push(answer.time.as_secs_f64());
        }
        self.compare(LIBRARY, ask, answer.rows, outcome);
        Ok(())
    }

    fn ask_others(
        &mut self,
        place: usize,
        ask: Ask,
        files: &[String],
        outcome: &mut Outcome,
    ) -> Result<()> {
        let fields = self.table.shape.schema.fields();
        let columns: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        for reader in self.others.clone() {
            let Some(python) = &mut self.python else {
                return Ok(());
            };
            let asked = python.ask(&reader, (self.questions, &columns), ask, files);
            // An answer that a signal cut short is of no use.
            let answer = match asked {
                Err(_) if self.stop.requested() => return Ok(()),
                asked => asked?,
            };
            match answer {
                Ok((seconds, rows)) => {
                    let times = outcome.seen[place]
                        .read
                        .entry((reader.clone(), ask))
                        .or_default();
                    times.push(seconds);
                    self.compare(&reader, ask, rows, outcome);
                }
                Err(error) => {
                    let label = &self.cells[place].label;
                    outcome.tell(format!(
                        "{reader} cannot answer the {} of `{label}`: {error}",
                        ask.name()
                    ));
                }
            }
        }
        Ok(())
    }

    /// A reader that finds other rows than there are measures something else.
    fn compare(&self, reader: &str, ask: Ask, found: u64, outcome: &mut Outcome) {
        // A reader that is fast because it skips a page it should have read would otherwise look
        // best.
        if let Some(rows) = self.questions.rows_of(ask).filter(|rows| *rows != found) {
            outcome.tell(format!(
                "{reader} finds {found} rows by the {}, where there are {rows}",
                ask.name()
            ));
        }
    }
}

impl CellFigures {
    fn forget_times(&mut self) {
        self.write.clear();
        self.read.clear();
    }
}

impl Outcome {
    fn tell(&mut self, wrong: String) {
        if !self.wrong.contains(&wrong) {
            self.wrong.push(wrong);
        }
    }
}
