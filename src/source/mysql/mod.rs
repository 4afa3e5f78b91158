//! `mysql`: the rows of a table or of a query of MySQL or MariaDB, in ranges of its key.
#![cfg_attr(
    not(feature = "mysql"),
    allow(dead_code, reason = "without MySQL, options are only read")
)]

// What reads needs the feature; what a pipeline says of a table is read and checked without it.
#[cfg_attr(not(feature = "mysql"), path = "no_driver.rs")]
mod driver;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, Opened, Source};
use crate::client::database::{Tls, check_connections};
use crate::client::mysql::MysqlNames;
use crate::error::{Problem, Result};
use crate::place::{Count, Placed, Secret, Text};

/// The rows of a table, a view or a query of MySQL or MariaDB, read over several connections as they are at one moment: for that the user has to be allowed `FLUSH TABLES` (`RELOAD`), or each connection reads from the moment at which it began.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mysql {
    /// The database: `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, best from the environment: `"${env:DB_URL}"`.
    url: Placed<Secret>,
    /// The table or view: `orders` or `shop.orders`.
    table: Option<Placed<Text>>,
    /// A `SELECT`, in the place of `table`.
    query: Option<Placed<Text>>,
    /// A column of whole numbers that tells rows apart: rows are in its order, and read over several connections (default: the primary key of a table, where it is such a column). Without one the order is the server's, and one connection reads.
    key: Option<Placed<Text>>,
    /// Connections that read by the key (default: as many as cores, at most 8).
    connections: Option<Placed<Count>>,
    /// An encrypted connection whose certificate is checked.
    tls: Option<Tls>,
    /// The load whose progress is read at the same moment.
    #[serde(skip)]
    load: Option<String>,
}

/// What rows are asked of.
type Relation = super::relation::Relation<MysqlNames>;

impl Mysql {
    /// A table, as another part of a pipeline says it.
    pub fn of(
        url: Placed<Secret>,
        table: Placed<Text>,
        connections: Option<Placed<Count>>,
        tls: Option<Tls>,
    ) -> Self {
        Self {
            url,
            table: Some(table),
            query: None,
            key: None,
            connections,
            tls,
            load: None,
        }
    }

    /// With the progress of this load into it.
    #[must_use]
    pub fn with_load(self, load: Option<&str>) -> Self {
        Self {
            load: load.map(str::to_string),
            ..self
        }
    }

    /// What it reads.
    ///
    /// # Errors
    /// Something about the options cannot be as asked.
    fn relation(&self) -> Result<Relation, Problem> {
        match check_connections(self.connections.as_ref()) {
            Some(problem) => Err(problem),
            None => Relation::of(&self.url.place, self.table.as_ref(), self.query.as_ref()),
        }
    }
}

impl Source for Mysql {
    fn check(&self) -> Option<Result<(), Problem>> {
        Some(self.relation().and_then(|_| driver::check(self)))
    }

    fn open(&self, asked: &Asked<'_>) -> Result<Opened> {
        driver::open(self, self.relation()?, asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::decode;

    fn refusal(yaml: &str) -> String {
        let source = crate::place::Source::new("test", yaml);
        let node = crate::place::parse(&std::sync::Arc::new(source)).unwrap();
        let options: Mysql = decode(&node).unwrap();
        options.relation().err().unwrap().to_string()
    }

    #[test]
    fn exactly_one_of_table_and_query_is_said() {
        let url = "url: mysql://me:secret@h/d";
        assert_eq!(
            refusal(url),
            "error: it says neither a `table` nor a `query` to read\n --> test:1:6\n  |\n1 | url: mysql://*********@h/d\n  |      ^^^^^^^^^^^^^^^^^^^^^\n  hint: say `table: orders`, or `query: \"select …\"`"
        );
        let both = format!("{url}\ntable: a\nquery: select 1");
        assert!(refusal(&both).starts_with("error: `table` and `query` exclude each other\n"));
        let none = format!("{url}\nquery: ' '");
        assert!(refusal(&none).starts_with("error: `query` is empty\n"));
        let name = format!("{url}\ntable: a.b.c");
        assert!(refusal(&name).starts_with(
            "error: expected `table` or `database.table`, each name of 1 to 64 characters, found `a.b.c`\n"
        ));
        let many = format!("{url}\ntable: a\nconnections: 129");
        assert!(refusal(&many).starts_with("error: `connections` is 1 to 128\n"));
    }
}
