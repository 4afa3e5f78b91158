//! Rows that are read, and of which columns cannot be made: found by trying halves, left out and told.

use arrow::array::{ArrayRef, BooleanArray};
use arrow::compute::filter;

use super::Rejected;
use crate::batch::{Position, Span, json_values};
use crate::column::rows::Rows;
use crate::error::{Error, Fault, Result};

/// What is wrong with a row of which a column cannot be made, in general.
const KIND: &str = "a column cannot be made";

/// Rows as they were read: their numbers, and the source's columns, some of them without values.
pub(super) struct ReadRows<'a> {
    pub(super) rows: &'a [u64],
    pub(super) columns: &'a [ArrayRef],
    /// The columns that have values, with their names.
    pub(super) used: &'a [(usize, String)],
    pub(super) origins: &'a RowOrigins<'a>,
}

/// Where rows were read from.
pub(super) struct RowOrigins<'a> {
    /// In one line.
    pub(super) source: &'a dyn Fn() -> String,
    /// The number of the first row, before any was left out.
    pub(super) first: u64,
    /// The spans of a stream, with the rows that they had then.
    pub(super) origin: &'a [Span],
}

impl RowOrigins<'_> {
    fn position(&self, row: u64) -> Option<Position> {
        Position::of(self.origin, row.checked_sub(self.first)? as usize)
    }
}

/// What is left of them.
pub(super) struct RemainingRows {
    pub(super) rows: Vec<u64>,
    pub(super) columns: Vec<ArrayRef>,
    pub(super) rejected: Vec<Rejected>,
}

impl ReadRows<'_> {
    /// Leaves out every row for which `make` fails by itself.
    ///
    /// # Errors
    /// It fails for another reason than a row's values.
    pub(super) fn without_failing(
        &self,
        make: &dyn Fn(Rows<'_>, &[ArrayRef]) -> Result<()>,
    ) -> Result<RemainingRows> {
        let mut failing = Vec::new();
        self.search(0, self.rows.len(), make, &mut failing)?;
        let mut keep = vec![true; self.rows.len()];
        failing.iter().for_each(|(row, _)| keep[*row] = false);
        let rows = self.rows.iter().zip(&keep);
        let rows = rows.filter(|(_, keep)| **keep).map(|(row, _)| *row);
        let mask = BooleanArray::from(keep.clone());
        let mut columns = self.columns.to_vec();
        for (column, _) in self.used {
            columns[*column] = filter(&columns[*column], &mask)?;
        }
        let source = (self.origins.source)();
        Ok(RemainingRows {
            rows: rows.collect(),
            columns,
            rejected: failing
                .iter()
                .map(|(row, error)| self.reject(&source, *row, error))
                .collect(),
        })
    }

    /// Those among the rows from `from` to `to` that fail.
    fn search(
        &self,
        from: usize,
        to: usize,
        make: &dyn Fn(Rows<'_>, &[ArrayRef]) -> Result<()>,
        failing: &mut Vec<(usize, Error)>,
    ) -> Result<()> {
        let mut columns = self.columns.to_vec();
        for (column, _) in self.used {
            columns[*column] = columns[*column].slice(from, to - from);
        }
        match make(Rows::List(&self.rows[from..to]), &columns) {
            Ok(()) => Ok(()),
            // A mistake in the pipeline is no row's fault: leaving rows out would only hide it.
            Err(error) if error.fault == Fault::User => Err(error),
            Err(error) if to - from == 1 => {
                failing.push((from, error));
                Ok(())
            }
            Err(_) => {
                // By halves a bad row among 16 384 is found in 29 tries of ever fewer rows; row by
                // row each would be tried. A column that fails in every row costs twice as many
                // tries as there are rows.
                let middle = from + (to - from) / 2;
                self.search(from, middle, make, failing)?;
                self.search(middle, to, make, failing)
            }
        }
    }

    fn reject(&self, source: &str, row: usize, error: &Error) -> Rejected {
        let message = reason(error);
        let mut letter = serde_json::Map::new();
        letter.insert("source".into(), source.into());
        letter.insert("row".into(), self.rows[row].into());
        if let Some(position) = self.origins.position(self.rows[row]) {
            position.tell(&mut letter);
        }
        letter.insert("reason".into(), message.clone().into());
        let used = self.used.iter();
        let used = used.map(|(column, name)| (name.as_str(), &self.columns[*column]));
        letter.insert("values".into(), json_values(used, row));
        Rejected {
            place: source.to_string(),
            kind: KIND,
            message,
            letter,
        }
    }
}

/// What exactly is wrong: the outermost words say which column was being made.
fn reason(error: &Error) -> String {
    let problem = error.problems.first();
    let causes = problem.iter().flat_map(|problem| &problem.causes);
    let message = problem.map(|problem| problem.message.as_str());
    let words = message.into_iter().chain(causes.map(String::as_str));
    words.collect::<Vec<_>>().join(": ")
}
