//! What was measured, put together: for people, for programs, for a page.

use std::collections::BTreeMap;

use serde::Serialize;

use super::columns::{self, ColumnSize, Smallest};
use super::measure::{CellFigures, Outcome};
use super::questions::{Ask, Questions};
use super::spread::Spread;
use super::sweep::{Cell, Sweep};
use super::table::Table;

/// All of it.
#[derive(Serialize)]
pub(super) struct Report {
    pub(super) pipeline: String,
    pub(super) table: String,
    pub(super) rows: u64,
    /// Rows of the table; none without end.
    pub(super) table_rows: Option<u64>,
    /// The bytes of the rows as readers get them: what GB/s are of.
    pub(super) row_bytes: u64,
    pub(super) threads: usize,
    pub(super) rounds: usize,
    /// Who reads, and their versions.
    pub(super) readers: Vec<(String, String)>,
    /// What is the same in all cells.
    pub(super) same: BTreeMap<&'static str, String>,
    pub(super) questions: Vec<Asked>,
    pub(super) cells: Vec<CellReport>,
    pub(super) best: Vec<Best>,
    pub(super) columns: Vec<Smallest>,
    /// What deserves a second look.
    pub(super) notes: Vec<String>,
}

/// What was asked.
#[derive(Serialize)]
pub(super) struct Asked {
    pub(super) ask: Ask,
    /// In words.
    pub(super) of: String,
    /// The rows that it finds.
    pub(super) rows: u64,
}

/// A cell.
#[derive(Serialize)]
pub(super) struct CellReport {
    pub(super) label: String,
    pub(super) settings: BTreeMap<&'static str, String>,
    pub(super) bytes: u64,
    pub(super) files: usize,
    pub(super) row_groups: usize,
    /// Row groups of which nothing is read, by question.
    pub(super) skipped: BTreeMap<Ask, usize>,
    pub(super) write: Option<Timed>,
    pub(super) read: Vec<Read>,
    pub(super) columns: Vec<ColumnSize>,
}

/// What something took.
#[derive(Serialize)]
pub(super) struct Timed {
    #[serde(flatten)]
    pub(super) spread: Spread,
    /// Of each round.
    pub(super) seconds: Vec<f64>,
}

/// How a reader answered.
#[derive(Serialize)]
pub(super) struct Read {
    pub(super) reader: String,
    pub(super) ask: Ask,
    #[serde(flatten)]
    pub(super) timed: Timed,
}

/// Which cell is best for what.
#[derive(Serialize)]
pub(super) struct Best {
    /// In words.
    pub(super) what: String,
    pub(super) cell: usize,
    /// Others that may be as good: their intervals overlap.
    pub(super) as_good: Vec<usize>,
    /// How many times as much the second best takes, where none is as good.
    pub(super) second: Option<(usize, f64)>,
}

impl Report {
    pub(super) fn new(
        (pipeline, table, sweep): (String, &Table, &Sweep),
        questions: &Questions,
        outcome: Outcome,
        readers: Vec<(String, String)>,
        mut notes: Vec<String>,
    ) -> Self {
        notes.extend(outcome.wrong);
        let cells: Vec<CellReport> = sweep
            .cells
            .iter()
            .zip(outcome.seen)
            .map(|(cell, seen)| CellReport::new(cell, seen))
            .collect();
        let best = best(&cells, outcome.rounds);
        let columns = smallest_columns(sweep, &cells);
        let asked = questions.asked().into_iter().map(|ask| Asked {
            ask,
            of: match (ask, questions.range(ask)) {
                (_, Some(range)) => range.words(),
                (Ask::OneColumn, None) => questions.one_column.clone(),
                _ => "all columns".to_string(),
            },
            rows: questions.rows_of(ask).unwrap_or(0),
        });
        Self {
            pipeline,
            table: table.shape.table.clone(),
            rows: questions.rows,
            table_rows: table.of,
            row_bytes: table.bytes,
            threads: table.threads,
            rounds: outcome.rounds,
            readers,
            same: sweep.same.iter().cloned().collect(),
            questions: asked.collect(),
            cells,
            best,
            columns,
            notes,
        }
    }

