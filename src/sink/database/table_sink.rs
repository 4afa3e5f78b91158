//! The options of sinks that write tables of databases. They are the same for every database; a sink adds its
//! words, the types of its columns, and its driver.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use schemars::JsonSchema;
use serde::Deserialize;

use super::Mode;
use super::check::TRANSACTION_ROWS;
use crate::client::database::Tls;
use crate::client::table_name::{Dialect, TableName};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::place::{Count, Duration, Flag, Placed, Secret, Text};
use crate::sink::applied::of_table;
use crate::sink::constraints::Constraints;
use crate::sink::on_bad_row::OnBadRow;
use crate::sink::{
    Delivery, Found, HeldTable, Holds, Sink, Slice, TableServer, Takes, TakesChanges, Target,
};

/// A database that rows are written to: its words in the reference, and its driver.
pub trait SinkDialect: Dialect {
    /// What the sink is.
    const ABOUT: &'static str;
    /// How the database's address is spelt.
    const URL: &'static str;
    /// How a table is named.
    const INTO: &'static str;
    /// What its tables are held by.
    const SERVER: TableServer;
    /// How rows, and changes, are sent, in words.
    const WAYS: (&'static str, &'static str);

    /// What is wrong with the database's address, as far as that is seen without connecting.
    ///
    /// # Errors
    /// It is none.
    fn check(url: &Placed<Secret>) -> Result<(), Problem>;

    /// The type of a column of a table that is made.
    ///
    /// # Errors
    /// No type of the database holds it, and what to do.
    fn type_name(field: &Field, is_key: bool) -> Result<String, String>;

    /// The statements that make a table of these columns.
    ///
    /// # Errors
    /// The column that no type holds, and why.
    fn create(
        name: &TableName<Self>,
        schema: &Schema,
        more: &Constraints,
    ) -> Result<String, String>;

    /// Columns whose names are one name there.
    fn equal_names(_schema: &Schema) -> Vec<Problem> {
        Vec::new()
    }

    /// Looks at the database, and changes nothing.
    ///
    /// # Errors
    /// Nobody answers, the user may not, or the table does not fit.
    fn connect(sink: &TableSink<Self>, target: &Target) -> Result<Found>;
}

/// Rows of a table.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "{D}", description = D::ABOUT)]
pub struct TableSink<D: SinkDialect> {
    /// The database.
    #[schemars(description = D::URL)]
    pub url: Placed<Secret>,
    /// The table, made where it does not exist.
    #[schemars(description = D::INTO)]
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
        not(any(feature = "mysql", feature = "postgres")),
        expect(dead_code, reason = "without a driver nothing is sent at all")
    )]
    pub(in crate::sink) measured: bool,
    #[serde(skip)]
    dialect: PhantomData<D>,
}

impl<D: SinkDialect> TableSink<D> {
    /// The table's name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn name(&self, shape: &Shape) -> Result<TableName<D>, Problem> {
        let (text, place) = match &self.into {
            Some(into) => (into.as_str(), &into.place),
            None => (shape.table.as_str(), &self.url.place),
        };
        TableName::parse(text).map_err(|fault| Problem::new(fault).at(place))
    }

    pub fn is_exactly_once(&self) -> bool {
        self.exactly_once.as_ref().is_none_or(|flag| flag.value.0)
    }

    /// True of a column that tells rows apart.
    pub fn is_key(&self, column: &str) -> bool {
        self.key.iter().any(|key| key.as_str() == column)
    }
}

impl<D: SinkDialect> Sink for TableSink<D> {
    fn holds(&self, _out: &Path, _slice: Option<Slice>, _fingerprint: &str) -> Holds<'_> {
        Holds::Table(HeldTable {
            server: D::SERVER,
            url: &self.url,
            database: None,
            into: self.into.as_ref(),
            connections: self.connections.as_ref(),
            tls: self.tls.as_ref(),
        })
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let (place, schema) = (&self.url.place, of_table(shape));
        let mut problems = Vec::new();
        problems.extend(D::check(&self.url).err());
        problems.extend(self.name(shape).err());
        problems.extend(self.problems(shape));
        let of_changes = shape.changes.as_ref();
        let of_changes = of_changes.map(|columns| shape.schema.field(columns.key).name());
        for field in schema.fields() {
            let is_key = self.is_key(field.name()) || of_changes == Some(field.name());
            if let Err(fault) = D::type_name(field, is_key) {
                let message = format!("column `{}`: {fault}", field.name());
                problems.push(Problem::new(message).at(place));
            }
        }
        let equal = D::equal_names(&schema).into_iter();
        problems.extend(equal.map(|problem| problem.at(place)));
        problems
    }

    fn takes(&self) -> Takes {
        Takes {
            changes: TakesChanges::Applied,
            delivery: match (self.is_exactly_once(), self.mode) {
                (true, _) => Delivery::Transactional,
                (false, Mode::Upsert) => Delivery::Idempotent,
                (false, _) => Delivery::AtLeastOnce,
            },
            // A transaction is made of whole batches, of which two connections have a half each.
            most_rows: Some(match &self.transaction_rows {
                Some(rows) => rows.value.0,
                None => 2 * *TRANSACTION_ROWS.start() as u64,
            }),
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
            letters: self.on_bad_row.letters(),
            replaces: self.mode == Mode::Truncate,
            ..Takes::default()
        }
    }

    fn describe(&self, shape: &Shape) -> Vec<String> {
        let Ok(name) = self.name(shape) else {
            return Vec::new();
        };
        let (rows, changes) = D::WAYS;
        let (what, way) = match self.mode {
            _ if shape.changes.is_some() => ("rows are inserted, updated and deleted", changes),
            Mode::Append => ("rows are added", rows),
            Mode::Truncate => ("emptied before the first row", rows),
            Mode::Upsert => ("rows of equal key are replaced", rows),
        };
        vec![format!("table {name}: {what}; {way}")]
    }

    /// Nothing is sent, and no table made.
    fn measured(&self) -> Option<(Arc<dyn Sink>, &'static str)> {
        let measured = Self {
            measured: true,
            ..self.clone()
        };
        Some((Arc::new(measured), "encoded and thrown away"))
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        D::connect(self, target)
    }
}
