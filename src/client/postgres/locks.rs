//! Who writes the partitions of a load: a lock of the server for each of them, as long as the connection
//! lives. Progress moves on from where it should be in any case; a lock says before that whom a run waits for.

use tokio_postgres::{Client, Error as Refusal};

use super::Offsets;
use crate::client::offsets::{Holder, NotHeld, Wanted};

/// The locks, one after the other.
// Tried and not waited for: a run that waits is to say for whom. They go with the connection, so
// that a killed run holds nothing.
const TAKEN: &str = "SELECT l, pg_try_advisory_lock(hashtext($1), hashtext(l)), pg_backend_pid() \
     FROM unnest($2::text[]) l";

/// Of a load as a whole, whichever its tables are.
const WHOLE: &str = "rowgen load";

/// Who has one of them, where it may be seen.
const WHOSE: &str = "SELECT a.pid, concat_ws('@', a.usename, coalesce(host(a.client_addr), 'local') || coalesce(':' || nullif(a.client_port, -1), '')) \
     FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND l.classid::bigint = hashtext($1)::bigint & 4294967295 \
     AND l.objid::bigint = hashtext($2)::bigint & 4294967295";

impl Offsets {
    /// Holds a load, partitions of it or both until the connection ends, whose number is returned.
    ///
    /// # Errors
    /// Somebody else has one of them; what the server says.
    pub async fn hold(
        &self,
        client: &Client,
        wanted: &Wanted<'_>,
    ) -> Result<i64, NotHeld<Refusal>> {
        // Before any partition: who waits for the load must not be in the way of whoever has it.
        if let Some(whole) = &wanted.whole {
            take(client, WHOLE, std::slice::from_ref(whole)).await?;
        }
        let partitions = wanted.partitions.iter();
        let partitions: Vec<String> = partitions
            .map(|partition| format!("{} {partition}", self.load))
            .collect();
        take(
            client,
            &format!("{} {}", self.table, self.sink),
            &partitions,
        )
        .await
    }
}

/// Takes locks of a kind until the connection ends, whose number is returned.
async fn take(client: &Client, kind: &str, names: &[String]) -> Result<i64, NotHeld<Refusal>> {
    let taken = client.query(TAKEN, &[&kind, &names]).await?;
    let Some(other) = taken.iter().find(|row| !row.get::<_, bool>(1)) else {
        let own = taken.first().map(|row| row.get::<_, i32>(2));
        return Ok(own.unwrap_or_default().into());
    };
    let other: String = other.get(0);
    let whose = client.query_opt(WHOSE, &[&kind, &other]).await?;
    Err(NotHeld::By(whose.map(|row| {
        let (id, whose): (i32, String) = (row.get(0), row.get(1));
        Holder {
            id: id.into(),
            shown: format!("connection {id} of {whose}"),
        }
    })))
}