    /// Bytes of rows a second, in GB.
    pub(super) fn rate(&self, spread: &Spread) -> f64 {
        self.row_bytes as f64 / 1e9 / spread.median.max(1e-9)
    }
}

impl CellReport {
    fn new(cell: &Cell, seen: CellFigures) -> Self {
        let read = seen
            .read
            .into_iter()
            .filter_map(|((reader, ask), seconds)| {
                Some(Read {
                    reader,
                    ask,
                    timed: Timed::of(seconds)?,
                })
            });
        Self {
            label: cell.label.clone(),
            settings: cell.settings.iter().cloned().collect(),
            bytes: seen.bytes,
            files: seen.files,
            row_groups: seen.row_groups,
            skipped: seen.skipped,
            write: Timed::of(seen.write),
            read: read.collect(),
            columns: seen.columns,
        }
    }

    /// How a reader answered a question.
    pub(super) fn answer(&self, reader: &str, ask: Ask) -> Option<&Timed> {
        let mut read = self.read.iter();
        let found = read.find(|read| read.reader == reader && read.ask == ask);
        found.map(|read| &read.timed)
    }
}

impl Timed {
    fn of(seconds: Vec<f64>) -> Option<Self> {
        Some(Self {
            spread: Spread::of(&seconds)?,
            seconds,
        })
    }
}

/// The best cells for their size, for writing, and for each question to each reader.
fn best(cells: &[CellReport], rounds: usize) -> Vec<Best> {
    let size = cells
        .iter()
        .map(|cell| Some(Spread::exact(cell.bytes as f64)));
    let write = cells
        .iter()
        .map(|cell| cell.write.as_ref().map(|timed| timed.spread));
    let mut all = vec![best_of("size".to_string(), size.collect())];
    // The size is exact, but the times of a single round may all be noise.
    if rounds < 2 {
        return all.into_iter().flatten().collect();
    }
    all.push(best_of("writing".to_string(), write.collect()));
    let kinds = cells
        .iter()
        .flat_map(|cell| &cell.read)
        .map(|read| (read.ask, read.reader.clone()));
    let kinds: std::collections::BTreeSet<(Ask, String)> = kinds.collect();
    for (ask, reader) in kinds {
        let spreads = cells
            .iter()
            .map(|cell| cell.answer(&reader, ask).map(|timed| timed.spread));
        all.push(best_of(
            format!("{} by {reader}", ask.name()),
            spreads.collect(),
        ));
    }
    all.into_iter().flatten().collect()
}

fn best_of(what: String, spreads: Vec<Option<Spread>>) -> Option<Best> {
    let there = spreads.iter().enumerate();
    let mut there: Vec<(usize, Spread)> = there
        .filter_map(|(cell, spread)| Some((cell, (*spread)?)))
        .collect();
    // The first of equal ones.
    there.sort_by(|(_, one), (_, other)| one.median.total_cmp(&other.median));
    let (cell, best) = *there.first()?;
    if there.len() < 2 {
        return None;
    }
    let as_good = there[1..].iter().filter(|(_, other)| best.overlaps(other));
    let as_good: Vec<usize> = as_good.map(|(cell, _)| *cell).collect();
    // How much better the best one is means nothing while another one may be as good.
    let second = there.get(1).filter(|_| as_good.is_empty());
    let second = second.map(|(cell, other)| (*cell, other.median / best.median.max(1e-12)));
    Some(Best {
        what,
        cell,
        as_good,
        second,
    })
}

/// Rows in another order are other data: of the order of the smallest cell.
fn smallest_columns(sweep: &Sweep, cells: &[CellReport]) -> Vec<Smallest> {
    let least = cells.iter().enumerate().min_by_key(|(_, cell)| cell.bytes);
    let order = least
        .and_then(|(place, _)| sweep.cells.get(place))
        .and_then(|cell| cell.order);
    let alike = sweep.cells.iter().zip(cells).enumerate();
    let alike = alike.filter(|(_, (cell, _))| cell.order == order);
    let sizes: Vec<(usize, &[ColumnSize])> = alike
        .map(|(place, (_, cell))| (place, cell.columns.as_slice()))
        .collect();
    columns::smallest(&sizes)
}
