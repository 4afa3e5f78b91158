//! Rows on their way to MongoDB.
//!
//! ```text
//! connect   looks: is the server there, does it let us in                  open
//! open      empties the collection, where that was asked for               open
//! workers   encode rows, or changes, as statements of bulks                values, rows, changes
//! session   one unordered command a collection; what it refuses is told    session, bulk
//!           what a table had before it was emptied goes                    emptied
//! ```

mod bulk;
mod changes;
mod emptied;
mod open;
mod rows;
mod session;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use super::{Mode, MongoDb};
use crate::client::mongodb::Server;
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Problem, Result};
use crate::sink::lane;
use crate::sink::{Found, Target};
use open::Load;

/// What is wrong with the address.
///
/// # Errors
/// It is none.
pub fn check(mongodb: &MongoDb) -> Result<(), Problem> {
    crate::client::mongodb::check(&mongodb.url)
}

/// Looks at the server, and changes nothing.
///
/// # Errors
/// Nobody answers, or the user may not.
pub fn connect(mongodb: &MongoDb, target: &Target) -> Result<Found> {
    let sliced = target.slice.is_some_and(|slice| slice.count > 1);
    if sliced && (mongodb.mode == Mode::Truncate || target.overwrite) {
        let problem = Problem::new(
            "a slice cannot empty a collection: it would remove the rows of the others",
        );
        return Err(Error::user(problem.at(&mongodb.url.place)));
    }
    let server = Server::new(&mongodb.url, mongodb.tls.as_ref()).map_err(Error::user)?;
    let load = Arc::new(Load::new(mongodb, target, server)?);
    if mongodb.measured {
        return Ok(lane::each(target, move |batch| {
            // A row that cannot be encoded is found by the run; here only time counts.
            let _ = std::hint::black_box(load.encode(batch));
        }));
    }
    apart("looking at the server", || block_on(load.look())?)?;
    load.found(target, mongodb)
}
