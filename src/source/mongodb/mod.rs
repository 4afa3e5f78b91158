//! `mongodb`: the documents of a collection as rows, with the columns of `types`.
#![cfg_attr(
    not(feature = "mongodb"),
    allow(dead_code, reason = "without MongoDB, options are only read")
)]

// What reads needs the feature; what a pipeline says of a collection is read and checked without it.
#[cfg_attr(not(feature = "mongodb"), path = "no_driver.rs")]
mod driver;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Asked, OnBadRow, Opened, Source};
use crate::client::database::Tls;
use crate::error::{Problem, Result};
use crate::place::{Flag, Placed, Secret, Text};
#[cfg(feature = "mongodb")]
pub use driver::{Event, EventsRead, events};

/// The documents of a collection of MongoDB, in the order of their `_id`, at a quiet moment: a server has no
/// snapshot of one that changes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MongoDb {
    /// The server: `mongodb://USER:PASSWORD@HOST:27017/`, best from the environment: `"${env:MONGODB_URI}"`.
    url: Placed<Secret>,
    /// The database (default: that of the address).
    database: Option<Placed<Text>>,
    /// The collection.
    collection: Placed<Text>,
    /// The collection is the current state of a table: rows that are gone are left out (default false).
    current: Option<Placed<Flag>>,
    /// The collection has a document a change: `rowgen verify --against` looks for each change's (default false).
    changes: Option<Placed<Flag>>,
    /// What becomes of a document that cannot be read: stop (default), skip, or `{ dead_letter: PATH }`.
    #[serde(default)]
    on_bad_row: OnBadRow,
    /// An encrypted connection whose certificate is checked.
    tls: Option<Tls>,
}

impl MongoDb {
    /// A collection, as another part of a pipeline says it: with a document a row.
    pub fn of(
        url: Placed<Secret>,
        database: Option<Placed<Text>>,
        collection: Placed<Text>,
        tls: Option<Tls>,
    ) -> Self {
        Self {
            url,
            database,
            collection,
            current: None,
            changes: None,
            on_bad_row: OnBadRow::default(),
            tls,
        }
    }

    /// The same, where it is the current state of a table.
    #[must_use]
    pub fn current(self) -> Self {
        let current = Some(self.collection.place.with(Flag(true)));
        Self { current, ..self }
    }

    /// The same, where it has a document a change.
    #[must_use]
    pub fn changes(self) -> Self {
        let changes = Some(self.collection.place.with(Flag(true)));
        Self { changes, ..self }
    }

    /// True if it has a document a change.
    pub fn has_changes(&self) -> bool {
        self.changes.as_ref().is_some_and(|flag| flag.value.0)
    }

    fn is_current(&self) -> bool {
        self.current.as_ref().is_some_and(|flag| flag.value.0)
    }

    fn check_options(&self) -> Result<(), Problem> {
        if let Some(changes) = self
            .changes
            .as_ref()
            .filter(|_| self.is_current() && self.has_changes())
        {
            let problem = Problem::new("`current` and `changes` are not said together");
            return Err(problem
                .at(&changes.place)
                .hint("a collection has a document a change, or a row"));
        }
        self.on_bad_row.of_file()
    }
}

impl Source for MongoDb {
    fn check(&self) -> Option<Result<(), Problem>> {
        Some(self.check_options().and_then(|()| driver::check(self)))
    }

    fn open(&self, asked: &Asked<'_>) -> Result<Opened> {
        self.check_options()?;
        driver::open(self, asked)
    }
}
