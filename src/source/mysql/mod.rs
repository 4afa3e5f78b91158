//! `mysql`: the rows of a table or of a query of MySQL or MariaDB, in ranges of its key.

// What reads needs the feature; what a pipeline says of a table is read and checked without it.
#[cfg(feature = "mysql")]
mod driver;

use super::database::{SourceDialect, TableSource};
#[cfg(not(feature = "mysql"))]
use super::no_driver as driver;
use super::{Asked, Opened};
use crate::client::mysql::MysqlNames;
use crate::error::{Problem, Result};

/// The options of the source.
pub type Mysql = TableSource<MysqlNames>;

/// What rows are asked of.
type Relation = super::relation::Relation<MysqlNames>;

impl SourceDialect for MysqlNames {
    const ABOUT: &'static str = "The rows of a table, a view or a query of MySQL or MariaDB, read over several connections as they are at one moment: for that the user has to be allowed `FLUSH TABLES` (`RELOAD`), or each connection reads from the moment at which it began.";
    const URL: &'static str = "The database: `mysql://USER:PASSWORD@HOST:PORT/DATABASE`, best from the environment: `\"${env:DB_URL}\"`.";
    const TABLE: &'static str = "The table or view: `orders` or `shop.orders`.";
    const RANDOM: &'static str = "rand()";

    fn check(source: &Mysql) -> Result<(), Problem> {
        driver::check(source)
    }

    fn open(source: &Mysql, relation: Relation, asked: &Asked<'_>) -> Result<Opened> {
        driver::open(source, relation, asked)
    }
}
