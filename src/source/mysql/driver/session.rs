//! Connections that see the database as it was at one moment: each for itself, or all at the same one.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use crate::client::mysql::Database;
use crate::client::patience::Patience;
use crate::error::Result;
use crate::source::reading::{NEVER, patient};

/// A transaction that sees one moment, and changes nothing.
const BEGIN: &str = "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY";

/// Nobody writes until all have begun. Whoever writes just then is waited for a little while, for others
/// wait behind.
const STILL: &str = "SET SESSION lock_wait_timeout = 3; FLUSH TABLES WITH READ LOCK";

/// What waits for a lock is told so.
const GO_ON: &str = "UNLOCK TABLES; SET SESSION lock_wait_timeout = 10";

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
pub(super) async fn reader(patience: &Patience<'_, Database>) -> Result<Conn> {
    let mut conn = connect(patience).await?;
    patient(patience, "beginning to read", None, conn.query_drop(BEGIN)).await?;
    Ok(conn)
}

async fn connect(patience: &Patience<'_, Database>) -> Result<Conn> {
    let database = patience.database;
    let mut conn = patience.connect(database.reader()).await?;
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
    // Until the leader lets go nobody commits: snapshots that begin one after the other are of one
    // moment. MySQL has no snapshot with a name, which PostgreSQL's connections share.
    for conn in connections.iter_mut() {
        conn.query_drop(BEGIN).await?;
    }
    if let Some(leader) = connections.first_mut() {
        leader.query_drop(GO_ON).await?;
    }
    Ok(apart)
}
