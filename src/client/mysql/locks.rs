//! Who writes the partitions of a load: a lock of the server for each of them, as long as the connection
//! lives. Progress moves on from where it should be in any case; a lock says before that whom a run waits for.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::{Offsets, literal};
use crate::client::offsets::{Holder, NotHeld};

impl Offsets {
    /// Holds partitions until the connection ends, whose number is returned.
    ///
    /// # Errors
    /// Somebody else has one of them; what the server says.
    pub async fn hold(&self, conn: &mut Conn, partitions: &[i32]) -> Result<i64, NotHeld<Refusal>> {
        let name = |partition: &i32| self.lock_name(*partition);
        let locks = partitions.iter().map(name);
        let locks: Vec<String> = locks
            .map(|name| format!("IFNULL(GET_LOCK({name}, 0), 0)"))
            .collect();
        let query = format!("SELECT CONCAT_WS(',', {})", locks.join(", "));
        let held: Option<String> = conn.query_first(query).await?;
        let held = held.unwrap_or_default();
        let Some(other) = held.split(',').position(|held| held != "1") else {
            return Ok(conn.id().into());
        };
        let used = format!("SELECT IS_USED_LOCK({})", self.lock_name(partitions[other]));
        let id: Option<Option<i64>> = conn.query_first(used).await?;
        let Some(id) = id.flatten() else {
            return Err(NotHeld::By(None));
        };
        let query = format!(
            "SELECT CONCAT(user, '@', host) FROM information_schema.processlist WHERE id = {id}"
        );
        let whose: Option<String> = conn.query_first(query).await?;
        let whose = whose.map(|whose| format!(" of {whose}"));
        let shown = format!("connection {id}{}", whose.unwrap_or_default());
        Err(NotHeld::By(Some(Holder { id, shown })))
    }

    /// Names of locks are short, and count on the whole server.
    fn lock_name(&self, partition: i32) -> String {
        let load = literal(&format!("{}|{}|{}", self.table, self.sink, self.load));
        format!("CONCAT('rowgen ', MD5({load}), ' {partition}')")
    }
}
