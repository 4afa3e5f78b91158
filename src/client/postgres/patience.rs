//! How long PostgreSQL is waited for.

use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::{Database, Unanswered};
use crate::client::patience::{self, ANSWER, Gone, Reachable};

/// Whoever waits for PostgreSQL.
pub type Patience<'p> = patience::Patience<'p, Database>;

impl Patience<'_> {
    /// A new connection, and what ends it at once, whatever the server still has to send.
    ///
    /// # Errors
    /// There is none.
    pub async fn connect(&self) -> Result<(Client, AbortHandle), Unanswered> {
        self.wait_long(self.database.connect_held()).await?
    }
}

impl Reachable for Database {
    async fn is_there(&self) -> bool {
        let says = |error: &tokio_postgres::Error| error.as_db_error().is_some();
        let client = match self.connect().await {
            Ok(client) => client,
            Err(Unanswered::Refused(error)) => return says(&error),
            Err(_) => return false,
        };
        match timeout(ANSWER, client.batch_execute("SELECT 1")).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => says(&error),
            Err(_) => false,
        }
    }
}

impl From<Gone> for Unanswered {
    fn from(gone: Gone) -> Self {
        match gone {
            Gone::Silent => Self::Silent,
            Gone::Ended => Self::Ended,
        }
    }
}
