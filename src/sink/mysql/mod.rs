//! `mysql`: rows into a table of MySQL or MariaDB, many an `INSERT`, each of them once.

mod types;
// What sends needs the feature; what a pipeline says of a table is read and checked without it.
#[cfg(feature = "mysql")]
mod driver;

use arrow::datatypes::{Field, Schema};

use super::constraints::Constraints;
#[cfg(not(feature = "mysql"))]
use super::database::no_driver as driver;
use super::database::{SinkDialect, TableSink};
use super::{Found, TableServer, Target};
use crate::client::mysql::{MysqlNames, TableName};
use crate::error::{Problem, Result};
use crate::place::{Placed, Secret};

/// The options of the sink.
pub type Mysql = TableSink<MysqlNames>;

impl SinkDialect for MysqlNames {
    const ABOUT: &'static str = "Rows of a table of MySQL or MariaDB, many in one `INSERT`; changes are applied: rows are inserted, updated and deleted. Rows and where they came from are committed\ntogether, so that each row is there once, however often a run is killed and begun again.";
    const URL: &'static str = "The database: `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, best from the environment: `\"${env:DB_URL}\"`. It is made where it does not exist.";
    const INTO: &'static str = "The table, `orders` or `shop.orders`, made where it does not exist (default: the name of the pipeline's table).";
    const SERVER: TableServer = TableServer::Mysql;
    const WAYS: (&'static str, &'static str) = ("many rows an INSERT", "many rows a statement");

    fn check(url: &Placed<Secret>) -> Result<(), Problem> {
        driver::check(url)
    }

    fn type_name(field: &Field, is_key: bool) -> Result<String, String> {
        types::type_name(field, is_key)
    }

    fn create(name: &TableName, schema: &Schema, more: &Constraints) -> Result<String, String> {
        types::create(name, schema, more)
    }

    /// Their case does not tell them apart.
    fn equal_names(schema: &Schema) -> Vec<Problem> {
        let names: Vec<&String> = schema.fields().iter().map(|field| field.name()).collect();
        let equal = names.iter().enumerate().filter_map(|(place, name)| {
            let same = |other: &&&String| other.to_lowercase() == name.to_lowercase();
            let before = names[..place].iter().find(same)?;
            let what = format!("columns `{before}` and `{name}` are one in MySQL");
            let hint = "names of its columns are equal in any case: rename one, or leave it out of the sink's `columns`";
            Some(Problem::new(what).hint(hint))
        });
        equal.collect()
    }

    fn connect(sink: &Mysql, target: &Target) -> Result<Found> {
        driver::connect(sink, target)
    }
}
