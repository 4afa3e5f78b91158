//! How long PostgreSQL is waited for: as long as it is there, and somebody wants to wait.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::Client;

use super::{Database, Unanswered};

/// A server that is silent for so long is asked on another connection whether it is there: what it was
/// asked for may take longer.
const SILENCE: Duration = Duration::from_secs(10);

/// A server that is there has answered by then to what costs it nothing.
const ANSWER: Duration = Duration::from_secs(10);

/// How often it is looked whether something has come, or nobody wants to wait any more.
const LOOK: Duration = Duration::from_millis(100);

/// Whoever waits for a database.
#[derive(Clone, Copy)]
pub struct Patience<'p> {
    /// Who is waited for.
    pub database: &'p Database,
    /// True once nobody wants to wait any more.
    ends: &'p (dyn Fn() -> bool + Sync),
}

impl<'p> Patience<'p> {
    /// Waits until `ends` says otherwise.
    pub fn new(database: &'p Database, ends: &'p (dyn Fn() -> bool + Sync)) -> Self {
        Self { database, ends }
    }

    /// A new connection, and what ends it at once, whatever the server still has to send.
    ///
    /// # Errors
    /// There is none.
    pub async fn connect(&self) -> Result<(Client, AbortHandle), Unanswered> {
        let (connecting, end) = (pin!(self.database.connect_held()), pin!(self.end()));
        match select(connecting, end).await {
            Either::Left((connected, _)) => connected,
            Either::Right(((), _)) => Err(Unanswered::Ended),
        }
    }

    /// Waits for what the server does. `moved` is something that changes while it does.
    ///
    /// # Errors
    /// It is not there any more, or nobody wants to wait.
    pub async fn wait<T>(
        &self,
        moved: Option<&Cell<u64>>,
        work: impl Future<Output = T>,
    ) -> Result<T, Unanswered> {
        let (end, silence) = (pin!(self.end()), pin!(self.silence(moved)));
        match select(pin!(work), select(end, silence)).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right((Either::Left(_), _)) => Err(Unanswered::Ended),
            Either::Right((Either::Right(_), _)) => Err(Unanswered::Silent),
        }
    }

    /// Until nobody wants to wait any more.
    async fn end(&self) {
        while !(self.ends)() {
            sleep(LOOK).await;
        }
    }

    /// Until the server is not there any more.
    async fn silence(&self, moved: Option<&Cell<u64>>) {
        let (mut before, mut since) = (moved.map(Cell::get), Instant::now());
        loop {
            sleep(LOOK).await;
            let now = moved.map(Cell::get);
            if before != now {
                (before, since) = (now, Instant::now());
            }
            if since.elapsed() < SILENCE {
                continue;
            }
            if !self.is_there().await {
                return;
            }
            since = Instant::now();
        }
    }

    /// Whether the server answers, if only that it takes nobody in.
    async fn is_there(&self) -> bool {
        let says = |error: &tokio_postgres::Error| error.as_db_error().is_some();
        let client = match self.database.connect().await {
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
