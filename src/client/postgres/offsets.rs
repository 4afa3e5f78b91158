//! `rowgen_offsets` as PostgreSQL has it: how it is made, moved on and locked.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error as Refusal};

use super::{Database, literal};
use crate::batch::Span;
use crate::client::offsets::{Holder, KeepsOffsets, Known, NotHeld, Offsets};
use crate::client::server::Server;

/// Held to the end of the transaction by who makes the table of this name: two services that start
/// together make it one after the other.
pub const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtext('rowgen'), hashtext($1))";

/// A program that stands still between transactions loses its connections, too, and with them what it holds,
/// where the server can do that (14 and newer): a living one asks the server every few seconds.
const IDLES: &str =
    "SELECT set_config(name, '60s', false) FROM pg_settings WHERE name = 'idle_session_timeout'";

/// The locks, one after the other.
const TAKEN: &str = "SELECT l, pg_try_advisory_lock(hashtext($1), hashtext(l)), pg_backend_pid() \
     FROM unnest($2::text[]) l";

/// Who has one of them, where it may be seen.
const WHOSE: &str = "SELECT a.pid, concat_ws('@', a.usename, coalesce(host(a.client_addr), 'local') || coalesce(':' || nullif(a.client_port, -1), '')) \
     FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
     WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 \
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
     AND l.classid::bigint = hashtext($1)::bigint & 4294967295 \
     AND l.objid::bigint = hashtext($2)::bigint & 4294967295";

impl KeepsOffsets for Database {
    const UNLESS_THERE: &'static str = "ON CONFLICT DO NOTHING";

    /// `IF NOT EXISTS` alone fails for one of two that make it at the same time.
    async fn make(offsets: &Offsets<Self>, client: &mut Client) -> Result<(), Refusal> {
        let table = &offsets.table;
        if Self::exists(client, table).await? {
            return Ok(());
        }
        // The lock is held to the end of the transaction, so that the other one finds the table.
        client.execute(LOCK, &[table]).await?;
        let create = format!(
            "CREATE TABLE IF NOT EXISTS {table} (sink text, load text, partition integer, next bigint NOT NULL, PRIMARY KEY (sink, load, partition))"
        );
        client.batch_execute(&create).await
    }

    /// One statement for all of them: a partition that is there moves if it is where the span begins,
    /// and one that is not there is added.
    async fn move_on(
        offsets: &Offsets<Self>,
        client: &mut Client,
        opening: &str,
        spans: &[Span],
        _known: &mut Known,
    ) -> Result<Vec<i32>, Refusal> {
        if !opening.is_empty() {
            client.batch_execute(opening).await?;
        }
        let (table, sink, load) = (&offsets.table, &offsets.sink, literal(&offsets.load));
        let statement = format!(
            "WITH span AS (SELECT * FROM unnest($1::integer[], $2::bigint[], $3::bigint[]) AS s(partition, first, behind)), \
             moved AS (UPDATE {table} o SET next = s.behind FROM span s \
               WHERE o.sink = {sink} AND o.load = {load} AND o.partition = s.partition AND o.next = s.first RETURNING o.partition), \
             added AS (INSERT INTO {table} SELECT {sink}, {load}, s.partition, s.behind FROM span s \
               WHERE NOT EXISTS (SELECT FROM {table} o WHERE o.sink = {sink} AND o.load = {load} AND o.partition = s.partition) \
               ON CONFLICT DO NOTHING RETURNING partition) \
             SELECT partition FROM moved UNION ALL SELECT partition FROM added"
        );
        let partitions: Vec<i32> = spans.iter().map(|span| span.partition).collect();
        let first: Vec<i64> = spans.iter().map(|span| span.from).collect();
        let behind: Vec<i64> = spans.iter().map(|span| span.to).collect();
        // Sent with its types: nothing is prepared, which would take another round trip.
        let parameters: [(&(dyn ToSql + Sync), Type); 3] = [
            (&partitions, Type::INT4_ARRAY),
            (&first, Type::INT8_ARRAY),
            (&behind, Type::INT8_ARRAY),
        ];
        let moved = client.query_typed(&statement, &parameters).await?;
        let moved: Vec<i32> = moved.iter().map(|row| row.get(0)).collect();
        let elsewhere = partitions.into_iter().filter(|one| !moved.contains(one));
        Ok(elsewhere.collect())
    }

    async fn take(
        client: &mut Client,
        of: &str,
        names: &[String],
    ) -> Result<i64, NotHeld<Refusal>> {
        client.batch_execute(IDLES).await?;
        let taken = client.query(TAKEN, &[&of, &names]).await?;
        let Some(other) = taken.iter().find(|row| !row.get::<_, bool>(1)) else {
            let own = taken.first().map(|row| row.get::<_, i32>(2));
            return Ok(own.unwrap_or_default().into());
        };
        let other: String = other.get(0);
        let whose = client.query_opt(WHOSE, &[&of, &other]).await?;
        Err(NotHeld::By(whose.map(|row| {
            let (id, whose): (i32, String) = (row.get(0), row.get(1));
            Holder {
                id: id.into(),
                shown: format!("connection {id} of {whose}"),
            }
        })))
    }

    fn ends(connection: i64) -> String {
        format!("SELECT pg_terminate_backend({connection})")
    }

    /// One that stands still within a COPY leaves the server waiting for its rows, which no timeout ends: whoever
    /// waits for it does so. Its own next try makes the rows again, if it goes on.
    fn ends_idle(connection: i64) -> Option<String> {
        Some(format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = {connection} \
             AND state = 'active' AND wait_event = 'ClientRead' AND state_change < now() - interval '60s'"
        ))
    }
}
