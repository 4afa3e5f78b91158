//! What is read of a database: a table or a query, in SQL and in words.
#![cfg_attr(
    not(any(feature = "mysql", feature = "postgres")),
    allow(dead_code, reason = "without a driver, options are only read")
)]

use crate::client::table_name::{Dialect, TableName};
use crate::error::Problem;
use crate::place::{Place, Placed, Text};

/// A table or a query.
#[derive(Debug, Clone)]
pub struct Relation<D> {
    what: What<D>,
    shown: String,
    /// Where the pipeline says it.
    pub(super) place: Place,
}

#[derive(Debug, Clone)]
enum What<D> {
    Table(TableName<D>),
    Query(String),
}

/// Its name in a statement: one that nobody gives a column.
const ALIAS: &str = "rowgen rows";

impl<D: Dialect> Relation<D> {
    /// That of a source which says one of the two.
    ///
    /// # Errors
    /// It says both or none, shown at `place`, or a name that is none.
    pub(super) fn of(
        place: &Place,
        table: Option<&Placed<Text>>,
        query: Option<&Placed<Text>>,
    ) -> Result<Self, Problem> {
        match (table, query) {
            (Some(table), None) => {
                let name = TableName::parse(table.as_str());
                let name = name.map_err(|fault| Problem::new(fault).at(&table.place))?;
                Ok(Self {
                    shown: format!("table {name}"),
                    place: table.place.clone(),
                    what: What::Table(name),
                })
            }
            (None, Some(query)) if query.trim().is_empty() => {
                Err(Problem::new("`query` is empty").at(&query.place))
            }
            (None, Some(query)) => Ok(Self {
                what: What::Query(without_end(query).to_string()),
                shown: "the query".into(),
                place: query.place.clone(),
            }),
            (Some(_), Some(query)) => {
                Err(Problem::new("`table` and `query` exclude each other").at(&query.place))
            }
            (None, None) => {
                let what = "it says neither a `table` nor a `query` to read";
                let hint = format!("say `table: {}`, or `query: \"select …\"`", D::EXAMPLE);
                Err(Problem::new(what).at(place).hint(hint))
            }
        }
    }

    /// The same, where a table's name that says no schema means one of this.
    pub(super) fn within(self, schema: Option<&str>) -> Self {
        match self.what {
            What::Table(name) => Self {
                what: What::Table(name.within(schema)),
                ..self
            },
            What::Query(_) => self,
        }
    }

    /// The table, if it is one.
    pub(super) fn table(&self) -> Option<&TableName<D>> {
        match &self.what {
            What::Table(name) => Some(name),
            What::Query(_) => None,
        }
    }

    /// A `SELECT` of these expressions.
    pub(super) fn select(&self, expressions: &str) -> String {
        let from = match &self.what {
            What::Table(name) => name.quoted(),
            // On lines of its own: it may end in a comment.
            What::Query(query) => format!("(\n{query}\n)"),
        };
        format!("SELECT {expressions} FROM {from} AS {}", D::quoted(ALIAS))
    }

    /// A column of it: never one of those that a `SELECT` makes under the same name.
    pub(super) fn column(name: &str) -> String {
        format!("{}.{}", D::quoted(ALIAS), D::quoted(name))
    }

    /// A key does not tell two rows apart.
    pub(super) fn twice(&self, key: &str, value: i64) -> Problem {
        self.no_key(&format!("{self} has two rows whose `{key}` is {value}"))
    }

    /// A key is null.
    pub(super) fn null(&self, key: &str) -> Problem {
        self.no_key(&format!("{self} has a row whose `{key}` is null"))
    }

    fn no_key(&self, what: &str) -> Problem {
        Problem::new(what)
            .at(&self.place)
            .hint("a `key` tells rows apart; without one they are read over one connection")
    }

    /// A key that the pipeline names is no whole number.
    pub(super) fn no_number(&self, key: &Placed<Text>, is: impl std::fmt::Display) -> Problem {
        let name = key.as_str();
        Problem::new(format!(
            "column `{name}` of {self} is {is}, and a `key` is a whole number"
        ))
        .at(&key.place)
        .hint("leave `key` out: the rows are read over one connection then")
    }

    /// Rows cannot be found by a key that the pipeline names, unless something is made.
    pub(super) fn no_index(&self, key: &Placed<Text>, make: &str) -> Problem {
        let name = key.as_str();
        Problem::new(format!(
            "{self} has no index by `{name}`: each part of it would be looked for in all of its rows"
        ))
        .at(&key.place)
        .hint(format!("make one, `{make} ({name})`, or leave `key` out"))
    }

    /// There is no such column.
    pub(super) fn lacks<'n>(&self, column: &str, names: impl Iterator<Item = &'n str>) -> Problem {
        let problem = Problem::new(format!("{self} has no column `{column}`"));
        problem.maybe_hint(crate::error::did_you_mean(column, names))
    }
}

/// In words.
impl<D> std::fmt::Display for Relation<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown)
    }
}

/// A statement without the semicolon at its end.
fn without_end(query: &str) -> &str {
    query.trim_end().trim_end_matches(';')
}
