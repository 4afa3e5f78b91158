//! What a connection holds before its first rows: the partitions that it writes, so that another run of the
//! load waits for it, and says so.

use mysql_async::prelude::Queryable;

use super::failure;
use super::session::Connection;
use crate::client::offsets::NotHeld;
use crate::sink::session::{Failure, held_by};

impl Connection {
    /// Sees to it that nobody else writes what it writes.
    pub(super) async fn hold(&mut self) -> Result<(), Failure> {
        let (Some(held), Some(offsets)) = (&self.unheld, &self.load.offsets) else {
            return Ok(());
        };
        let holder = match offsets.hold(&mut self.conn, held.partitions()).await {
            Ok(own) => {
                held.hold(own);
                self.unheld = None;
                return Ok(());
            }
            Err(NotHeld::By(holder)) => holder,
            Err(NotHeld::Refused(error)) => {
                return Err(failure::of(&self.load.database, "locking its part", &error));
            }
        };
        if let Some(own) = holder.as_ref().filter(|holder| held.is_own(holder)) {
            // It may be gone by now.
            let _ = self.conn.query_drop(format!("KILL {}", own.id)).await;
        }
        Err(Failure::Again(held_by(holder.as_ref())))
    }
}
