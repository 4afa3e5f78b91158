//! What is read: a table or a query, in SQL and in words.

use super::super::Rows;
use crate::client::mysql::TableName;
use crate::error::Problem;
use crate::place::Place;

/// A table or a query.
#[derive(Debug, Clone)]
pub(super) struct Relation {
    /// What stands behind `FROM`, under the name `ALIAS`.
    from: String,
    shown: String,
    /// Where the pipeline says it.
    pub(super) place: Place,
    /// The table, if it is one.
    pub(super) table: Option<TableName>,
}

impl Relation {
    /// Its name in a statement: one that nobody gives a column.
    pub(super) const ALIAS: &'static str = "`rowgen rows`";

    /// In a database, where the name says no other one.
    pub(super) fn new(rows: &Rows<'_>, database: &str) -> Self {
        match rows {
            Rows::Table(name, said) => Self {
                from: name.within(database).quoted(),
                shown: format!("table {name}"),
                place: said.place.clone(),
                table: Some(name.within(database)),
            },
            Rows::Query(query) => Self {
                // On lines of its own: it may end in a comment.
                from: format!("(\n{}\n)", without_end(query)),
                shown: "the query".into(),
                place: query.place.clone(),
                table: None,
            },
        }
    }

    /// A `SELECT` of these expressions.
    pub(super) fn select(&self, expressions: &str) -> String {
        format!("SELECT {expressions} FROM {} AS {}", self.from, Self::ALIAS)
    }

    /// A key does not tell two rows apart.
    pub(super) fn twice(&self, key: &str, value: i64) -> Problem {
        let problem = Problem::new(format!("{self} has two rows whose `{key}` is {value}"));
        self.no_key(problem)
    }

    /// A key is null.
    pub(super) fn null(&self, key: &str) -> Problem {
        let problem = Problem::new(format!("{self} has a row whose `{key}` is null"));
        self.no_key(problem)
    }

    fn no_key(&self, problem: Problem) -> Problem {
        problem
            .at(&self.place)
            .hint("a `key` tells rows apart; without one they are read over one connection")
    }

    /// There is no such column.
    pub(super) fn lacks<'n>(&self, column: &str, names: impl Iterator<Item = &'n str>) -> Problem {
        let problem = Problem::new(format!("{self} has no column `{column}`"));
        problem.maybe_hint(crate::error::did_you_mean(column, names))
    }
}

/// In words.
impl std::fmt::Display for Relation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A statement without the semicolon at its end.
fn without_end(query: &str) -> &str {
    query.trim_end().trim_end_matches(';')
}
