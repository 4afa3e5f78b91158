//! What a connection holds before its first rows: the partitions that it writes, so that another run of the
//! load waits for it, and says so.

use tokio_postgres::Error as Refusal;

use super::failure;
use super::session::Connection;
use crate::client::offsets::NotHeld;
use crate::sink::session::Failure;

/// A program that stands still between transactions loses its connections, too, and with them what it holds,
/// where the server can do that (14 and newer): a living one asks the server every few seconds.
const IDLES: &str =
    "SELECT set_config(name, '60s', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

/// One that stands still within a COPY leaves the server waiting for its rows, which no timeout ends: whoever
/// waits for it does so. Its own next try makes the rows again, if it goes on.
const STANDS_STILL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
     WHERE pid = $1 AND state = 'active' AND wait_event = 'ClientRead' AND state_change < now() - interval '60s'";

impl Connection {
    /// Sees to it that nobody else writes what it writes.
    pub(super) async fn hold(&mut self) -> Result<(), Failure> {
        let (Some(held), Some(offsets)) = (&self.unheld, &self.load.offsets) else {
            return Ok(());
        };
        let wanted = held.turn().await?;
        let said = |error: &Refusal| failure::of(&self.load.database, "locking its part", error);
        let limit = self.client.batch_execute(IDLES).await;
        limit.map_err(|error| said(&error))?;
        let tried = match offsets.hold(&self.client, &wanted).await {
            Ok(own) => Ok(own),
            Err(NotHeld::By(holder)) => Err(holder),
            Err(NotHeld::Refused(error)) => return Err(said(&error)),
        };
        // Another load may have written since this one looked: who waits for it is refused at once, too.
        let checked = self.load.check_again(&self.client).await;
        checked.map_err(Failure::Stop)?;
        let holder = match tried {
            Ok(own) => {
                held.hold(own);
                self.unheld = None;
                return Ok(());
            }
            Err(holder) => holder,
        };
        if let Some(own) = held.own(holder.as_ref()) {
            // It may be gone by now.
            let end = format!("SELECT pg_terminate_backend({own})");
            let _ = self.client.batch_execute(&end).await;
        }
        if let Some(holder) = &holder {
            // It may be another user's, which this one may not end.
            let _ = self
                .client
                .execute(STANDS_STILL, &[&(holder.id as i32)])
                .await;
        }
        Err(held.taken(holder.as_ref()))
    }
}
