//! What a connection holds before its first rows: the partitions that it writes, so that another run of the
//! load waits for it, and says so.

use mysql_async::prelude::Queryable;

use super::failure;
use super::session::Connection;
use crate::client::offsets::NotHeld;
use crate::sink::session::Failure;

impl Connection {
    /// Sees to it that nobody else writes what it writes.
    pub(super) async fn hold(&mut self) -> Result<(), Failure> {
        let (Some(held), Some(offsets)) = (&self.unheld, &self.load.offsets) else {
            return Ok(());
        };
        let wanted = held.turn().await?;
        let tried = match offsets.hold(&mut self.conn, &wanted).await {
            Ok(own) => Ok(own),
            Err(NotHeld::By(holder)) => Err(holder),
            Err(NotHeld::Refused(error)) => {
                return Err(failure::of(&self.load.database, "locking its part", &error));
            }
        };
        // Another load may have written since this one looked: who waits for it is refused at once, too.
        let checked = self.load.check_again(&mut self.conn).await;
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
            let _ = self.conn.query_drop(format!("KILL {own}")).await;
        }
        Err(held.taken(holder.as_ref()))
    }
}
