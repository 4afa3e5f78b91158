//! What a connection holds before its first rows: the partitions that it writes, so that another run of the
//! load waits for it, and says so.

use tokio_postgres::Error as Refusal;

use super::failure;
use super::session::Connection;
use crate::client::offsets::NotHeld;
use crate::sink::session::{Failure, held_by};

/// A program that stands still between transactions loses its connections, too, and with them what it holds,
/// where the server can do that (14 and newer): a living one asks the server every few seconds.
const IDLES: &str =
    "SELECT set_config(name, '60s', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

impl Connection {
    /// Sees to it that nobody else writes what it writes.
    pub(super) async fn hold(&mut self) -> Result<(), Failure> {
        let (Some(held), Some(offsets)) = (&self.unheld, &self.load.offsets) else {
            return Ok(());
        };
        let said = |error: &Refusal| failure::of(&self.load.database, "locking its part", error);
        let limit = self.client.batch_execute(IDLES).await;
        limit.map_err(|error| said(&error))?;
        let holder = match offsets.hold(&self.client, held.partitions()).await {
            Ok(own) => {
                held.hold(own);
                self.unheld = None;
                return Ok(());
            }
            Err(NotHeld::By(holder)) => holder,
            Err(NotHeld::Refused(error)) => return Err(said(&error)),
        };
        if let Some(own) = holder.as_ref().filter(|holder| held.is_own(holder)) {
            // It may be gone by now.
            let end = format!("SELECT pg_terminate_backend({})", own.id);
            let _ = self.client.batch_execute(&end).await;
        }
        Err(Failure::Again(held_by(holder.as_ref())))
    }
}
