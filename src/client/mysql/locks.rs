//! Who writes the partitions of a load: a lock of the server for each of them, as long as the connection
//! lives. Progress moves on from where it should be in any case; a lock says before that whom a run waits for.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::{Offsets, literal};
use crate::client::offsets::{Holder, NotHeld, Wanted};

impl Offsets {
    /// Holds a load, partitions of it or both until the connection ends, whose number is returned.
    ///
    /// # Errors
    /// Somebody else has one of them; what the server says.
    pub async fn hold(
        &self,
        conn: &mut Conn,
        wanted: &Wanted<'_>,
    ) -> Result<i64, NotHeld<Refusal>> {
        // Before any partition: who waits for the load must not be in the way of whoever has it.
        if let Some(whole) = &wanted.whole {
            take(conn, &[lock_name(whole, "load")]).await?;
        }
        let load = format!("{}|{}|{}", self.table, self.sink, self.load);
        let partitions = wanted.partitions.iter();
        let partitions: Vec<String> = partitions
            .map(|partition| lock_name(&load, &partition.to_string()))
            .collect();
        take(conn, &partitions).await
    }
}

/// Takes locks until the connection ends, whose number is returned.
async fn take(conn: &mut Conn, names: &[String]) -> Result<i64, NotHeld<Refusal>> {
    let locks: Vec<String> = names
        .iter()
        .map(|name| format!("IFNULL(GET_LOCK({name}, 0), 0)"))
        .collect();
    let query = format!("SELECT CONCAT_WS(',', {})", locks.join(", "));
    let held: Option<String> = conn.query_first(query).await?;
    let held = held.unwrap_or_default();
    let Some(other) = held.split(',').position(|held| held != "1") else {
        return Ok(conn.id().into());
    };
    let used = format!("SELECT IS_USED_LOCK({})", names[other]);
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
fn lock_name(load: &str, part: &str) -> String {
    format!("CONCAT('rowgen ', MD5({}), ' {part}')", literal(load))
}
