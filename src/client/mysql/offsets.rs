//! `rowgen_offsets` as MySQL has it: how it is made, moved on and locked.

use std::collections::HashMap;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::{Database, literal};
use crate::batch::Span;
use crate::client::offsets::{Holder, KeepsOffsets, Known, NotHeld, Offsets};
use crate::client::server::Server;

impl KeepsOffsets for Database {
    const UNLESS_THERE: &'static str = "ON DUPLICATE KEY UPDATE `next` = `next`";

    async fn make(offsets: &Offsets<Self>, conn: &mut Conn) -> Result<(), Refusal> {
        let table = &offsets.table;
        // Who may not make tables may have one that is there.
        if matches!(Self::exists(conn, table).await, Ok(true)) {
            return Ok(());
        }
        conn.query_drop(format!(
            "CREATE TABLE IF NOT EXISTS {table} (`sink` varchar(64) NOT NULL, `load` varchar(255) NOT NULL, \
             `partition` int NOT NULL, `next` bigint NOT NULL, PRIMARY KEY (`sink`, `load`, `partition`)) \
             ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        ))
        .await
    }

    /// One answer for all of it. A partition that may be new is added first, where the span begins; then
    /// all of them are locked one by one, without the gaps between, in which others may be added.
    async fn move_on(
        offsets: &Offsets<Self>,
        conn: &mut Conn,
        opening: &str,
        spans: &[Span],
        known: &mut Known,
    ) -> Result<Vec<i32>, Refusal> {
        let statements = format!("{opening}{}", moving(offsets, spans, known));
        let mut found = HashMap::new();
        let mut answers = conn.query_iter(statements).await?;
        loop {
            // The others have no rows.
            found.extend(answers.collect::<(i32, i64)>().await?);
            if answers.is_empty() {
                break;
            }
        }
        let elsewhere = spans
            .iter()
            .filter(|span| found.get(&span.partition) != Some(&span.from));
        let elsewhere: Vec<i32> = elsewhere.map(|span| span.partition).collect();
        known.extend(spans.iter().map(|span| span.partition));
        Ok(elsewhere)
    }

    async fn take(conn: &mut Conn, of: &str, names: &[String]) -> Result<i64, NotHeld<Refusal>> {
        // Names of locks are short, and count on the whole server.
        let name = |name: &String| format!("CONCAT('rowgen ', MD5({}), ' {name}')", literal(of));
        let names: Vec<String> = names.iter().map(name).collect();
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

    fn ends(connection: i64) -> String {
        format!("KILL {connection}")
    }
}

fn moving(offsets: &Offsets<Database>, spans: &[Span], known: &Known) -> String {
    let (table, sink, load, own) = (
        &offsets.table,
        &offsets.sink,
        literal(&offsets.load),
        offsets.own(),
    );
    let listed = |one: &dyn Fn(&Span) -> String, spans: &mut dyn Iterator<Item = &Span>| {
        spans.map(one).collect::<Vec<_>>().join(", ")
    };
    let row = |span: &Span| format!("({sink}, {load}, {}, {})", span.partition, span.from);
    let new = listed(
        &row,
        &mut spans.iter().filter(|span| !known.contains(&span.partition)),
    );
    let add = match new.is_empty() {
        true => String::new(),
        false => format!(
            "INSERT INTO {table} VALUES {new} {}; ",
            Database::UNLESS_THERE
        ),
    };
    let partitions = listed(&|span| span.partition.to_string(), &mut spans.iter());
    let when = |span: &Span| format!("WHEN {} THEN {}", span.partition, span.to);
    let cases = spans.iter().map(when).collect::<Vec<_>>().join(" ");
    format!(
        "{add}SELECT `partition`, `next` FROM {table} WHERE {own} AND `partition` IN ({partitions}) FOR UPDATE; \
         UPDATE {table} SET `next` = CASE `partition` {cases} END WHERE {own} AND `partition` IN ({partitions})"
    )
}
