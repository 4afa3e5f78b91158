//! What there is to read: the table, its columns, its key.

use arrow::datatypes::Schema;
use mysql_async::consts::ColumnFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Column as Told, Conn, Error as Refusal};

use super::Reading;
use super::columns::{Column, columns, schema};
use super::count::{Count, NOTHING, of_values};
use crate::client::mysql::{TableName, answer, literal};
use crate::client::server::Server;
use crate::error::{Error, Result};
use crate::place::{Placed, Text};
use crate::source::Asked;
use crate::source::counted::Counted;

/// Tables that a user may have meant.
const TABLES: &str = "SELECT table_schema, table_name FROM information_schema.tables \
    WHERE table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys') LIMIT 10000";

/// There is no such table.
const ABSENT: u16 = 1146;

/// What was found.
pub(super) struct Found {
    pub(super) columns: Vec<Column>,
    /// The columns as they are found.
    pub(super) schema: Schema,
    pub(super) key: Option<String>,
    pub(super) counted: Counted,
}

impl Reading<'_> {
    /// Looks at the table or the query, and counts its rows.
    ///
    /// # Errors
    /// It is not there, may not be read, or is not as the pipeline says.
    pub(super) async fn look(
        &self,
        conn: &mut Conn,
        key: Option<&Placed<Text>>,
        asked: &Asked<'_>,
    ) -> Result<Found> {
        let told = self.told(conn).await?;
        let columns = columns(&told, self.relation, (asked.types, asked.only_read))?;
        let said = key.is_some();
        let key = match key {
            Some(key) => Some(self.checked(conn, key, &columns).await?),
            None => primary_key(&told, &columns),
        };
        let count = Count {
            reading: *self,
            mark: match asked.only_read {
                true => NOTHING.into(),
                false => of_values(&columns),
            },
            unique: !said,
        };
        let by_key = match &key {
            Some(key) => count.by(conn, key).await?,
            None => None,
        };
        let (key, counted) = match by_key {
            Some(counted) => (key, counted),
            None => (None, count.all(conn).await?),
        };
        Ok(Found {
            schema: schema(&columns),
            counted,
            columns,
            key,
        })
    }

    /// The columns as the server tells them.
    async fn told(&self, conn: &mut Conn) -> Result<Vec<Told>> {
        // Prepared, and never run: the answer has the names, types, flags and character sets of a
        // query's columns as well as of a table's.
        let all = format!("{} LIMIT 0", self.relation.select("*"));
        let asked = async {
            let statement = conn.prep(all).await?;
            let columns = statement.columns().to_vec();
            conn.close(statement).await?;
            Ok(columns)
        };
        let absent = |error: &Refusal| answer(error).is_some_and(|said| said.code == ABSENT);
        let asked = async {
            match (asked.await, self.relation.table()) {
                (Err(error), Some(name)) if absent(&error) => Ok(Err(name)),
                (told, _) => told.map(Ok),
            }
        };
        match self.ask(asked).await? {
            Ok(told) => Ok(told),
            Err(name) => Err(self.no_table(conn, name).await?),
        }
    }

    async fn no_table(&self, conn: &mut Conn, name: &TableName) -> Result<Error> {
        let others: Vec<(String, String)> = self.ask(conn.query(TABLES)).await?;
        let own = self.patience.database.schema();
        let names = others.iter().map(|(schema, table)| match own {
            Some(own) if own == schema => table.clone(),
            _ => format!("{schema}.{table}"),
        });
        Ok(self.absent(name, &names.collect::<Vec<_>>()))
    }

    /// A key that the pipeline names.
    async fn checked(
        &self,
        conn: &mut Conn,
        key: &Placed<Text>,
        columns: &[Column],
    ) -> Result<String> {
        let name = key.as_str();
        let Some(column) = columns.iter().find(|column| column.name == name) else {
            let names = columns.iter().map(|column| column.name.as_str());
            return Err(Error::user(self.relation.lacks(name, names).at(&key.place)));
        };
        if !column.kind.is_whole() {
            let is = crate::column::show_type(&column.kind.data_type());
            return Err(Error::user(self.relation.no_number(key, is)));
        }
        if let Some(table) = self.relation.table()
            && !self.is_indexed(conn, table, name).await?
        {
            let problem = self.relation.no_index(key, "CREATE INDEX … ON …");
            return Err(Error::user(problem));
        }
        Ok(name.to_string())
    }

    /// Whether rows can be found by a column. Of views only the server knows.
    async fn is_indexed(&self, conn: &mut Conn, table: &TableName, column: &str) -> Result<bool> {
        let (schema, table) = (
            literal(table.schema().unwrap_or_default()),
            literal(table.table()),
        );
        let column = literal(column);
        let query = format!(
            "SELECT EXISTS (SELECT 1 FROM information_schema.statistics WHERE table_schema = {schema} \
             AND table_name = {table} AND column_name = {column} AND seq_in_index = 1) \
             OR EXISTS (SELECT 1 FROM information_schema.tables WHERE table_schema = {schema} \
             AND table_name = {table} AND table_type <> 'BASE TABLE')"
        );
        let found: Option<bool> = self.ask(conn.query_first(query)).await?;
        Ok(found.unwrap_or(false))
    }
}

/// The primary key, if it is one column of whole numbers that is read as such.
fn primary_key(told: &[Told], columns: &[Column]) -> Option<String> {
    let parts = told.iter().zip(columns);
    let mut parts = parts.filter(|(told, _)| told.flags().contains(ColumnFlags::PRI_KEY_FLAG));
    let (_, column) = parts.next()?;
    (parts.next().is_none() && column.kind.is_whole()).then(|| column.name.clone())
}
