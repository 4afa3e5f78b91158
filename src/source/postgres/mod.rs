//! `postgres`: the rows of a table or of a query of PostgreSQL, by binary COPY.

// What reads needs the feature; what a pipeline says of a table is read and checked without it.
#[cfg(feature = "postgres")]
mod driver;

use super::database::{SourceDialect, TableSource};
#[cfg(not(feature = "postgres"))]
use super::no_driver as driver;
use super::{Asked, Opened};
use crate::client::postgres::PostgresNames;
use crate::error::{Problem, Result};

/// The options of the source.
pub type Postgres = TableSource<PostgresNames>;

/// What rows are asked of.
type Relation = super::relation::Relation<PostgresNames>;

impl SourceDialect for PostgresNames {
    const ABOUT: &'static str = "The rows of a table, a view or a query of PostgreSQL, read by binary COPY as they are at one moment.";
    const URL: &'static str = "The database: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, best from the environment: `\"${env:DB_URL}\"`.";
    const TABLE: &'static str = "The table or view: `orders` or `public.orders`.";
    const RANDOM: &'static str = "random()";

    fn check(source: &Postgres) -> Result<(), Problem> {
        driver::check(source)
    }

    fn open(source: &Postgres, relation: Relation, asked: &Asked<'_>) -> Result<Opened> {
        driver::open(source, relation, asked)
    }
}
