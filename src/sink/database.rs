//! What sinks of tables of databases are asked alike: which rows stay, how much a transaction has, what
//! slices may do.

use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::Deserialize;

use super::on_bad_row::OnBadRow;
use super::{Delivery, Takes, TakesChanges, Target};
use crate::client::database::check_connections;
use crate::error::Problem;
use crate::format::Shape;
use crate::place::{Count, Duration, Place, Placed, Text};

/// What becomes of rows that are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// They stay.
    #[default]
    Append,
    /// They are removed before the first row.
    Truncate,
    /// Those of equal key are replaced.
    Upsert,
}

/// Rows of a transaction where the pipeline does not say: by hand, 2 connections with 2 500 each are the
/// fastest to a PostgreSQL on this machine, and 10 000 at 12 ms of round trip.
const TRANSACTION_ROWS: RangeInclusive<usize> = 2_500..=40_000;

/// The options of a sink that every database has.
pub struct TableOptions<'o> {
    /// Where problems are shown that have no place of their own.
    pub place: &'o Place,
    pub mode: Mode,
    /// The columns that tell rows apart.
    pub key: &'o [Placed<Text>],
    pub connections: Option<&'o Placed<Count>>,
    pub transaction_rows: Option<&'o Placed<Count>>,
    pub linger: Option<&'o Placed<Duration>>,
    /// Progress is kept beside the rows.
    pub exactly_once: bool,
    /// What becomes of rows that are refused.
    pub bad_rows: &'o OnBadRow,
}

impl TableOptions<'_> {
    /// Everything that cannot be as asked, but for names and types.
    pub fn problems(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = self.counts();
        match &shape.changes {
            Some(columns) => problems.extend(self.of_changes(shape, columns)),
            None => problems.extend(key_problems((self.mode, self.key), self.place, shape)),
        }
        if shape.schema.fields().is_empty() {
            problems.push(no_columns(self.place));
        }
        problems
    }

    fn counts(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        problems.extend(check_connections(self.connections));
        if let Some(rows) = self.transaction_rows
            && !(1..=10_000_000).contains(&rows.value.0)
        {
            let message = "`transaction_rows` is 1 to 10_000_000";
            problems.push(Problem::new(message).at(&rows.place));
        }
        problems
    }

    /// Rows of a transaction, and how many it may grow to.
    pub fn transaction_rows(&self) -> RangeInclusive<usize> {
        self.transaction_rows.map_or(TRANSACTION_ROWS, |rows| {
            let rows = rows.value.0 as usize;
            rows..=rows
        })
    }

    /// How long a transaction waits for more rows.
    pub fn linger(&self) -> std::time::Duration {
        self.linger
            .map_or(std::time::Duration::ZERO, |linger| linger.value.0)
    }

    /// What such a sink takes.
    pub fn takes(&self) -> Takes {
        Takes {
            changes: TakesChanges::Applied,
            key: self.key.to_vec(),
            delivery: match (self.exactly_once, self.mode) {
                (true, _) => Delivery::Transactional,
                (false, Mode::Upsert) => Delivery::Idempotent,
                (false, _) => Delivery::AtLeastOnce,
            },
            // A transaction is made of whole batches, of which two connections have a half each.
            most_rows: Some(
                self.transaction_rows
                    .map_or(2 * *TRANSACTION_ROWS.start() as u64, |rows| rows.value.0),
            ),
            placing: &[
                "url",
                "connections",
                "transaction_rows",
                "linger",
                "tls",
                "on_bad_row",
            ],
            // A batch waits whole, as it came, as it is sent and as what may be a dead letter.
            best_rows: Some(16_384),
            letters: self.bad_rows.letters(),
            replaces: self.mode == Mode::Truncate,
            ..Takes::default()
        }
    }

    /// What several slices cannot do side by side.
    pub fn slices(&self, target: &Target) -> Option<Problem> {
        target.slice.filter(|slice| slice.count > 1)?;
        if target.changes.is_some() {
            let what = "changes cannot be applied by slices: they wait for each other";
            let hint = "leave `--slice` out: `connections` is how many changes are applied at once";
            return Some(Problem::new(what).at(self.place).hint(hint));
        }
        let empties = self.mode == Mode::Truncate && !self.exactly_once;
        let problem = match (target.overwrite, empties) {
            (true, _) => {
                "a slice cannot begin a table anew: it would remove the rows of the others"
            }
            (_, true) => {
                "`mode: truncate` of a slice needs `exactly_once`: it cannot know of the others"
            }
            _ => return None,
        };
        Some(Problem::new(problem).at(self.place))
    }

    /// What will become of the rows of a table that is called so: its rows, or changes, are sent in these ways.
    pub fn describe(&self, name: &str, shape: &Shape, (rows, changes): (&str, &str)) -> String {
        let (what, way) = match self.mode {
            _ if shape.changes.is_some() => ("rows are inserted, updated and deleted", changes),
            Mode::Append => ("rows are added", rows),
            Mode::Truncate => ("emptied before the first row", rows),
            Mode::Upsert => ("rows of equal key are replaced", rows),
        };
        format!("table {name}: {what}; {way}")
    }
}

