//! What a connection holds before its first rows: the partitions that it writes, so that another run of the
//! load waits for it, and says so.

use std::time::Duration;

use mysql_async::prelude::Queryable;

use super::failure;
use super::session::Connection;
use crate::client::offsets::NotHeld;
use crate::sink::session::Failure;

/// How often is looked whether the session that came first holds the load.
const LOOK: Duration = Duration::from_millis(20);

impl Connection {
    /// Sees to it that nobody else writes what it writes.
    pub(super) async fn hold(&mut self) -> Result<(), Failure> {
        let (Some(held), Some(offsets)) = (&self.unheld, &self.load.offsets) else {
            return Ok(());
        };
        // Who would wait for another load, which is to be refused, is refused at once.
        let checked = self.load.check_again(&mut self.conn).await;
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
        let holder = match offsets.hold(&mut self.conn, &wanted).await {
            Ok(own) => {
                held.hold(own);
                let checked = self.load.check_again(&mut self.conn).await;
                checked.map_err(Failure::Stop)?;
                self.unheld = None;
                return Ok(());
            }
            Err(NotHeld::By(holder)) => holder,
            Err(NotHeld::Refused(error)) => {
                return Err(failure::of(&self.load.database, "locking its part", &error));
            }
        };
        if let Some(own) = held.own(holder.as_ref()) {
            // It may be gone by now.
            let _ = self.conn.query_drop(format!("KILL {own}")).await;
        }
        Err(held.taken(holder.as_ref()))
    }
}
