//! What MySQL looks at and makes in its own way, before the first row of a load.

use std::sync::OnceLock;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::Load;
use super::table;
use super::texts::Texts;
use super::values::Encoder;
use crate::client::mysql::{Database, answer, literal, quoted};
use crate::client::server::Server;
use crate::error::{Error, Problem, Result};
use crate::format::Shape;
use crate::sink::database::{Loads, Mode};

/// Who begins at the same time is waited for so long, in seconds.
const LOCK: u32 = 60;

/// Not allowed to this user (1142), or another table refers to it (1701): its rows are removed one by one.
const ONE_BY_ONE: [u16; 2] = [1142, 1701];

/// What is known of the table's columns.
pub struct Columns {
    /// What their texts are made of, as far as that is known.
    texts: Texts,
    /// What rows are made by, once the table is known.
    encoder: OnceLock<Encoder>,
}

impl Columns {
    /// What makes rows; the table was looked at.
    pub(super) fn encoder(&self) -> &Encoder {
        self.encoder.get_or_init(Encoder::default)
    }
}

impl Loads for Database {
    type Columns = Columns;

    fn columns(shape: &Shape) -> Columns {
        Columns {
            texts: Texts::new(shape),
            encoder: OnceLock::new(),
        }
    }

    async fn check_grants(load: &Load, conn: &mut Conn) -> Result<()> {
        load.ask_grants(conn).await
    }

    async fn check(load: &Load, conn: &mut Conn) -> Result<()> {
        let said = |error: Refusal| load.unseen(&error);
        let columns = table::columns(conn, &load.name).await.map_err(said)?;
        let compared = table::compared(&load.name, &load.schema, &columns);
        let mut faults = compared.as_ref().err().cloned().unwrap_or_default();
        let lacking = load.columns.texts.lacking(conn, &load.name, &columns).await;
        faults.extend(lacking.map_err(said)?);
        let engine = table::without_transactions(conn, &load.name).await;
        if let Some(engine) = engine.map_err(said)?.filter(|_| load.offsets.is_some()) {
            faults.push(format!(
                "table {} is kept by {engine}, which has no transactions: `exactly_once` cannot be promised",
                load.name
            ));
        }
        faults.extend(check_key(load, conn).await.map_err(said)?);
        match compared {
            Ok(bytes) if faults.is_empty() => {
                let _ = load.columns.encoder.set(Encoder::new(bytes));
                Ok(())
            }
            _ => Err(load.misfit(&faults)),
        }
    }

    /// Held until the connection ends. Names of locks are short.
    async fn lock(load: &Load, conn: &mut Conn) -> Result<()> {
        let name = literal(&load.name.to_string());
        let query = format!("SELECT GET_LOCK(CONCAT('rowgen ', MD5({name})), {LOCK})");
        let locked: Result<Option<Option<i64>>, _> = conn.query_first(query).await;
        match locked.map_err(|error| load.unmade(&error))?.flatten() {
            Some(1) => Ok(()),
            _ => {
                let what = format!("making table {} in {}", load.name, load.database.name());
                let why = format!("another run has been making it for {LOCK} s");
                Err(Error::run(Problem::new(what).cause(why)))
            }
        }
    }

    /// Makes its database, too. A statement that makes or empties a table commits by itself.
    async fn create(load: &Load, conn: &mut Conn, statements: &str) -> Result<(), Refusal> {
        if let Some(database) = load.name.schema() {
            let query = format!(
                "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = {}",
                literal(database)
            );
            let there: Option<u64> = conn.query_first(query).await?;
            if there == Some(0) {
                let create = format!("CREATE DATABASE IF NOT EXISTS {}", quoted(database));
                conn.query_drop(create).await?;
            }
        }
        if load.options.create.is_some() {
            conn.query_drop(load.database.entered()).await?;
        }
        conn.query_drop(statements).await
    }

    async fn empty(load: &Load, conn: &mut Conn, tables: &[String]) -> Result<(), Refusal> {
        let waits = "SET SESSION lock_wait_timeout = 10, innodb_lock_wait_timeout = 10";
        conn.query_drop(waits).await?;
        let refer_to_each_other = load.changes.is_some();
        if refer_to_each_other {
            conn.query_drop("SET SESSION foreign_key_checks = 0")
                .await?;
        }
        for table in tables {
            empty_table(conn, table).await?;
        }
        match refer_to_each_other {
            true => conn.query_drop("SET SESSION foreign_key_checks = 1").await,
            false => Ok(()),
        }
    }

    /// The lock ends with the connection.
    async fn made(_conn: &mut Conn) -> Result<(), Refusal> {
        Ok(())
    }
}

/// An upsert of a table that does not tell rows apart would only add them, and changes would not find
/// theirs.
async fn check_key(load: &Load, conn: &mut Conn) -> Result<Option<String>, Refusal> {
    let key: Vec<&str> = match &load.changes {
        Some(changes) => vec![changes.key_of(&load.schema)],
        None if load.options.mode == Mode::Upsert => {
            load.options.key.iter().map(|key| key.as_str()).collect()
        }
        None => return Ok(None),
    };
    let (unique, other) = table::is_unique(conn, &load.name, &key).await?;
    let shown = key.join("`, `");
    Ok(match other {
        _ if !unique => Some(format!(
            "table {} has no unique index of exactly `{shown}`",
            load.name
        )),
        // ON DUPLICATE KEY UPDATE would replace a row of another key where that index has its values.
        Some(other) if load.changes.is_none() => Some(format!(
            "table {} has another unique index, `{other}`, and MySQL's upsert would take rows of equal \
             values there for rows of equal `{shown}`",
            load.name
        )),
        _ => None,
    })
}

/// At once where that is allowed.
async fn empty_table(conn: &mut Conn, name: &str) -> Result<(), Refusal> {
    match conn.query_drop(format!("TRUNCATE TABLE {name}")).await {
        Err(error) if answer(&error).is_some_and(|said| ONE_BY_ONE.contains(&said.code)) => {
            conn.query_drop(format!("DELETE FROM {name}")).await
        }
        emptied => emptied,
    }
}
