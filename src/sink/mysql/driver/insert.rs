//! The statements that add rows: many rows each, none longer than the server takes.

use std::ops::Range;

use arrow::datatypes::Schema;

use super::Rows;
use crate::client::mysql::{MysqlNames, TableName, quoted};
use crate::sink::database::{Mode, list};

/// Longer statements are no faster.
const LONGEST: usize = 1 << 20;

/// Room in a packet for what is said before a statement.
const ROOM: usize = 128;

/// What stands around the rows of a statement.
#[derive(Debug, Clone)]
pub(super) struct Insert {
    before: String,
    after: String,
    /// No packet is longer.
    packet: usize,
}

/// Rows of one chunk that go into one statement.
type Share = (usize, Range<usize>);

impl Insert {
    /// Into a table with these columns, through packets of at most so many bytes.
    pub(super) fn new(
        name: &TableName,
        schema: &Schema,
        (mode, key): (Mode, &[&str]),
        packet: usize,
    ) -> Self {
        let before = format!(
            "INSERT INTO {} ({}) VALUES ",
            name.quoted(),
            list::<MysqlNames>(schema)
        );
        let after = match mode {
            Mode::Upsert => on_duplicate_key(schema, key),
            _ => String::new(),
        };
        Self {
            before,
            after,
            packet,
        }
    }

    /// The rows that one statement can hold.
    fn most(&self) -> usize {
        let around = self.before.len() + self.after.len() + ROOM;
        self.packet.saturating_sub(around)
    }

    /// Rows that no statement can hold, counted from the first one of the first chunk, and why.
    pub(super) fn too_long(&self, chunks: &[Rows]) -> Vec<(usize, String)> {
        let most = self.most();
        let (mut wrong, mut first) = (Vec::new(), 0);
        for chunk in chunks {
            let rows = chunk.rows.clone();
            // As a rule not even all of them are.
            if chunk.encoded.rows.size(rows.clone()) > most {
                let long = rows.clone().filter_map(|row| {
                    let size = chunk.encoded.rows.size(row..row + 1);
                    let what = || {
                        format!(
                            "it has {size} bytes as SQL, and the server takes statements of {} (`max_allowed_packet`)",
                            self.packet
                        )
                    };
                    (size > most).then(|| (first + row - rows.start, what()))
                });
                wrong.extend(long);
            }
            first += rows.len();
        }
        wrong
    }

    /// Which rows go into which statement.
    pub(super) fn shares(&self, chunks: &[Rows]) -> Vec<Vec<Share>> {
        let most = self.most().min(LONGEST);
        let (mut statements, mut open, mut bytes) = (Vec::new(), Vec::<Share>::new(), 0);
        for (index, chunk) in chunks.iter().enumerate() {
            let mut rows = chunk.rows.clone();
            while !rows.is_empty() {
                let end = chunk
                    .encoded
                    .rows
                    .fit(rows.clone(), most.saturating_sub(bytes));
                if end == rows.start && !open.is_empty() {
                    statements.push(std::mem::take(&mut open));
                    bytes = 0;
                    continue;
                }
                // One row alone may be longer.
                let share = rows.start..end.max(rows.start + 1);
                bytes += chunk.encoded.rows.size(share.clone());
                rows.start = share.end;
                open.push((index, share));
            }
        }
        statements.extend((!open.is_empty()).then_some(open));
        statements
    }

    /// A statement, behind what is said first.
    pub(super) fn statement(&self, first: &str, chunks: &[Rows], shares: &[Share]) -> Vec<u8> {
        let size = |(chunk, rows): &Share| chunks[*chunk].encoded.rows.size(rows.clone());
        let rows: usize = shares.iter().map(size).sum();
        let mut out = Vec::with_capacity(first.len() + self.before.len() + rows + self.after.len());
        out.extend_from_slice(first.as_bytes());
        out.extend_from_slice(self.before.as_bytes());
        for (chunk, rows) in shares {
            out.extend_from_slice(chunks[*chunk].encoded.rows.rows(rows.clone()));
        }
        // The comma behind the last row.
        out.pop();
        out.extend_from_slice(self.after.as_bytes());
        out
    }
}

/// The last row of each key replaces the one that is there.
fn on_duplicate_key(schema: &Schema, key: &[&str]) -> String {
    let others = schema
        .fields()
        .iter()
        .filter(|field| !key.contains(&field.name().as_str()));
    let mut set: Vec<String> = others
        .map(|field| format!("{0} = VALUES({0})", quoted(field.name())))
        .collect();
    if set.is_empty() {
        // The row that is there stays.
        set.extend(key.first().map(|key| format!("{0} = {0}", quoted(key))));
    }
    format!(" ON DUPLICATE KEY UPDATE {}", set.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Int64Array, RecordBatch};
    use std::sync::Arc;

    fn insert(packet: usize) -> (Insert, RecordBatch) {
        let ids = Arc::new(Int64Array::from_iter_values(0..1000)) as _;
        let batch = RecordBatch::try_from_iter([("id", ids)]).unwrap();
        let name = TableName::parse("t").unwrap();
        let schema = batch.schema();
        (
            Insert::new(&name, &schema, (Mode::Upsert, &["id"]), packet),
            batch,
        )
    }

    #[test]
    fn statements_hold_all_rows_and_none_is_too_long() {
        for packet in [300, 400, 5_000, 1 << 20] {
            let (insert, batch) = insert(packet);
            let chunks = [Rows::of(&batch), Rows::of(&batch.slice(3, 5))];
            assert_eq!(insert.too_long(&chunks), []);
            let statements = insert.shares(&chunks);
            let texts: Vec<String> = statements
                .iter()
                .map(|shares| String::from_utf8(insert.statement("", &chunks, shares)).unwrap())
                .collect();
            assert!(texts.iter().all(|text| text.len() + ROOM <= packet));
            let rows = texts.iter().flat_map(|text| {
                let rows = text.strip_prefix("INSERT INTO `t` (`id`) VALUES ").unwrap();
                let rows = rows
                    .strip_suffix(" ON DUPLICATE KEY UPDATE `id` = `id`")
                    .unwrap();
                rows.split(',')
                    .map(|row| row.trim_matches(['(', ')']).parse().unwrap())
            });
            let rows: Vec<i64> = rows.collect();
            assert!(rows.into_iter().eq((0..1000).chain(3..8)), "{packet}");
        }
    }

    #[test]
    fn a_row_that_no_statement_holds_is_told() {
        let (insert, batch) = insert(200);
        let chunks = [
            Rows::of(&batch.slice(0, 10)),
            Rows::of(&batch.slice(998, 2)),
        ];
        assert_eq!(insert.too_long(&chunks).len(), 0);
        let insert = Insert {
            packet: insert.packet - (insert.most() - 5),
            ..insert
        };
        let told = insert.too_long(&chunks);
        let rows: Vec<usize> = told.iter().map(|(row, _)| *row).collect();
        assert_eq!(rows, [10, 11]);
        assert!(
            told[0]
                .1
                .starts_with("it has 6 bytes as SQL, and the server takes statements of ")
        );
    }
}
