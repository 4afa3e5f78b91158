//! The table that rows go to: what it is like, and whether rows fit.

use std::collections::HashMap;

use arrow::datatypes::Schema;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error as Refusal, Statement};

use super::copy;
use crate::client::postgres::{PostgresNames, TableName};
use crate::sink::database::list;
use crate::sink::database::misfits::misfits;

/// True if there is a schema of this name.
pub(super) async fn has_schema(client: &Client, schema: &str) -> Result<bool, Refusal> {
    let found = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    Ok(client.query_one(found, &[&schema]).await?.get(0))
}

/// The types of the columns that are written, or everything about the table that does not fit.
pub(super) async fn types(
    client: &Client,
    name: &TableName,
    schema: &Schema,
) -> Result<Result<Vec<Type>, Vec<String>>, Refusal> {
    let columns = columns(client, name).await?;
    let there = columns.iter();
    let there = there.map(|(name, needed, generated)| (name.as_str(), *needed, *generated));
    let mut faults = misfits(name, schema, &there.collect::<Vec<_>>(), |a, b| a == b);
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

async fn select(client: &Client, name: &TableName, schema: &Schema) -> Result<Statement, Refusal> {
    let select = format!(
        "SELECT {} FROM {}",
        list::<PostgresNames>(schema),
        name.quoted()
    );
    client.prepare(&select).await
}

/// True if an index says that no value of a column is there twice.
pub(super) async fn is_unique(
    client: &Client,
    name: &TableName,
    column: &str,
) -> Result<bool, Refusal> {
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
) -> Result<Vec<String>, Refusal> {
    let query = "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
                 WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let rows = client.query(query, &[&name.quoted()]).await?;
    let types: HashMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let spelled = schema.fields().iter();
    let spelled = spelled.map(|field| types.get(field.name()).cloned().unwrap_or_default());
    Ok(spelled.collect())
}

/// The columns of a table: their names, whether rows need values for them, and whether the server makes those.
async fn columns(client: &Client, name: &TableName) -> Result<Vec<(String, bool, bool)>, Refusal> {
    // Servers before 12 have no generated columns, and no word for them.
    let query = "SELECT attname::text, attnotnull AND NOT atthasdef AND attidentity = '', \
                 coalesce(to_jsonb(a) ->> 'attgenerated', '') <> '' \
                 FROM pg_attribute a WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped";
    let rows = client.query(query, &[&name.quoted()]).await?;
    let columns = rows.iter().map(|row| (row.get(0), row.get(1), row.get(2)));
    Ok(columns.collect())
}
