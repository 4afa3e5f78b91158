//! What of the options of a sink cannot be as asked, and how much its transactions have.

use std::ops::RangeInclusive;

use super::{Mode, SinkDialect, TableSink, key_problems, no_columns};
use crate::client::database::check_connections;
use crate::error::Problem;
use crate::format::Shape;
use crate::sink::Target;

/// Rows of a transaction where the pipeline does not say: by hand, 2 connections with 2 500 each are the
/// fastest to a PostgreSQL on this machine, and 10 000 at 12 ms of round trip.
pub(super) const TRANSACTION_ROWS: RangeInclusive<usize> = 2_500..=40_000;

impl<D: SinkDialect> TableSink<D> {
    /// Everything that cannot be as asked, but for names and types.
    pub fn problems(&self, shape: &Shape) -> Vec<Problem> {
        let place = &self.url.place;
        let mut problems = self.counts();
        match &shape.changes {
            Some(columns) => problems.extend(self.of_changes(shape, columns)),
            None => problems.extend(key_problems((self.mode, &self.key), place, shape)),
        }
        if shape.schema.fields().is_empty() {
            problems.push(no_columns(place));
        }
        problems
    }

    fn counts(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(check_connections(self.connections.as_ref()));
        if let Some(rows) = &self.transaction_rows
            && !(1..=10_000_000).contains(&rows.value.0)
        {
            let message = "`transaction_rows` is 1 to 10_000_000";
            problems.push(Problem::new(message).at(&rows.place));
        }
        problems
    }

    /// Rows of a transaction, and how many it may grow to.
    pub fn transaction_rows(&self) -> RangeInclusive<usize> {
        let asked = self.transaction_rows.as_ref();
        asked.map_or(TRANSACTION_ROWS, |rows| {
            let rows = rows.value.0 as usize;
            rows..=rows
        })
    }

    /// How long a transaction waits for more rows.
    pub fn linger(&self) -> std::time::Duration {
        let linger = self.linger.as_ref();
        linger.map_or(std::time::Duration::ZERO, |linger| linger.value.0)
    }

    /// What several slices cannot do side by side.
    pub fn slices(&self, target: &Target) -> Option<Problem> {
        target.slice.filter(|slice| slice.count > 1)?;
        if target.changes.is_some() {
            let what = "changes cannot be applied by slices: they wait for each other";
            let hint = "leave `--slice` out: `connections` is how many changes are applied at once";
            return Some(Problem::new(what).at(&self.url.place).hint(hint));
        }
        let empties = self.mode == Mode::Truncate && !self.is_exactly_once();
        let problem = match (target.overwrite, empties) {
            (true, _) => {
                "a slice cannot begin a table anew: it would remove the rows of the others"
            }
            (_, true) => {
                "`mode: truncate` of a slice needs `exactly_once`: it cannot know of the others"
            }
            _ => return None,
        };
        Some(Problem::new(problem).at(&self.url.place))
    }
}
