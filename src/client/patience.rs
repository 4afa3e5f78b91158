//! How long a database is waited for: as long as it is there, and somebody wants to wait.

use std::cell::Cell;
use std::future::Future;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

use super::server::{Server, Unanswered};
use crate::error::Result;

/// A server that is silent for so long is asked on another connection whether it is there: what it was
/// asked for may take longer.
// Ten seconds are a choice. A server that works on a long statement says nothing either, and only
// another connection can tell the two apart.
const SILENCE: Duration = Duration::from_secs(10);

/// A server that is there has answered by then to what costs it nothing.
pub const ANSWER: Duration = Duration::from_secs(10);

/// How often it is looked whether something has come, or nobody wants to wait any more.
const LOOK: Duration = Duration::from_millis(100);

/// Whoever waits for a database.
pub struct Patience<'p, S> {
    /// Who is waited for.
    pub database: &'p S,
    /// True once nobody wants to wait any more.
    ends: &'p (dyn Fn() -> bool + Sync),
}

impl<S> Clone for Patience<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Patience<'_, S> {}

impl<'p, S: Server> Patience<'p, S> {
    /// Waits until `ends` says otherwise.
    pub fn new(database: &'p S, ends: &'p (dyn Fn() -> bool + Sync)) -> Self {
        Self { database, ends }
    }

    /// Waits for something that ends by itself where the server is silent, as connecting does.
    ///
    /// # Errors
    /// Nobody wants to wait.
    pub async fn wait_long<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Unanswered<S::Refusal>> {
        let mut work = pin!(work);
        loop {
            match timeout(LOOK, &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) if (self.ends)() => return Err(Unanswered::Ended),
                Err(_) => {}
            }
        }
    }

    /// Waits for a new connection.
    ///
    /// # Errors
    /// There is none.
    pub async fn connect<C>(
        &self,
        connecting: impl Future<Output = Result<C, Unanswered<S::Refusal>>>,
    ) -> Result<C> {
        let connected = self.wait_long(connecting).await.flatten();
        connected.map_err(|why| self.database.unanswered("connecting", &why))
    }

    /// Waits for what the server does. `moved` is something that changes while it does.
    ///
    /// # Errors
    /// It is not there any more, or nobody wants to wait.
    pub async fn wait<T>(
        &self,
        moved: Option<&Cell<u64>>,
        work: impl Future<Output = T>,
    ) -> Result<T, Unanswered<S::Refusal>> {
        let mut silence = pin!(self.silence(moved));
        let work = async {
            let mut work = pin!(work);
            std::future::poll_fn(|context| {
                if let std::task::Poll::Ready(done) = work.as_mut().poll(context) {
                    return std::task::Poll::Ready(Ok(done));
                }
                silence
                    .as_mut()
                    .poll(context)
                    .map(|()| Err(Unanswered::Silent))
            })
            .await
        };
        self.wait_long(work).await?
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
            // It works on what it was asked for: another ten seconds.
            if !self.database.is_there().await {
                return;
            }
            since = Instant::now();
        }
    }
}
