//! The table that rows go to: what it is like, and whether rows fit.

use arrow::datatypes::Schema;
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error as Refusal};

use super::fits::fits;
use crate::client::mysql::{TableName, literal};
use crate::sink::database::misfits::{generated, misfits};

/// A column of the table.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    pub(super) name: String,
    /// Its type without what stands behind it: `decimal`.
    pub(super) kind: String,
    /// Its type as it is shown: `decimal(10,2)`.
    pub(super) shown: String,
    /// Rows need a value for it.
    pub(super) needed: bool,
    /// The server makes its values, and takes none.
    pub(super) generated: bool,
    /// Of texts, which characters it has.
    pub(super) charset: Option<String>,
    /// Digits of times behind the second.
    pub(super) fraction: u8,
    /// Digits of decimals behind the point.
    pub(super) scale: u8,
    /// Characters or bytes at most.
    pub(super) length: u64,
}

/// What a row of `information_schema.columns` says.
type Told = (
    String,
    String,
    String,
    bool,
    bool,
    u8,
    u8,
    u64,
    Option<String>,
);

/// Where the catalogue has the table.
fn place(name: &TableName) -> String {
    let database = literal(name.schema().unwrap_or_default());
    format!(
        "table_schema = {database} AND table_name = {}",
        literal(name.table())
    )
}

/// The columns of a table.
pub(super) async fn columns(conn: &mut Conn, name: &TableName) -> Result<Vec<Column>, Refusal> {
    let query = format!(
        "SELECT column_name, data_type, column_type, \
         is_nullable = 'NO' AND column_default IS NULL AND extra NOT LIKE '%auto_increment%' AND extra NOT LIKE '%GENERATED%', \
         extra LIKE '%VIRTUAL%' OR extra LIKE '%STORED%' OR extra LIKE '%PERSISTENT%', \
         IFNULL(datetime_precision, 0), IFNULL(numeric_scale, 0), IFNULL(character_maximum_length, 0), \
         character_set_name FROM information_schema.columns WHERE {} ORDER BY ordinal_position",
        place(name)
    );
    let rows: Vec<Told> = conn.query(query).await?;
    let column =
        |(name, kind, shown, needed, generated, fraction, scale, length, charset)| Column {
            name,
            kind,
            shown,
            needed,
            generated,
            charset,
            fraction,
            scale,
            length,
        };
    Ok(rows.into_iter().map(column).collect())
}

/// Whether exactly these columns tell rows apart, and the name of another index that does, if there is one.
pub(super) async fn is_unique(
    conn: &mut Conn,
    name: &TableName,
    key: &[&str],
) -> Result<(bool, Option<String>), Refusal> {
    let query = format!(
        "SELECT index_name, column_name FROM information_schema.statistics WHERE {} AND non_unique = 0",
        place(name)
    );
    let rows: Vec<(String, Option<String>)> = conn.query(query).await?;
    let of_index = |index: &str| {
        let own = rows.iter().filter(|(name, _)| name == index);
        own.map(|(_, column)| column.as_deref()).collect::<Vec<_>>()
    };
    let is_of_key = |index: &str| {
        let columns = of_index(index);
        let has = |column: &&str| columns.iter().flatten().any(|one| same(one, column));
        columns.len() == key.len() && key.iter().all(has)
    };
    let other = rows.iter().find(|(index, _)| !is_of_key(index));
    Ok((
        rows.iter().any(|(index, _)| is_of_key(index)),
        other.map(|(index, _)| index.clone()),
    ))
}

/// What keeps the rows, if it has no transactions.
pub(super) async fn without_transactions(
    conn: &mut Conn,
    name: &TableName,
) -> Result<Option<String>, Refusal> {
    let query = format!(
        "SELECT engine FROM information_schema.engines WHERE transactions = 'NO' AND engine = \
         (SELECT engine FROM information_schema.tables WHERE {})",
        place(name)
    );
    conn.query_first(query).await
}

/// Columns that are sent as their bytes, or everything about the table that does not fit.
pub(super) fn compared(
    name: &TableName,
    schema: &Schema,
    columns: &[Column],
) -> Result<Vec<String>, Vec<String>> {
    // Those that are generated are told one by one, with what else is wrong with their fields.
    let there = columns
        .iter()
        .map(|one| (one.name.as_str(), one.needed, false));
    let mut faults = misfits(name, schema, &there.collect::<Vec<_>>(), same);
    let mut bytes = Vec::new();
    for field in schema.fields() {
        let Some(column) = columns
            .iter()
            .find(|column| same(&column.name, field.name()))
        else {
            continue;
        };
        match fits(field, column) {
            _ if column.generated => faults.push(generated(name, &column.name)),
            Ok(true) => bytes.push(field.name().clone()),
            Ok(false) => {}
            Err(fault) => faults.push(format!(
                "column `{}` of table {name}: {fault}",
                field.name()
            )),
        }
    }
    match faults.is_empty() {
        true => Ok(bytes),
        false => Err(faults),
    }
}

/// Names of columns are equal in any case.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