/// What the user of a load may not and would have to: where, and the privileges there.
#[derive(Debug, Default)]
pub struct Missing(Vec<(String, Vec<String>)>);

impl Missing {
    /// One more.
    pub fn add(&mut self, on: &str, privilege: &str) {
        let place = self.0.iter().position(|(there, _)| there == on);
        let place = place.unwrap_or_else(|| {
            self.0.push((on.to_string(), Vec::new()));
            self.0.len() - 1
        });
        let privileges = &mut self.0[place].1;
        if !privileges.iter().any(|one| one == privilege) {
            privileges.push(privilege.to_string());
        }
    }

    /// All of it at once, and what gives it to this user.
    pub fn problem(&self, user: &str) -> Option<Problem> {
        let all = |one: &dyn Fn(&str, &str) -> String, between: &str| {
            let all = self.0.iter().map(|(on, what)| one(on, &what.join(", ")));
            all.collect::<Vec<_>>().join(between)
        };
        let lacks = all(&|on, what| format!("{what} on {on}"), "; ");
        let gives = all(&|on, what| format!("GRANT {what} ON {on} TO {user}"), "; ");
        let problem = Problem::new(format!("the user lacks privileges: {lacks}"));
        (!self.0.is_empty()).then(|| problem.hint(format!("an owner gives them: {gives}")))
    }
}

/// A key that is not there, or that an upsert lacks.
pub fn key_problems(
    (mode, key): (Mode, &[Placed<Text>]),
    place: &Place,
    shape: &Shape,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    if mode == Mode::Upsert && key.is_empty() {
        let problem = Problem::new("`mode: upsert` needs a `key`").at(place);
        problems.push(problem.hint("name the columns that tell rows apart: `key: [id]`"));
    }
    let known = |column: &Placed<Text>| shape.column(column.as_str(), &column.place);
    problems.extend(key.iter().filter_map(|column| known(column).err()));
    problems
}

/// Nothing is written of no column.
pub fn no_columns(place: &Place) -> Problem {
    Problem::new("a table without columns has no rows to send").at(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_missing_privileges_are_one_problem() {
        let mut missing = Missing::default();
        assert!(missing.problem("me").is_none());
        for (on, privilege) in [
            ("a", "INSERT"),
            ("b", "CREATE"),
            ("a", "INSERT"),
            ("a", "UPDATE"),
        ] {
            missing.add(on, privilege);
        }
        let problem = missing.problem("me").unwrap();
        assert_eq!(
            problem.message,
            "the user lacks privileges: INSERT, UPDATE on a; CREATE on b"
        );
        assert_eq!(
            problem.hint.as_deref(),
            Some("an owner gives them: GRANT INSERT, UPDATE ON a TO me; GRANT CREATE ON b TO me")
        );
    }
}
