//! What PostgreSQL looks at and makes in its own way, before the first row of a load.

use std::sync::OnceLock;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error as Refusal};

use super::{Load, table};
use crate::client::postgres::{Database, LOCK, quoted};
use crate::error::{Error, Problem, Result};
use crate::format::Shape;
use crate::sink::applied::AppliedColumns;
use crate::sink::database::Loads;

impl Loads for Database {
    /// Their types, once the table is known.
    type Columns = OnceLock<Vec<Type>>;

    fn columns(_shape: &Shape) -> OnceLock<Vec<Type>> {
        OnceLock::new()
    }

    async fn check_grants(load: &Load, client: &mut Client) -> Result<()> {
        load.ask_grants(client).await
    }

    async fn check(load: &Load, client: &mut Client) -> Result<()> {
        let types = table::types(client, &load.name, &load.schema).await;
        let types = types.map_err(|error| load.unseen(&error))?;
        let types = types.map_err(|faults| load.misfit(&faults))?;
        let _ = load.columns.set(types);
        match &load.changes {
            Some(changes) => check_key(load, client, changes).await,
            None => Ok(()),
        }
    }

    /// There is a schema that the table can be made in, unless the pipeline's own SQL makes it.
    async fn check_absent(load: &Load, client: &mut Client) -> Result<()> {
        let made_here = load.options.create.is_none();
        let Some(schema) = load.name.schema().filter(|_| made_here) else {
            return Ok(());
        };
        let there = table::has_schema(client, schema).await;
        if there.map_err(|error| load.unseen(&error))? {
            return Ok(());
        }
        let what = format!("there is no schema `{schema}` for table {}", load.name);
        let hint = format!("`CREATE SCHEMA {}` makes it", quoted(schema));
        let problem = Problem::new(what).at(&load.options.url.place);
        Err(Error::user(problem.hint(hint)))
    }

    /// All of it is one transaction.
    async fn lock(load: &Load, client: &mut Client) -> Result<()> {
        let locking = async {
            client.batch_execute("BEGIN").await?;
            client.execute(LOCK, &[&load.name.to_string()]).await
        };
        let locked = locking.await.map(drop);
        locked.map_err(|error| load.unmade(&error))
    }

    async fn create(_load: &Load, client: &mut Client, statements: &str) -> Result<(), Refusal> {
        client.batch_execute(statements).await
    }

    /// No table that others refer to can be emptied without them.
    async fn empty(_load: &Load, client: &mut Client, tables: &[String]) -> Result<(), Refusal> {
        let tables = tables.join(", ");
        let empty = format!("SET LOCAL lock_timeout = '10s'; TRUNCATE {tables}");
        client.batch_execute(&empty).await
    }

    async fn made(client: &mut Client) -> Result<(), Refusal> {
        client.batch_execute("COMMIT").await
    }
}

impl Load {
    /// The columns' types in the table.
    pub(super) fn types(&self) -> &[Type] {
        self.columns.get().map_or(&[], Vec::as_slice)
    }
}

/// Changes find their rows by the key, each of which is there once.
async fn check_key(load: &Load, client: &Client, changes: &AppliedColumns) -> Result<()> {
    let key = changes.key_of(&load.schema);
    let unique = table::is_unique(client, &load.name, key).await;
    if unique.map_err(|error| load.unseen(&error))? {
        return Ok(());
    }
    let what = format!(
        "table {} has no unique index by `{key}`, by which changes find their rows",
        load.name
    );
    let hint = format!(
        "`ALTER TABLE {} ADD PRIMARY KEY ({})` makes one",
        load.name.quoted(),
        quoted(key)
    );
    let problem = Problem::new(what).at(&load.options.url.place);
    Err(Error::user(problem.hint(hint)))
}
