//! What a connection holds before its first rows: the partitions that it writes, so that another run of the
//! load waits for it, and says so.

use std::time::Duration;

use tokio_postgres::Error as Refusal;

use super::failure;
use super::session::Connection;
use crate::client::offsets::NotHeld;
use crate::sink::session::Failure;

/// A program that stands still between transactions loses its connections, too, and with them what it holds,
/// where the server can do that (14 and newer): a living one asks the server every few seconds.
const IDLES: &str =
    "SELECT set_config(name, '60s', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

/// How often is looked whether the session that came first holds the load.
const LOOK: Duration = Duration::from_millis(20);

impl Connection {
    /// Sees to it that nobody else writes what it writes.
    pub(super) async fn hold(&mut self) -> Result<(), Failure> {
        let (Some(held), Some(offsets)) = (&self.unheld, &self.load.offsets) else {
            return Ok(());
        };
        // Who would wait for another load, which is to be refused, is refused at once.
        let checked = self.load.check_again(&self.client).await;
        checked.map_err(Failure::Stop)?;
        let wanted = loop {
            match held.wanted() {
                Some(wanted) => break wanted,
                None => match held.waits_for() {
                    Some(failure) => return Err(failure),
                    None => tokio::time::sleep(LOOK).await,
                },
            }
        };
        let said = |error: &Refusal| failure::of(&self.load.database, "locking its part", error);
        let limit = self.client.batch_execute(IDLES).await;
        limit.map_err(|error| said(&error))?;
        let holder = match offsets.hold(&self.client, &wanted).await {
            Ok(own) => {
                held.hold(own);
                let checked = self.load.check_again(&self.client).await;
                checked.map_err(Failure::Stop)?;
                self.unheld = None;
                return Ok(());
            }
            Err(NotHeld::By(holder)) => holder,
            Err(NotHeld::Refused(error)) => return Err(said(&error)),
        };
        if let Some(own) = held.own(holder.as_ref()) {
            // It may be gone by now.
            let end = format!("SELECT pg_terminate_backend({own})");
            let _ = self.client.batch_execute(&end).await;
        }
        Err(held.taken(holder.as_ref()))
    }
}
