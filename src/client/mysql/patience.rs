//! How long MySQL is waited for.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::time::timeout;

use super::{Database, Settings, Unanswered, answer};
use crate::client::patience::{self, ANSWER, Gone, Reachable};

/// Whoever waits for MySQL.
pub type Patience<'p> = patience::Patience<'p, Database>;

impl Patience<'_> {
    /// A new connection.
    ///
    /// # Errors
    /// There is none.
    pub async fn connect(&self, settings: Settings) -> Result<Conn, Unanswered> {
        self.wait_long(self.database.connect(settings)).await?
    }
}

impl Reachable for Database {
    async fn is_there(&self) -> bool {
        let mut conn = match self.connect(Settings::Writes).await {
            Ok(conn) => conn,
            Err(Unanswered::Refused(error)) => return answer(&error).is_some(),
            Err(_) => return false,
        };
        match timeout(ANSWER, conn.ping()).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => answer(&error).is_some(),
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
