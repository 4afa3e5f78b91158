//! What there is to read: the table, its columns, its key.

use std::collections::HashMap;

use arrow::datatypes::Schema;
use mysql_async::consts::ColumnFlags;
use mysql_async::prelude::Queryable;
use mysql_async::{Column as Told, Conn, Error as Refusal};

use super::super::Relation;
use super::columns::{Column, columns, schema};
use super::count::{Count, NOTHING, of_values};
use super::session::{NEVER, patient};
use crate::client::mysql::{Database, Offsets, Patience, TableName, answer, literal};
use crate::error::{Error, Problem, Result, did_you_mean};
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

/// Whoever looks.
pub(super) struct Look<'s> {
    pub(super) database: &'s Database,
    pub(super) relation: &'s Relation,
}

impl Look<'_> {
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
            patience: self.patience(),
            relation: self.relation,
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

    /// How far a load into it is.
    pub(super) async fn progress(
        &self,
        conn: &mut Conn,
        load: &str,
    ) -> Result<Option<HashMap<i32, i64>>> {
        let Some(table) = self.relation.table() else {
            return Ok(None);
        };
        let read = self.ask(Offsets::new(table, load).read(conn)).await?;
        Ok(Some(read))
    }

    /// The columns as the server tells them.
    async fn told(&self, conn: &mut Conn) -> Result<Vec<Told>> {
        let all = format!("{} LIMIT 0", self.relation.select("*"));
        let asked = async {
            let statement = conn.prep(all).await?;
            let columns = statement.columns().to_vec();
            conn.close(statement).await?;
            Ok(columns)
        };
        let absent = |error: &Refusal| answer(error).is_some_and(|said| said.code == ABSENT);
        let waited = self.patience().wait(None, asked).await;
        let told: Result<Vec<Told>, Refusal> =
            waited.map_err(|gone| self.database.unanswered(&self.doing(), &gone.into()))?;
        match (told, self.relation.table()) {
            (Err(error), Some(name)) if absent(&error) => Err(self.absent(conn, name).await?),
            (Err(error), _) => {
                let said = self.database.error(&self.doing(), &error);
                Err(said.at(&self.relation.place))
            }
            (Ok(told), _) => Ok(told),
        }
    }

    async fn absent(&self, conn: &mut Conn, name: &TableName) -> Result<Error> {
        let others: Vec<(String, String)> = self.ask(conn.query(TABLES)).await?;
        let own = self.database.schema();
        let names = others.iter().map(|(schema, table)| match schema == own {
            true => table.clone(),
            false => format!("{schema}.{table}"),
        });
        let names: Vec<String> = names.collect();
        let near = did_you_mean(&name.to_string(), names.iter().map(String::as_str));
        let what = format!("there is no table {name} in {}", self.database.name());
        let problem = Problem::new(what).maybe_hint(near);
        Ok(Error::user(problem.at(&self.relation.place)))
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
        let what = self.relation;
        if !column.kind.is_whole() {
            let is = crate::column::show_type(&column.kind.data_type());
            let message =
                format!("column `{name}` of {what} is {is}, and a `key` is a whole number");
            let hint = "leave `key` out: the rows are read over one connection then";
            return Err(Error::user(Problem::new(message).at(&key.place).hint(hint)));
        }
        if let Some(table) = what.table()
            && !self.is_indexed(conn, table, name).await?
        {
            let message = format!(
                "{what} has no index by `{name}`: each part of it would be looked for in all of its rows"
            );
            let hint = format!("make one, `CREATE INDEX … ON … ({name})`, or leave `key` out");
            return Err(Error::user(Problem::new(message).at(&key.place).hint(hint)));
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

    fn patience(&self) -> Patience<'_> {
        Patience::new(self.database, &NEVER)
    }

    fn doing(&self) -> String {
        format!("looking at {}", self.relation)
    }

    async fn ask<T>(&self, asked: impl Future<Output = Result<T, Refusal>>) -> Result<T> {
        let answer = patient(&self.patience(), &self.doing(), None, asked).await;
        answer.map_err(|error| error.at(&self.relation.place))
    }
}

/// The primary key, if it is one column of whole numbers that is read as such.
fn primary_key(told: &[Told], columns: &[Column]) -> Option<String> {
    let parts = told.iter().zip(columns);
    let mut parts = parts.filter(|(told, _)| told.flags().contains(ColumnFlags::PRI_KEY_FLAG));
    let (_, column) = parts.next()?;
    (parts.next().is_none() && column.kind.is_whole()).then(|| column.name.clone())
}
