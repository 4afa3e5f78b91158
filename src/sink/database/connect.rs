//! From the options of a sink of a database to its sessions.

use std::sync::Arc;

use super::TableSink;
use super::load::{Load, Looked};
use super::session::{Connecting, Rows, Sends};
use crate::batch::Batch;
use crate::client::database::connections;
use crate::client::offsets::CONNECTIONS;
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Result};
use crate::sink::applied::Keyed;
use crate::sink::session::{self, SessionOptions};
use crate::sink::{Found, Target};

/// Looks at the database, and changes nothing.
///
/// # Errors
/// Nobody answers, the user may not, or the table does not fit.
pub fn connect<S: Sends>(sink: &TableSink<S::Names>, target: &Target) -> Result<Found> {
    if let Some(problem) = sink.slices(target) {
        return Err(Error::user(problem));
    }
    let name = sink.name(&target.shape).map_err(Error::user)?;
    let database = S::new(&sink.url, sink.tls.as_ref()).map_err(Error::user)?;
    let load = Arc::new(Load::new(sink, target, name, database));
    if sink.measured {
        return S::measured(&load, target);
    }
    let looked = apart("looking at the database", || block_on(load.look())?)?;
    found(load, looked, target)
}

/// The load as the engine is told of it.
fn found<S: Sends>(load: Arc<Load<S>>, (reached, told): Looked, target: &Target) -> Result<Found> {
    let begun = reached.get(&CONNECTIONS).map(|count| *count as usize);
    let own = &load.options;
    let asked = connections(own.connections.as_ref());
    let connections = match &load.changes {
        Some(changes) => changes.applied.changing().share_of(asked),
        None => begun.unwrap_or(asked).max(1),
    };
    let options = SessionOptions {
        sessions: connections,
        rows: own.transaction_rows(),
        linger: own.linger(),
        bad_rows: own.on_bad_row.clone(),
        keeps_offsets: load.offsets.is_some(),
        applied: load.changes.as_ref().map(|changes| changes.applied.clone()),
        seed: target.run_id as u64,
        ..SessionOptions::default()
    };
    let of = load.clone();
    let encode = move |batch: &Batch, keyed: &Keyed| Rows::encode(&of, batch, keyed);
    let connecting = Connecting {
        holds: load.holds(connections),
        load: load.clone(),
    };
    let found = session::changes(target, connecting, options, encode)?;
    let replaces = load.empties() && reached.is_empty();
    let prepare = move || apart("making the table", || block_on(load.prepare(connections))?);
    Ok(session::prepared(found, (replaces, told), prepare))
}
