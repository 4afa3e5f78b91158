//! The options of sources of databases: what is read, a table or a query, and over how many connections. They
//! are the same for every database; a source adds its words, and its driver.
#![cfg_attr(
    not(any(feature = "mysql", feature = "postgres")),
    allow(dead_code, reason = "without a driver, options are only read")
)]

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Deserialize;

use super::relation::Relation;
use super::{Asked, Opened, Source};
use crate::client::database::{Tls, check_connections};
use crate::client::table_name::Dialect;
use crate::error::{Problem, Result};
use crate::place::{Count, Placed, Secret, Text};

/// A database that rows are read from: its words in the reference, and its driver.
pub trait SourceDialect: Dialect {
    /// What the source is.
    const ABOUT: &'static str;
    /// How its address is spelt.
    const URL: &'static str;
    /// How a table is named.
    const TABLE: &'static str;
    /// What makes other rows each time.
    const RANDOM: &'static str;

    /// What is wrong with the database's address, without connecting.
    ///
    /// # Errors
    /// It is none, or the certificate authority's file cannot be read.
    fn check(source: &TableSource<Self>) -> Result<(), Problem>;

    /// Looks at what is to be read, and changes nothing.
    ///
    /// # Errors
    /// Nobody answers, the user may not, or it is not as the pipeline says.
    fn open(
        source: &TableSource<Self>,
        relation: Relation<Self>,
        asked: &Asked<'_>,
    ) -> Result<Opened>;
}

/// The rows of a table, a view or a query.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "{D}", description = D::ABOUT)]
pub struct TableSource<D: SourceDialect> {
    /// The database.
    #[schemars(description = D::URL)]
    pub(super) url: Placed<Secret>,
    /// The table or view.
    #[schemars(description = D::TABLE)]
    table: Option<Placed<Text>>,
    /// A `SELECT`, in the place of `table`.
    query: Option<Placed<Text>>,
    /// A column of whole numbers that tells rows apart: rows are in its order, and read over several connections (default: the primary key of a table, where it is such a column). Without one the order is the server's, and one connection reads.
    pub(super) key: Option<Placed<Text>>,
    /// Connections that read by the key (default: as many as cores, at most 8).
    pub(super) connections: Option<Placed<Count>>,
    /// An encrypted connection whose certificate is checked.
    pub(super) tls: Option<Tls>,
    /// The load whose progress is read at the same moment.
    #[serde(skip)]
    pub(super) load: Option<String>,
    #[serde(skip)]
    dialect: PhantomData<D>,
}

impl<D: SourceDialect> TableSource<D> {
    /// A table, as another part of a pipeline says it, with the progress of a load into it.
    pub fn of(
        (url, tls): (Placed<Secret>, Option<Tls>),
        table: Placed<Text>,
        connections: Option<Placed<Count>>,
        load: Option<&str>,
    ) -> Self {
        Self {
            url,
            table: Some(table),
            query: None,
            key: None,
            connections,
            tls,
            load: load.map(str::to_string),
            dialect: PhantomData,
        }
    }

    /// What it reads.
    ///
    /// # Errors
    /// Something about the options cannot be as asked.
    fn relation(&self) -> Result<Relation<D>, Problem> {
        match check_connections(self.connections.as_ref()) {
            Some(problem) => Err(problem),
            None => Relation::of(&self.url.place, self.table.as_ref(), self.query.as_ref()),
        }
    }
}

impl<D: SourceDialect> Source for TableSource<D> {
    fn check(&self) -> Option<Result<(), Problem>> {
        Some(self.relation().and_then(|_| D::check(self)))
    }

    fn open(&self, asked: &Asked<'_>) -> Result<Opened> {
        D::open(self, self.relation()?, asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::mysql::MysqlNames;
    use crate::client::postgres::PostgresNames;
    use crate::place::decode;

    fn refusal<D: SourceDialect>(yaml: &str) -> String {
        let source = crate::place::Source::new("test", yaml);
        let node = crate::place::parse(&std::sync::Arc::new(source)).unwrap();
        let options: TableSource<D> = decode(&node).unwrap();
        options.relation().err().unwrap().to_string()
    }

    #[test]
    fn exactly_one_of_table_and_query_is_said() {
        let url = "url: mysql://me:secret@h/d";
        assert_eq!(
            refusal::<MysqlNames>(url),
            "error: it says neither a `table` nor a `query` to read\n --> test:1:6\n  |\n1 | url: mysql://*********@h/d\n  |      ^^^^^^^^^^^^^^^^^^^^^\n  hint: say `table: orders`, or `query: \"select …\"`"
        );
        assert!(
            refusal::<PostgresNames>(url)
                .ends_with("\n  hint: say `table: public.orders`, or `query: \"select …\"`")
        );
        let both = format!("{url}\ntable: a\nquery: select 1");
        assert!(
            refusal::<MysqlNames>(&both)
                .starts_with("error: `table` and `query` exclude each other\n")
        );
        let none = format!("{url}\nquery: ' '");
        assert!(refusal::<MysqlNames>(&none).starts_with("error: `query` is empty\n"));
        let name = format!("{url}\ntable: a.b.c");
        assert!(refusal::<MysqlNames>(&name).starts_with(
            "error: expected `table` or `database.table`, each name of 1 to 64 characters, found `a.b.c`\n"
        ));
        assert!(refusal::<PostgresNames>(&name).starts_with(
            "error: expected `table` or `schema.table`, each name of 1 to 63 bytes, found `a.b.c`\n"
        ));
        let many = format!("{url}\ntable: a\nconnections: 129");
        assert!(refusal::<MysqlNames>(&many).starts_with("error: `connections` is 1 to 128\n"));
    }
}
