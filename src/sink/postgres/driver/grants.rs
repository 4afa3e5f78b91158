//! What the user of a load may not: all of it is told before the first row.

use tokio_postgres::{Client, Error as Refusal};

use super::Load;
use crate::client::offsets::OFFSETS;
use crate::client::postgres::{TableName, quoted};
use crate::error::{Error, Result};
use crate::sink::database::Missing;
use crate::sink::database::Mode;

/// The schema that a table is in, or will be; and what the user may there.
struct Schema {
    name: String,
    uses: bool,
    creates: bool,
    /// Of the database.
    stages: bool,
    database: String,
    user: String,
}

/// Where a table is, whether or not its schema may be used.
const FOUND: &str = "SELECT coalesce(\
     (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1::text AND c.relname = $2::text), \
     CASE WHEN $1::text IS NULL THEN to_regclass($3::text)::oid END)";

/// Those of some privileges that are missing. One that is given for some columns is looked at with them.
const LACKED: &str = "SELECT p FROM unnest($2::text[]) p WHERE NOT has_table_privilege($1::oid, p) AND \
     CASE WHEN p IN ('SELECT', 'INSERT', 'UPDATE') THEN NOT has_any_column_privilege($1::oid, p) ELSE true END";

impl Load {
    /// Looks for everything that the load will do.
    pub(super) async fn ask_grants(&self, client: &Client) -> Result<()> {
        let said = |error| self.unseen(&error);
        let Some(schema) = schema(client, &self.name).await.map_err(said)? else {
            // That there is none is told with what to do about it.
            return Ok(());
        };
        let mut missing = Missing::default();
        let place = format!("SCHEMA {}", quoted(&schema.name));
        if !schema.uses {
            missing.add(&place, "USAGE");
        }
        let mut creates = self
            .lack(client, (&self.name, &self.wanted()), &mut missing)
            .await
            .map_err(said)?
            && self.options.create.is_none();
        if self.offsets.is_some() {
            let mut wanted = vec!["SELECT", "INSERT", "UPDATE"];
            wanted.extend(self.empties().then_some("DELETE"));
            let offsets = self.name.beside(OFFSETS);
            let lacked = self.lack(client, (&offsets, &wanted), &mut missing).await;
            creates |= lacked.map_err(said)?;
        }
        if creates && !schema.creates {
            missing.add(&place, "CREATE");
        }
        if self.options.mode == Mode::Upsert && !schema.stages {
            let database = format!("DATABASE {}", quoted(&schema.database));
            missing.add(&database, "TEMPORARY");
        }
        match missing.problem(&quoted(&schema.user)) {
            Some(problem) => Err(Error::user(problem.at(&self.options.url.place))),
            None => Ok(()),
        }
    }

    /// What is done to the rows' table.
    fn wanted(&self) -> Vec<&'static str> {
        let (updates, deletes) = match &self.changes {
            Some(changes) => (!changes.set.is_empty(), changes.deletes()),
            None => (self.options.mode == Mode::Upsert, false),
        };
        let mut wanted = vec!["SELECT", "INSERT"];
        wanted.extend(updates.then_some("UPDATE"));
        wanted.extend(deletes.then_some("DELETE"));
        wanted.extend(self.empties().then_some("TRUNCATE"));
        wanted
    }

    /// What is missing on a table; true if it is not there.
    async fn lack(
        &self,
        client: &Client,
        (name, wanted): (&TableName, &[&str]),
        missing: &mut Missing,
    ) -> Result<bool, Refusal> {
        let found = client
            .query_one(FOUND, &[&name.schema(), &name.table(), &name.quoted()])
            .await?;
        let Some(table) = found.get::<_, Option<u32>>(0) else {
            return Ok(true);
        };
        for row in client.query(LACKED, &[&table, &wanted]).await? {
            missing.add(&name.quoted(), row.get(0));
        }
        Ok(false)
    }
}

async fn schema(client: &Client, name: &TableName) -> Result<Option<Schema>, Refusal> {
    let query = "SELECT nspname::text, has_schema_privilege(oid, 'USAGE'), has_schema_privilege(oid, 'CREATE'), \
                 has_database_privilege(current_database(), 'TEMPORARY'), current_database()::text, current_user::text \
                 FROM pg_namespace WHERE nspname = coalesce($1::text, current_schema()::text)";
    let found = client.query_opt(query, &[&name.schema()]).await?;
    Ok(found.map(|row| Schema {
        name: row.get(0),
        uses: row.get(1),
        creates: row.get(2),
        stages: row.get(3),
        database: row.get(4),
        user: row.get(5),
    }))
}
