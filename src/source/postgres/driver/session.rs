//! Connections that all see the database as it was at one moment.

use tokio::task::AbortHandle;
use tokio_postgres::Client;

use crate::client::patience::Patience;
use crate::client::postgres::Database;
use crate::error::Result;
use crate::source::reading::{NEVER, patient};

/// What every connection says first. Nothing ends it while it waits for a slow sink. It does not wait for
/// who wants to change the table: they wait for the first connection. Texts of values are the same whatever
/// the server is set to, and so is the order of rows as long as they are the same.
const SETTINGS: &str = "\
SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN \
('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'); \
SET lock_timeout = '10s'; \
SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; \
SET extra_float_digits = 1; SET bytea_output = 'hex'; SET synchronize_seqscans = off";

/// A transaction that sees one moment, and changes nothing.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A connection.
pub(super) struct Held {
    pub(super) client: Client,
    socket: AbortHandle,
}

/// One moment of a database: others see it as long as the connection stands that has seen it first.
pub(super) struct Snapshot {
    pub(super) database: Database,
    pub(super) leader: Held,
    /// What the server calls it.
    name: String,
}

impl Held {
    async fn new(patience: &Patience<'_, Database>) -> Result<Self> {
        let (client, socket) = patience.connect(patience.database.connect_held()).await?;
        Ok(Self { client, socket })
    }

    /// Ends it though the server has more to send.
    pub(super) fn abandon(self) {
        self.socket.abort();
    }
}

impl Snapshot {
    /// The database as it is now.
    ///
    /// # Errors
    /// Nobody answers, or the server does not let us in.
    pub(super) async fn take(database: Database) -> Result<Self> {
        let patience = Patience::new(&database, &NEVER);
        let leader = Held::new(&patience).await?;
        let client = &leader.client;
        let taking = async {
            // Statements that are sent together are one transaction, of which `BEGIN` would be a part.
            client.batch_execute(SETTINGS).await?;
            client.batch_execute(BEGIN).await?;
            let row = client.query_one("SELECT pg_export_snapshot()", &[]).await?;
            Ok(row.get(0))
        };
        let name = patient(&patience, "beginning to read", None, taking).await?;
        Ok(Self {
            database,
            leader,
            name,
        })
    }

    /// Another connection that sees the same. It does not share work among processes of the server, whose
    /// rows would come in no order.
    ///
    /// # Errors
    /// As `take`; or the first connection is gone.
    pub(super) async fn reader(&self, patience: &Patience<'_, Database>) -> Result<Held> {
        let held = Held::new(patience).await?;
        let settings = format!("{SETTINGS}; SET max_parallel_workers_per_gather = 0");
        let begin = format!("{BEGIN}; SET TRANSACTION SNAPSHOT '{}'", self.name);
        let begun = async {
            held.client.batch_execute(&settings).await?;
            held.client.batch_execute(&begin).await
        };
        patient(patience, "beginning to read", None, begun).await?;
        Ok(held)
    }
}
