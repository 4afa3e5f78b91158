//! The table that rows go to: what it is like, and whether rows fit.

use std::collections::HashMap;

use arrow::datatypes::Schema;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Statement};

use super::copy;
use crate::client::postgres::{TableName, quoted};
use crate::error::did_you_mean;

/// A column of the table.
struct Column {
    name: String,
    /// Rows need a value for it.
    needed: bool,
    /// The server makes its values, and takes none.
    generated: bool,
}

/// True if there is a schema of this name.
pub(super) async fn has_schema(
    client: &Client,
    schema: &str,
) -> Result<bool, tokio_postgres::Error> {
    let found = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    Ok(client.query_one(found, &[&schema]).await?.get(0))
}

/// True if it has no row.
pub(super) async fn is_empty(
    client: &Client,
    name: &TableName,
) -> Result<bool, tokio_postgres::Error> {
    let query = format!("SELECT NOT EXISTS (SELECT FROM {})", name.quoted());
    Ok(client.query_one(&query, &[]).await?.get(0))
}

/// The types of the columns that are written, or everything about the table that does not fit.
pub(super) async fn types(
    client: &Client,
    name: &TableName,
    schema: &Schema,
) -> Result<Result<Vec<Type>, Vec<String>>, tokio_postgres::Error> {
    let columns = columns(client, name).await?;
    let mut faults = misfits(name, schema, &columns);
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let statement = select(client, name, schema).await?;
    let types: Vec<Type> = statement
        .columns()
        .iter()
        .map(|one| one.type_().clone())
        .collect();
    for (field, target) in schema.fields().iter().zip(&types) {
        if let Err(fault) = copy::fits(field.data_type(), target) {
            faults.push(format!(
                "column `{}` of table {name}: {fault}",
                field.name()
            ));
        }
    }
    Ok(if faults.is_empty() {
        Ok(types)
    } else {
        Err(faults)
    })
}

async fn select(
    client: &Client,
    name: &TableName,
    schema: &Schema,
) -> Result<Statement, tokio_postgres::Error> {
    let select = format!("SELECT {} FROM {}", list(schema), name.quoted());
    client.prepare(&select).await
}

/// The names of the columns, as SQL lists them.
pub(super) fn list(schema: &Schema) -> String {
    let names = schema.fields().iter().map(|field| quoted(field.name()));
    names.collect::<Vec<_>>().join(", ")
}

/// True if an index says that no value of a column is there twice.
pub(super) async fn is_unique(
    client: &Client,
    name: &TableName,
    column: &str,
) -> Result<bool, tokio_postgres::Error> {
    let query = "SELECT EXISTS (SELECT FROM pg_index \
                 JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] \
                 WHERE indrelid = to_regclass($1) AND attname = $2 \
                 AND indisunique AND indisvalid AND indpred IS NULL AND indnkeyatts = 1)";
    Ok(client
        .query_one(query, &[&name.quoted(), &column])
        .await?
        .get(0))
}

/// The types of the columns, as casts spell them.
pub(super) async fn spelled(
    client: &Client,
    name: &TableName,
    schema: &Schema,
) -> Result<Vec<String>, tokio_postgres::Error> {
    let query = "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
                 WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let rows = client.query(query, &[&name.quoted()]).await?;
    let types: HashMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let spelled = schema.fields().iter();
    let spelled = spelled.map(|field| types.get(field.name()).cloned().unwrap_or_default());
    Ok(spelled.collect())
}

async fn columns(client: &Client, name: &TableName) -> Result<Vec<Column>, tokio_postgres::Error> {
    // Servers before 12 have no generated columns, and no word for them.
    let query = "SELECT attname::text, attnotnull AND NOT atthasdef AND attidentity = '', \
                 coalesce(to_jsonb(a) ->> 'attgenerated', '') <> '' \
                 FROM pg_attribute a WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let rows = client.query(query, &[&name.quoted()]).await?;
    let column = |row: &tokio_postgres::Row| Column {
        name: row.get(0),
        needed: row.get(1),
        generated: row.get(2),
    };
    Ok(rows.iter().map(column).collect())
}

/// Columns that one side has and the other one lacks.
fn misfits(name: &TableName, schema: &Schema, columns: &[Column]) -> Vec<String> {
    let mut faults = Vec::new();
    for field in schema.fields() {
        if !columns.iter().any(|column| column.name == *field.name()) {
            let names = columns.iter().map(|column| column.name.as_str());
            let hint = did_you_mean(field.name(), names).map(|hint| format!("; {hint}"));
            faults.push(format!(
                "table {name} has no column `{}`{}",
                field.name(),
                hint.unwrap_or_default()
            ));
        }
    }
    for column in columns.iter().filter(|column| column.generated) {
        if schema.field_with_name(&column.name).is_ok() {
            faults.push(format!(
                "column `{}` of table {name} is generated there and takes no value: leave it out of the sink's `columns`",
                column.name
            ));
        }
    }
    for column in columns.iter().filter(|column| column.needed) {
        if schema.field_with_name(&column.name).is_err() {
            faults.push(format!(
                "column `{}` of table {name} needs a value, and the pipeline has no such column",
                column.name
            ));
        }
    }
    faults
}
