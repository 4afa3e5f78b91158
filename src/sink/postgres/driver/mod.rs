//! Rows on their way to PostgreSQL.
//!
//! ```text
//! connect   looks: is the table there, do its columns fit, what may the user           load, table, grants
//! open      makes what is missing, under a lock of the database, before the first row  load
//! workers   encode batches to rows of a binary COPY                                    copy
//! session   BEGIN, COPY …; offsets and COMMIT are every database's                     session
//!           changes: UPDATE and DELETE of many rows behind the COPY                    changes, fields
//! ```

mod changes;
mod copy;
mod failure;
mod fields;
mod grants;
mod load;
mod made_types;
mod session;
mod table;

use super::Postgres;
use crate::client::postgres::Database;
use crate::client::server::Server;
use crate::error::{Problem, Result};
use crate::place::{Placed, Secret};
use crate::sink::{Found, Target, database};
#[cfg(test)]
pub(crate) use session::sent;

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
pub fn connect(postgres: &Postgres, target: &Target) -> Result<Found> {
    database::connect::<Database>(postgres, target)
}
