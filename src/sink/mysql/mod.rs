//! `mysql`: rows into a table of MySQL or MariaDB, many an `INSERT`, each of them once.

mod check;
mod types;
// What sends needs the feature; what a pipeline says of a table is read and checked without it.
#[cfg_attr(not(feature = "mysql"), path = "no_driver.rs")]
mod driver;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::database::{Mode, TableOptions};
use super::on_bad_row::OnBadRow;
use super::{Found, HeldTable, Holds, Sink, Slice, TableServer, Takes, Target};
use crate::client::database::Tls;
use crate::client::mysql::TableName;
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::place::{Count, Duration, Flag, Placed, Secret, Text};

/// Rows of a table of MySQL or MariaDB, many in one `INSERT`; changes are applied: rows are inserted, updated and deleted. Rows and where they came from are committed
/// together, so that each row is there once, however often a run is killed and begun again.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mysql {
    /// The database: `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, best from the environment: `"${env:DB_URL}"`. It is made where it does not exist.
    pub url: Placed<Secret>,
    /// The table, `orders` or `shop.orders`, made where it does not exist (default: the name of the pipeline's table).
    pub into: Option<Placed<Text>>,
    /// What becomes of rows that are there: `append` (default) keeps them, `truncate` removes all of them before the first row, `upsert` replaces those of equal `key`.
    #[serde(default)]
    pub mode: Mode,
    /// The columns that tell rows apart: the primary key of a table that is made; `upsert` needs it.
    #[serde(default)]
    pub key: Vec<Placed<Text>>,
    /// SQL that makes the table where it does not exist, one or more statements (default: from the columns).
    pub create: Option<Placed<Text>>,
    /// Connections, of all tables together whose changes are applied (default: as many as cores, at most 8).
    pub connections: Option<Placed<Count>>,
    /// No transaction has more rows (default: 2_500, and up to 40_000 where the server's answers take long).
    pub transaction_rows: Option<Placed<Count>>,
    /// How long a transaction waits for more rows (default 0s).
    pub linger: Option<Placed<Duration>>,
    /// Keep in a table `rowgen_offsets` beside the rows how far they are: each row is there once (default true).
    pub exactly_once: Option<Placed<Flag>>,
    /// An encrypted connection whose certificate is checked.
    pub tls: Option<Tls>,
    /// What becomes of a row that the server does not take: stop (default), skip, or `{ dead_letter: PATH }`.
    #[serde(default)]
    pub on_bad_row: OnBadRow,
    /// The run is only measured: rows are encoded and thrown away.
    #[serde(skip)]
    #[cfg_attr(
        not(feature = "mysql"),
        expect(dead_code, reason = "without MySQL nothing is sent at all")
    )]
    measured: bool,
}

impl Mysql {
    /// The table's name.
    fn name(&self, shape: &Shape) -> Result<TableName, Problem> {
        let (text, place) = match &self.into {
            Some(into) => (into.as_str(), &into.place),
            None => (shape.table.as_str(), &self.url.place),
        };
        TableName::parse(text).map_err(|fault| Problem::new(fault).at(place))
    }

    fn is_exactly_once(&self) -> bool {
        self.exactly_once.as_ref().is_none_or(|flag| flag.value.0)
    }

    /// What other databases are asked, too.
    fn options(&self) -> TableOptions<'_> {
        TableOptions {
            place: &self.url.place,
            mode: self.mode,
            key: &self.key,
            connections: self.connections.as_ref(),
            transaction_rows: self.transaction_rows.as_ref(),
            linger: self.linger.as_ref(),
            exactly_once: self.is_exactly_once(),
            bad_rows: &self.on_bad_row,
        }
    }

    fn is_key(&self, column: &str) -> bool {
        self.key.iter().any(|key| key.as_str() == column)
    }
}

impl Sink for Mysql {
    fn holds(&self, _out: &Path, _slice: Option<Slice>, _fingerprint: &str) -> Holds<'_> {
        Holds::Table(HeldTable {
            server: TableServer::Mysql,
            url: &self.url,
            database: None,
            into: self.into.as_ref(),
            connections: self.connections.as_ref(),
            tls: self.tls.as_ref(),
        })
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        check::problems(self, shape)
    }

    fn takes(&self) -> Takes {
        self.options().takes()
    }

    fn describe(&self, shape: &Shape) -> Vec<String> {
        check::describe(self, shape)
    }

    /// Nothing is sent, and no table made.
    fn measured(&self) -> Option<(std::sync::Arc<dyn Sink>, &'static str)> {
        let measured = Self {
            measured: true,
            ..self.clone()
        };
        Some((std::sync::Arc::new(measured), "encoded and thrown away"))
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        driver::connect(self, target)
    }
}
