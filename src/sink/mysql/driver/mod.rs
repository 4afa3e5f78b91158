//! Rows on their way to MySQL.
//!
//! ```text
//! connect   looks: is the table there, do its columns fit, how far is this load        open, table, fits
//! open      makes what is missing, under a lock of the database, before the first row  open, table
//! workers   encode batches to the rows of an INSERT, and changes to what updates set   values, changes
//! session   START TRANSACTION, INSERT …, move the offsets on, COMMIT                   session, insert, apply
//! ```

mod apply;
mod changes;
mod failure;
mod fits;
mod grants;
mod hold;
mod insert;
mod open;
mod prepare;
mod session;
mod table;
mod texts;
mod values;

use std::sync::Arc;

use super::Mysql;
use crate::client::mysql::Database;
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Problem, Result};
use crate::sink::lane;
use crate::sink::{Found, Target};
use open::Load;

/// What is wrong with the address.
///
/// # Errors
/// It is none.
pub fn check(mysql: &Mysql) -> Result<(), Problem> {
    Database::new(&mysql.url, None).map(drop)
}

/// Looks at the database, and changes nothing.
///
/// # Errors
/// Nobody answers, the user may not, or the table does not fit.
pub fn connect(mysql: &Mysql, target: &Target) -> Result<Found> {
    if let Some(problem) = mysql.options().slices(target) {
        return Err(Error::user(problem));
    }
    let name = mysql.name(&target.shape).map_err(Error::user)?;
    let database = Database::new(&mysql.url, mysql.tls.as_ref()).map_err(Error::user)?;
    let load = Arc::new(Load::new(mysql, target, name, database));
    if mysql.measured {
        let encoder = values::Encoder::default();
        return Ok(lane::each(target, move |batch| {
            // A row that cannot be encoded is found by the run; here only time counts.
            let _ = std::hint::black_box(encoder.encode(&batch.rows, &batch.place));
        }));
    }
    let looked = apart("looking at the database", || block_on(load.look())?)?;
    load.found(looked, target)
}
