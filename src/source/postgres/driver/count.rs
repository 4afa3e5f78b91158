//! Asks PostgreSQL how many rows there are, where they are in the order of the key, and which rows they are.

use tokio_postgres::{Client, Row};

use super::super::Relation;
use super::Reading;
use crate::error::{Error, Result};
use crate::source::counted::{Among, Counted, Marked};
use crate::source::key_ranges::Group;

/// Whoever counts.
pub(super) struct Count<'s> {
    pub(super) client: &'s Client,
    pub(super) reading: Reading<'s>,
    /// An expression whose sum changes with the rows.
    pub(super) mark: &'static str,
    /// No two rows have the same key, and none is without one.
    pub(super) unique: bool,
}

/// Which transaction has written a row, of what is stored: an update is a row of another one.
pub(super) const OF_TRANSACTION: &str = "hashtext(\"rowgen rows\".xmin::text)";

/// Where nobody asks whether they are the same.
pub(super) const NOTHING: &str = "0";

/// All values of a row, of what is computed.
pub(super) const OF_VALUES: &str = "hashtextextended(\"rowgen rows\"::text, 0)";

impl Count<'_> {
    /// All rows, in no order.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn all(&self) -> Result<Counted> {
        let count = format!("count(*), coalesce(sum({}), 0)::text", self.mark);
        let rows = self.query(&self.reading.relation.select(&count)).await?;
        let row = rows.first();
        let rows = row.map_or(0, |row| row.get::<_, i64>(0)).cast_unsigned();
        let marks: String = row.map(|row| row.get(1)).unwrap_or_default();
        Ok(Counted {
            rows,
            ranges: None,
            digest: format!("{rows} {marks}"),
        })
    }

    /// All rows, by their key.
    ///
    /// # Errors
    /// What the server says; or a key is null, or not alone.
    pub(super) async fn by(&self, key: &str) -> Result<Counted> {
        let column = Relation::column(key);
        let ends = format!("min({column})::int8, max({column})::int8");
        let counts = match self.unique && self.mark == NOTHING {
            true => ", count(*)",
            false => ", 0::int8",
        };
        let ends = self
            .query(&self.reading.relation.select(&(ends + counts)))
            .await?;
        let end = |at| ends.first().and_then(|row| row.get::<_, Option<i64>>(at));
        let rows = end(2).unwrap_or_default().cast_unsigned();
        if let (Some(least), Some(most)) = (end(0), end(1))
            && most.abs_diff(least).checked_add(1) == Some(rows)
        {
            // No key is missing between the ends: no pass has to look for gaps.
            return Ok(Counted::dense(least..=most));
        }
        // There may be no rows, or none that has a key.
        let keys = end(0).unwrap_or(0)..=end(1).unwrap_or(0);
        let pass = async |shift, among: Option<&Among>| self.pass(key, shift, among).await;
        let twice = |value| self.reading.relation.twice(key, value);
        Counted::by_passes(keys, pass, twice).await
    }

    /// Counts rows by their keys without so many lower bits, all or those whose upper bits are `among`
    /// these.
    async fn pass(&self, key: &str, shift: u32, among: Option<&Among>) -> Result<Vec<Marked>> {
        let column = Relation::column(key);
        let mark = self.mark;
        let count = self.reading.relation.select(&format!(
            "min({column})::int8, max({column})::int8, count(*), sum({mark})::text"
        ));
        let filter = among.map_or(String::new(), |(shift, starts)| {
            let upper = starts.iter().map(|start| start >> shift);
            let upper: Vec<String> = upper.map(|upper| format!("'{upper}'::int8")).collect();
            format!(" WHERE {column}::int8 >> {shift} IN ({})", upper.join(", "))
        });
        let groups = format!("{count}{filter} GROUP BY {column}::int8 >> {shift}");
        let rows = self.query(&groups).await?;
        let group = |row: &Row| {
            let least: Option<i64> = row.get(0);
            let least = least.ok_or_else(|| Error::user(self.reading.relation.null(key)))?;
            let group = Group {
                keys: least..=row.get(1),
                rows: row.get::<_, i64>(2).cast_unsigned(),
            };
            Ok((group, row.get(3)))
        };
        rows.iter().map(group).collect()
    }

    async fn query(&self, statement: &str) -> Result<Vec<Row>> {
        self.reading.count(self.client.query(statement, &[])).await
    }
}
