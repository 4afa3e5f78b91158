//! Asks MySQL how many rows there are, where they are in the order of the key, and which rows they are.

use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{Conn, Value};

use super::super::Relation;
use super::Reading;
use super::columns::Column;
use super::decode::whole;
use crate::error::{Error, Result};
use crate::source::counted::{Among, Counted, Marked};
use crate::source::key_ranges::Group;

/// Whoever counts.
pub(super) struct Count<'s> {
    pub(super) reading: Reading<'s>,
    /// An expression whose sum changes with the rows.
    pub(super) mark: String,
    /// No two rows have the same key, and none is without one.
    pub(super) unique: bool,
}

/// Where nobody asks whether rows are the same.
pub(super) const NOTHING: &str = "0";

/// All values of a row. What is null is told from an empty text.
pub(super) fn of_values(columns: &[Column]) -> String {
    let value = |column: &Column| {
        let name = Relation::column(&column.name);
        format!("{name}, ISNULL({name})")
    };
    let values: Vec<String> = columns.iter().map(value).collect();
    // `CRC32` is MySQL's only hash that is a number. A sum of CRCs hangs on no order, so that the
    // server need not sort; a change goes unseen once in 2^32 times.
    format!("CRC32(CONCAT_WS(CHAR(0), {}))", values.join(", "))
}

impl Count<'_> {
    /// All rows, in no order.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn all(&self, conn: &mut Conn) -> Result<Counted> {
        let count = format!("COUNT(*), CAST(IFNULL(SUM({}), 0) AS CHAR)", self.mark);
        let rows: Vec<(u64, String)> = self
            .query(conn, &self.reading.relation.select(&count))
            .await?;
        let (rows, marks) = rows.into_iter().next().unwrap_or_default();
        Ok(Counted {
            rows,
            ranges: None,
            digest: format!("{rows} {marks}"),
        })
    }

    /// All rows, by their key; nothing where a key is too large for the numbers here.
    ///
    /// # Errors
    /// What the server says; or a key is null, or not alone.
    pub(super) async fn by(&self, conn: &mut Conn, key: &str) -> Result<Option<Counted>> {
        let column = Relation::column(key);
        let dense = self.unique && self.mark == NOTHING;
        let count = if dense { "COUNT(*)" } else { "0" };
        let ends = format!("MIN({column}), MAX({column}), {count}");
        let select = self.reading.relation.select(&ends);
        let asked = conn.exec_first(select, ());
        let row: Option<(Value, Value, u64)> = self.reading.count(asked).await?;
        let Some((least, most, rows)) = row else {
            return Ok(None);
        };
        let (least, most) = match (whole(&least), whole(&most)) {
            (Some(least), Some(most)) => match (i64::try_from(least), i64::try_from(most)) {
                (Ok(least), Ok(most)) => (least, most),
                _ => return Ok(None),
            },
            // There are no rows, or none has a key.
            _ => (0, 0),
        };
        // As many keys as there are numbers between the ends: none is missing, and no pass has to
        // look for gaps.
        if dense && rows > 0 && most.abs_diff(least).checked_add(1) == Some(rows) {
            return Ok(Some(Counted::dense(least..=most)));
        }
        let pass = async |shift, among: Option<&Among>| self.pass(conn, key, shift, among).await;
        let twice = |value| self.reading.relation.twice(key, value);
        let counted = Counted::by_passes(least..=most, pass, twice);
        Ok(Some(counted.await?))
    }

    /// Counts rows by their keys without so many lower bits, all or those whose upper bits are `among`
    /// these. Bits of negative numbers are shifted as those of large ones.
    async fn pass(
        &self,
        conn: &mut Conn,
        key: &str,
        shift: u32,
        among: Option<&Among>,
    ) -> Result<Vec<Marked>> {
        let column = Relation::column(key);
        let count = self.reading.relation.select(&format!(
            "CAST(MIN({column}) AS SIGNED), CAST(MAX({column}) AS SIGNED), COUNT(*), CAST(SUM({}) AS CHAR)",
            self.mark
        ));
        let filter = among.map_or(String::new(), |(shift, starts)| {
            let upper = starts.iter().map(|start| start.cast_unsigned() >> shift);
            let upper: Vec<String> = upper.map(|upper| upper.to_string()).collect();
            format!(" WHERE {column} >> {shift} IN ({})", upper.join(", "))
        });
        let groups = format!("{count}{filter} GROUP BY {column} >> {shift}");
        let rows: Vec<(Option<i64>, Option<i64>, u64, String)> = self.query(conn, &groups).await?;
        let group = |(least, most, rows, marks): (Option<i64>, Option<i64>, u64, String)| {
            let keys = least.zip(most);
            let (least, most) = keys.ok_or_else(|| Error::user(self.reading.relation.null(key)))?;
            let keys = least..=most;
            Ok((Group { keys, rows }, marks))
        };
        rows.into_iter().map(group).collect()
    }

    async fn query<R: FromRow + Send + 'static>(
        &self,
        conn: &mut Conn,
        statement: &str,
    ) -> Result<Vec<R>> {
        self.reading.count(conn.query(statement)).await
    }
}
