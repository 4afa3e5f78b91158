//! What there is to read: the table, its columns, its key.

use arrow::datatypes::Schema;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row, Statement};

use super::Reading;
use super::columns::{Column, columns, schema};
use super::count::{Count, NOTHING, OF_TRANSACTION, OF_VALUES};
use crate::client::postgres::TableName;
use crate::error::{Error, Result};
use crate::place::{Placed, Text};
use crate::source::Asked;
use crate::source::counted::Counted;

/// A table by its name: its number, its kind, and its file, which a rewrite changes.
const TABLE: &str = "SELECT oid, relkind::text, coalesce(pg_relation_filenode(oid), 0)::text \
FROM pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', 'p', 'v', 'm', 'f')";

/// Tables that a user may have meant.
const TABLES: &str = "SELECT nspname::text, relname::text FROM pg_class \
JOIN pg_namespace ON pg_namespace.oid = relnamespace \
WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname NOT IN ('pg_catalog', 'information_schema') LIMIT 10000";

/// Columns that are never null.
const REQUIRED: &str = "SELECT attname::text FROM pg_attribute \
WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped AND attnotnull";

/// The primary key, if it is one column of whole numbers. Tables that inherit from another one may have
/// its keys again.
const PRIMARY_KEY: &str = "SELECT attname::text FROM pg_index \
JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] \
WHERE indrelid = $1 AND indisprimary AND indnkeyatts = 1 AND atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) \
AND ($2 = 'p' OR NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = indrelid))";

/// Whether rows can be found by a column.
const INDEXED: &str = "SELECT EXISTS (SELECT FROM pg_index \
JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] \
WHERE indrelid = $1 AND attname = $2 AND indisvalid AND indpred IS NULL)";

/// Whether a table and those below it keep their rows in this database: each of them says which
/// transaction has written it.
const STORED: &str = "WITH RECURSIVE part(oid) AS (SELECT $1::oid \
UNION ALL SELECT inhrelid FROM pg_inherits JOIN part ON inhparent = part.oid) \
SELECT bool_and(relkind IN ('r', 'p', 'm')) FROM part JOIN pg_class USING (oid)";

/// What was found.
pub(super) struct Found {
    pub(super) columns: Vec<Column>,
    /// The columns as they are found.
    pub(super) schema: Schema,
    pub(super) key: Option<String>,
    pub(super) counted: Counted,
}

/// Whoever looks.
pub(super) struct Look<'s> {
    pub(super) client: &'s Client,
    pub(super) reading: Reading<'s>,
}

/// A table in the server's catalogue.
struct Entry {
    oid: u32,
    kind: String,
    file: String,
}

impl Look<'_> {
    /// Looks at the table or the query, and counts its rows.
    ///
    /// # Errors
    /// It is not there, may not be read, or is not as the pipeline says.
    pub(super) async fn look(
        &self,
        key: Option<&Placed<Text>>,
        asked: &Asked<'_>,
    ) -> Result<Found> {
        let entry = match self.reading.relation.table() {
            Some(name) => Some(self.entry(name).await?),
            None => None,
        };
        let all = self.reading.relation.select("*");
        let statement = self.reading.ask(self.client.prepare(&all)).await?;
        let columns = columns(
            &statement,
            self.reading.relation,
            (asked.types, asked.only_read),
        )?;
        let required = match &entry {
            Some(entry) => self.rows(REQUIRED, entry.oid).await?,
            None => Vec::new(),
        };
        let required: Vec<String> = required.iter().map(|row| row.get(0)).collect();
        let unique = key.is_none();
        let key = match (key, &entry) {
            (Some(key), _) => Some(self.checked(key, &statement, entry.as_ref()).await?),
            (None, Some(entry)) => self.primary_key(entry).await?,
            (None, None) => None,
        };
        Ok(Found {
            schema: schema(&columns, |name| required.iter().any(|one| one == name)),
            counted: self
                .count((key.as_deref(), unique), entry.as_ref(), asked)
                .await?,
            columns,
            key,
        })
    }

    /// True if rows are kept as they were written, each by a transaction.
    async fn is_stored(&self, entry: &Entry) -> Result<bool> {
        let rows = self.rows(STORED, entry.oid).await?;
        Ok(rows.first().is_some_and(|row| row.get(0)))
    }

    async fn count(
        &self,
        (key, unique): (Option<&str>, bool),
        entry: Option<&Entry>,
        asked: &Asked<'_>,
    ) -> Result<Counted> {
        let mark = match entry {
            _ if asked.only_read => NOTHING,
            Some(entry) if self.is_stored(entry).await? => OF_TRANSACTION,
            _ => OF_VALUES,
        };
        let count = Count {
            client: self.client,
            reading: self.reading,
            mark,
            unique,
        };
        match (key, entry) {
            (Some(key), _) => count.by(key).await,
            (None, Some(entry)) => {
                let counted = count.all().await?;
                // A table that is written anew has another order.
                let digest = format!("{} in {}", counted.digest, entry.file);
                Ok(Counted { digest, ..counted })
            }
            (None, None) => count.all().await,
        }
    }

    async fn entry(&self, name: &TableName) -> Result<Entry> {
        let quoted = name.quoted();
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 1] = [&quoted];
        let found = self
            .reading
            .ask(self.client.query_opt(TABLE, &parameters))
            .await?;
        if let Some(row) = found {
            return Ok(Entry {
                oid: row.get(0),
                kind: row.get(1),
                file: row.get(2),
            });
        }
        let others = self.reading.ask(self.client.query(TABLES, &[])).await?;
        let names = others.iter().flat_map(|row| {
            let (schema, table): (String, String) = (row.get(0), row.get(1));
            [format!("{schema}.{table}"), table]
        });
        Err(self.reading.absent(name, &names.collect::<Vec<_>>()))
    }

    /// A key that the pipeline names.
    async fn checked(
        &self,
        key: &Placed<Text>,
        statement: &Statement,
        entry: Option<&Entry>,
    ) -> Result<String> {
        let name = key.as_str();
        let all = || statement.columns().iter();
        let Some(column) = all().find(|column| column.name() == name) else {
            let lacks = self
                .reading
                .relation
                .lacks(name, all().map(|column| column.name()));
            return Err(Error::user(lacks.at(&key.place)));
        };
        if ![Type::INT2, Type::INT4, Type::INT8].contains(column.type_()) {
            let problem = self.reading.relation.no_number(key, column.type_());
            return Err(Error::user(problem));
        }
        // Of views and queries only the server knows.
        if let Some(entry) = entry.filter(|entry| ["r", "p", "m"].contains(&entry.kind.as_str())) {
            let asked = async {
                let client = self.client;
                client.query_one(INDEXED, &[&entry.oid, &name]).await
            };
            if !self.reading.ask(asked).await?.get::<_, bool>(0) {
                let problem = self.reading.relation.no_index(key, "CREATE INDEX ON …");
                return Err(Error::user(problem));
            }
        }
        Ok(name.to_string())
    }

    async fn primary_key(&self, entry: &Entry) -> Result<Option<String>> {
        let answer = self.reading.ask(async {
            let client = self.client;
            client
                .query_opt(PRIMARY_KEY, &[&entry.oid, &entry.kind])
                .await
        });
        Ok(answer.await?.map(|row| row.get(0)))
    }

    async fn rows(&self, query: &str, oid: u32) -> Result<Vec<Row>> {
        self.reading.ask(self.client.query(query, &[&oid])).await
    }
}
