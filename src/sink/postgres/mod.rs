//! `postgres`: rows into a table of PostgreSQL by binary COPY, each of them once.

mod types;
// What sends needs the feature; what a pipeline says of a table is read and checked without it.
#[cfg(feature = "postgres")]
mod driver;

use arrow::datatypes::{Field, Schema};

use super::constraints::Constraints;
#[cfg(not(feature = "postgres"))]
use super::database::no_driver as driver;
use super::database::{SinkDialect, TableSink};
use super::{Found, TableServer, Target};
use crate::client::postgres::{PostgresNames, TableName};
use crate::error::{Problem, Result};
use crate::place::{Placed, Secret};
#[cfg(all(test, feature = "postgres"))]
pub(crate) use driver::sent;

/// The options of the sink.
pub type Postgres = TableSink<PostgresNames>;

impl SinkDialect for PostgresNames {
    const ABOUT: &'static str = "Rows of a table of PostgreSQL, sent by binary COPY; changes are applied: rows are inserted, updated and deleted. Rows and where they came from are committed\ntogether, so that each row is there once, however often a run is killed and begun again.";
    const URL: &'static str = "The database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, best from the environment: `\"${env:DB_URL}\"`.";
    const INTO: &'static str = "The table, `orders` or `public.orders`, made where it does not exist (default: the name of the pipeline's table).";
    const SERVER: TableServer = TableServer::Postgres;
    const WAYS: (&'static str, &'static str) = ("binary COPY", "COPY, and statements of many rows");

    fn check(url: &Placed<Secret>) -> Result<(), Problem> {
        driver::check(url)
    }

    fn type_name(field: &Field, _is_key: bool) -> Result<String, String> {
        types::type_name(field)
    }

    fn create(name: &TableName, schema: &Schema, more: &Constraints) -> Result<String, String> {
        types::create(name, schema, more)
    }

    fn connect(sink: &Postgres, target: &Target) -> Result<Found> {
        driver::connect(sink, target)
    }
}
