//! Rows on their way to PostgreSQL.
//!
//! ```text
//! connect   looks: is the table there, do its columns fit, how far is this load        open, table
//! open      makes what is missing, under a lock of the database, before the first row  prepare, table
//! workers   encode batches to rows of a binary COPY                                    copy
//! session   BEGIN, COPY …, move the offsets on, COMMIT                                 session, offsets
//!           changes: UPDATE and DELETE of many rows behind the COPY                    changes, fields
//! ```

mod changes;
mod copy;
mod failure;
mod fields;
mod grants;
mod hold;
mod made_types;
mod open;
mod prepare;
mod session;
mod table;

use std::sync::Arc;

use super::Postgres;
use crate::client::postgres::Database;
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Problem, Result};
use crate::sink::lane;
use crate::sink::{Found, Target};
use made_types::made_types;
use open::Load;
#[cfg(test)]
pub(crate) use session::sent;

/// What is wrong with the address.
///
/// # Errors
/// It is none.
pub fn check(postgres: &Postgres) -> Result<(), Problem> {
    Database::new(&postgres.url, None).map(drop)
}

/// Looks at the database, and changes nothing.
///
/// # Errors
/// Nobody answers, the user may not, or the table does not fit.
pub fn connect(postgres: &Postgres, target: &Target) -> Result<Found> {
    if let Some(problem) = postgres.options().slices(target) {
        return Err(Error::user(problem));
    }
    let name = postgres.name(&target.shape).map_err(Error::user)?;
    let database = Database::new(&postgres.url, postgres.tls.as_ref()).map_err(Error::user)?;
    let load = Arc::new(Load::new(postgres, target, name, database));
    if postgres.measured {
        let types = made_types(&load.schema).map_err(Error::user)?;
        return Ok(lane::each(target, move |batch| {
            // A row that cannot be encoded is found by the run; here only time counts.
            let _ = std::hint::black_box(copy::encode(&batch.rows, &types));
        }));
    }
    let looked = apart("looking at the database", || block_on(load.look())?)?;
    load.found(looked, target)
}
