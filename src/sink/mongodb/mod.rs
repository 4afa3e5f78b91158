//! `mongodb`: rows as documents of a collection, and changes as documents and as the current state of tables.

mod check;
// What sends needs the feature; what a pipeline says of collections is read and checked without it.
#[cfg_attr(not(feature = "mongodb"), path = "no_driver.rs")]
mod driver;
mod envelopes;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::database::Mode;
use super::on_bad_row::OnBadRow;
use super::{
    Delivery, Found, HeldChanges, HeldTable, Holds, Sink, Slice, TableServer, Takes, TakesChanges,
    Target,
};
use crate::client::database::Tls;
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::place::{Count, Duration, Placed, Secret, Text};
pub use envelopes::{Envelopes, Names, State, Stored};

/// Documents of MongoDB, a row each, sent in unordered bulks. A row that is sent again replaces itself: its
/// `_id` is its key, or follows from its number.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct MongoDb {
    /// The server: `mongodb://USER:PASSWORD@HOST:27017/`, best from the environment: `"${env:MONGODB_URI}"`.
    pub url: Placed<Secret>,
    /// The database (default: that of the address).
    pub database: Option<Placed<Text>>,
    /// The collection (default: the name of the pipeline's table).
    pub into: Option<Placed<Text>>,
    /// What becomes of documents that are there: `append` (default) keeps them, `truncate` removes all of them before the first row, `upsert` replaces those of equal `key`.
    #[serde(default)]
    pub mode: Mode,
    /// The columns that tell rows apart: they are the document's `_id`, several of them as a document. Without a key an `_id` follows from the row's number.
    #[serde(default)]
    pub key: Vec<Placed<Text>>,
    /// The rows are changes as Debezium tells them (`rabbitmq` with `format: debezium`): a document each in the collection of its table, and on request the current state of tables.
    pub envelopes: Option<Envelopes>,
    /// Connections (default: as many as cores, at most 8).
    pub connections: Option<Placed<Count>>,
    /// No bulk has more rows (default 5_000).
    pub bulk_rows: Option<Placed<Count>>,
    /// How long a bulk waits for more rows (default 0s).
    pub linger: Option<Placed<Duration>>,
    /// An encrypted connection whose certificate is checked.
    pub tls: Option<Tls>,
    /// What becomes of a row that the server does not take: stop (default), skip, or `{ dead_letter: PATH }`.
    #[serde(default)]
    pub on_bad_row: OnBadRow,
    /// The run is only measured: rows are encoded and thrown away.
    #[serde(skip)]
    #[cfg_attr(
        not(feature = "mongodb"),
        expect(dead_code, reason = "without MongoDB nothing is sent at all")
    )]
    measured: bool,
}

/// Rows of a bulk where the pipeline does not say.
const BULK_ROWS: u64 = 5_000;

impl MongoDb {
    /// The collection's name.
    pub fn collection<'n>(&'n self, table: &'n str) -> &'n str {
        self.into.as_ref().map_or(table, |into| into.as_str())
    }

    fn bulk_rows(&self) -> u64 {
        let rows = self.bulk_rows.as_ref();
        rows.map_or(BULK_ROWS, |rows| rows.value.0)
    }
}

impl Sink for MongoDb {
    fn holds(&self, _out: &Path, _slice: Option<Slice>, _fingerprint: &str) -> Holds<'_> {
        match &self.envelopes {
            Some(envelopes) => Holds::Changes(HeldChanges {
                url: &self.url,
                database: self.database.as_ref(),
                tls: self.tls.as_ref(),
                tables: envelopes.tables(),
                any: envelopes.documents("DATABASE", "TABLE"),
            }),
            None => Holds::Table(HeldTable {
                server: TableServer::MongoDb,
                url: &self.url,
                database: self.database.as_ref(),
                into: self.into.as_ref(),
                connections: None,
                tls: self.tls.as_ref(),
            }),
        }
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        check::problems(self, shape)
    }

    fn warnings(&self, shape: &Shape) -> Vec<Problem> {
        check::warnings(self, shape)
    }

    fn takes(&self) -> Takes {
        let knows_rows = self.envelopes.is_some() || !self.key.is_empty();
        Takes {
            changes: TakesChanges::Refused(
                "apply them to `mysql` or `postgres`, or write them to a file or to Kafka, as rows",
            ),
            key: self.key.clone(),
            by_number: !knows_rows,
            delivery: match knows_rows {
                true => Delivery::Idempotent,
                false => Delivery::AtLeastOnce,
            },
            most_rows: Some(self.bulk_rows()),
            best_rows: Some(self.bulk_rows()),
            placing: &[
                "url",
                "connections",
                "bulk_rows",
                "linger",
                "tls",
                "on_bad_row",
            ],
            letters: self.on_bad_row.letters(),
            replaces: self.mode == Mode::Truncate,
            ..Takes::default()
        }
    }

    fn describe(&self, shape: &Shape) -> Vec<String> {
        check::describe(self, shape)
    }

    /// Nothing is sent.
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
