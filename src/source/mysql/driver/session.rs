//! Connections that see the database as it was at one moment: each for itself, or all at the same one.

use std::cell::Cell;
use std::future::Future;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use crate::client::mysql::{Database, Patience, Settings, answer};
use crate::error::{Error, Result};

/// A transaction that sees one moment, and changes nothing.
const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Nobody writes until all have begun. Whoever writes just then is waited for a little while, for others
/// wait behind.
const STILL: &str = "SET SESSION lock_wait_timeout = 3; FLUSH TABLES WITH READ LOCK";

/// What waits for a lock is told so.
const GO_ON: &str = "UNLOCK TABLES; SET SESSION lock_wait_timeout = 10";

/// Before the run, whoever wants no more of it ends the process.
pub(super) const NEVER: fn() -> bool = || false;

/// Connections that have begun to read.
pub(super) struct Begun {
    pub(super) connections: Vec<Conn>,
    /// Why they have begun one after the other, if they have.
    pub(super) apart: Option<String>,
}

/// The database as it is now, for so many connections.
///
/// # Errors
/// Nobody answers, or the server does not let us in.
pub(super) async fn begin(database: &Database, count: usize) -> Result<Begun> {
    let patience = Patience::new(database, &NEVER);
    let mut connections = Vec::new();
    for _ in 0..count.max(1) {
        connections.push(connect(&patience).await?);
    }
    let beginning = begin_all(&mut connections);
    let apart = patient(&patience, "beginning to read", None, beginning).await?;
    Ok(Begun { connections, apart })
}

/// Another connection, which sees the database as it is now.
///
/// # Errors
/// As `begin`.
pub(super) async fn reader(patience: &Patience<'_>) -> Result<Conn> {
    let mut conn = connect(patience).await?;
    patient(patience, "beginning to read", None, conn.query_drop(BEGIN)).await?;
    Ok(conn)
}

async fn connect(patience: &Patience<'_>) -> Result<Conn> {
    let database = patience.database;
    let connected = patience.connect(Settings::Reads).await;
    let mut conn = connected.map_err(|why| database.unanswered("connecting", &why))?;
    let entering = conn.query_drop(database.entered());
    patient(patience, "connecting", None, entering).await?;
    Ok(conn)
}

async fn begin_all(connections: &mut [Conn]) -> Result<Option<String>, Refusal> {
    let apart = match connections {
        [leader, _, ..] => match leader.query_drop(STILL).await {
            Ok(()) => None,
            Err(Refusal::Server(said)) => Some(said.message),
            Err(error) => return Err(error),
        },
        _ => None,
    };
    for conn in connections.iter_mut() {
        conn.query_drop(BEGIN).await?;
    }
    if let Some(leader) = connections.first_mut() {
        leader.query_drop(GO_ON).await?;
    }
    Ok(apart)
}

/// Waits for the server to do something, as long as it is there. `moved` is something that changes while
/// rows come.
///
/// # Errors
/// What the server says, with what was being done; or it does not answer any more.
pub(super) async fn patient<T>(
    patience: &Patience<'_>,
    doing: &str,
    moved: Option<&Cell<u64>>,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T> {
    let database = patience.database;
    match patience.wait(moved, work).await {
        Ok(done) => done.map_err(|error| said(database, doing, &error)),
        Err(why) => Err(database.unanswered(doing, &why.into())),
    }
}

fn said(database: &Database, doing: &str, error: &Refusal) -> Error {
    let said = database.error(doing, error);
    match answer(error) {
        Some(answer) if answer.code == 1205 => {
            said.hint("somebody is changing the table, or waits to: try again later")
        }
        _ => said,
    }
}
