//! Rows on their way to MySQL.
//!
//! ```text
//! connect   looks: is the table there, do its columns fit, what may the user           load, table, fits, grants
//! open      makes what is missing, under a lock of the database, before the first row  load
//! workers   encode batches to the rows of an INSERT, and changes to what updates set   values, changes
//! session   START TRANSACTION, INSERT …; offsets and COMMIT are every database's       session, insert, apply
//! ```

mod apply;
mod changes;
mod failure;
mod fits;
mod grants;
mod insert;
mod load;
mod session;
mod table;
mod texts;
mod values;

use super::Mysql;
use crate::client::mysql::Database;
use crate::client::server::Server;
use crate::error::{Problem, Result};
use crate::place::{Placed, Secret};
use crate::sink::{Found, Target, database};

/// Everything about a load that does not change.
type Load = database::Load<Database>;

/// Rows as they are sent.
type Rows = database::Rows<Database>;

/// One connection of a load.
type Connection = database::Connection<Database>;

/// What is wrong with the address.
///
/// # Errors
/// It is none.
pub fn check(url: &Placed<Secret>) -> Result<(), Problem> {
    Database::new(url, None).map(drop)
}

/// Looks at the database, and changes nothing.
///
/// # Errors
/// Nobody answers, the user may not, or the table does not fit.
pub fn connect(mysql: &Mysql, target: &Target) -> Result<Found> {
    database::connect::<Database>(mysql, target)
}
