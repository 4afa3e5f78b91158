//! The messages of one batch: one buffer and offsets each for values, keys and headers.

use std::ops::Range;

use arrow::buffer::NullBuffer;

use crate::format::cells::Cells;

/// Byte strings, some of which may be null.
#[derive(Debug, Default)]
pub struct Bytes {
    /// The bytes; those of null are of no meaning.
    pub cells: Cells,
    /// Which are there; all of them without.
    pub nulls: Option<NullBuffer>,
}

/// A header of every message.
#[derive(Debug)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub value: HeaderValue,
}

/// What a header holds.
#[derive(Debug)]
pub enum HeaderValue {
    /// The same in every message.
    Fixed(Vec<u8>),
    /// A value a row; no header where it is null.
    Rows(Bytes),
}

/// Rows of one partition that are sent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Where they go.
    pub partition: i32,
    /// Where they stand in `Messages::order`.
    pub rows: Range<usize>,
    /// The batch's row that is sent last before these, for the pace.
    pub first_row: usize,
    /// At most how many bytes their record batch takes.
    pub bytes: usize,
}

/// One batch as messages.
#[derive(Debug, Default)]
pub struct Messages {
    /// What they hold; null is a tombstone.
    pub values: Bytes,
    /// Their keys.
    pub keys: Option<Bytes>,
    /// Their headers.
    pub headers: Vec<Header>,
    /// Milliseconds since 1970; the time of sending without.
    pub times: Option<Vec<i64>>,
    /// The rows, those of a group side by side.
    pub order: Vec<u32>,
    /// What is sent together, in the order of sending.
    pub groups: Vec<Group>,
}

/// How much is sent together.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a group, and of one message.
    pub bytes: usize,
    /// Rows of a group: fewer where a slow pace asks for it.
    pub rows: usize,
}

/// About what the record batch and the fields of a record need beside key, value and headers.
pub const BATCH_OVERHEAD: usize = 61;
const RECORD_OVERHEAD: usize = 26;

impl Bytes {
    /// Value `row`, unless it is null.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let null = self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        (!null).then(|| self.cells.get(row))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    fn size(&self, row: usize) -> usize {
        self.cells.offsets[row + 1] - self.cells.offsets[row]
    }
}

impl Messages {
    /// At most how many bytes the record of a row takes.
    pub fn size(&self, row: usize) -> usize {
        let key = self.keys.as_ref().map_or(0, |keys| keys.size(row));
        let header = |header: &Header| {
            let value = match &header.value {
                HeaderValue::Fixed(value) => value.len(),
                HeaderValue::Rows(values) => values.size(row),
            };
            header.name.len() + value + 10
        };
        let headers: usize = self.headers.iter().map(header).sum();
        RECORD_OVERHEAD + key + self.values.size(row) + headers
    }

    /// Rows that no limit lets through, and their sizes.
    pub fn too_large(&self, limits: Limits) -> Vec<(usize, usize)> {
        let most = limits.bytes.saturating_sub(BATCH_OVERHEAD);
        let sizes = (0..self.values.len()).map(|row| (row, self.size(row)));
        sizes.filter(|(_, size)| *size > most).collect()
    }

    /// Groups of rows that go to partitions in turn, the first one to `turn`.
    pub fn deal(
        &mut self,
        turn: u64,
        partitions: i32,
        limits: Limits,
        keep: &dyn Fn(usize) -> bool,
    ) {
        self.order = (0..self.values.len())
            .filter(|row| keep(*row))
            .map(|row| row as u32)
            .collect();
        let runs = self.cut(0..self.order.len(), limits);
        for (next, (rows, bytes)) in (turn..).zip(runs) {
            let partition = (next % u64::from(partitions.unsigned_abs())) as i32;
            let first_row = self.order[rows.start] as usize;
            self.groups.push(Group {
                partition,
                rows,
                first_row,
                bytes,
            });
        }
    }

    /// Groups of the rows of each partition; every `limits.rows` rows begin anew. Rows without a
    /// partition are dealt in turn, the first one to `turn`.
    pub fn scatter(
        &mut self,
        of: &[Option<i32>],
        turn: u64,
        partitions: i32,
        limits: Limits,
        keep: &dyn Fn(usize) -> bool,
    ) {
        let count = partitions.unsigned_abs() as usize;
        let mut next = turn;
        let mut partition = |row: usize| {
            of[row].map_or_else(
                || {
                    next += 1;
                    ((next - 1) % count as u64) as usize
                },
                |partition| partition as usize,
            )
        };
        let mut buckets: Vec<Vec<u32>> = vec![Vec::new(); count];
        for first in (0..of.len()).step_by(limits.rows.max(1)) {
            let slice = first..of.len().min(first.saturating_add(limits.rows.max(1)));
            for row in slice.filter(|row| keep(*row)) {
                buckets[partition(row)].push(row as u32);
            }
            for (partition, bucket) in buckets.iter_mut().enumerate() {
                let begin = self.order.len();
                self.order.append(bucket);
                for (rows, bytes) in self.cut(begin..self.order.len(), limits) {
                    self.groups.push(Group {
                        partition: partition as i32,
                        rows,
                        first_row: first,
                        bytes,
                    });
                }
            }
        }
    }

    /// Runs of rows within the limits, and their bytes.
    fn cut(&self, rows: Range<usize>, limits: Limits) -> Vec<(Range<usize>, usize)> {
        let most = limits.bytes.saturating_sub(BATCH_OVERHEAD);
        let mut runs = Vec::new();
        let (mut begin, mut bytes) = (rows.start, 0);
        for at in rows.clone() {
            let size = self.size(self.order[at] as usize);
            if at > begin && (bytes + size > most || at - begin >= limits.rows) {
                runs.push((begin..at, BATCH_OVERHEAD + bytes));
                (begin, bytes) = (at, 0);
            }
            bytes += size;
        }
        if begin < rows.end {
            runs.push((begin..rows.end, BATCH_OVERHEAD + bytes));
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(sizes: &[usize]) -> Messages {
        let mut messages = Messages::default();
        for size in sizes {
            let cells = &mut messages.values.cells;
            cells.bytes.extend(std::iter::repeat_n(b'x', *size));
            cells.end();
        }
        messages
    }

    fn groups(messages: &Messages) -> Vec<(i32, Vec<u32>)> {
        let rows = |group: &Group| messages.order[group.rows.clone()].to_vec();
        let groups = messages.groups.iter();
        groups.map(|group| (group.partition, rows(group))).collect()
    }

    #[test]
    fn rows_without_a_key_go_in_turn_within_the_limits() {
        let mut messages = messages(&[10; 5]);
        let limits = Limits {
            bytes: 61 + 2 * 36,
            rows: 100,
        };
        messages.deal(7, 3, limits, &|row| row != 1);
        assert_eq!(groups(&messages), [(1, vec![0, 2]), (2, vec![3, 4])]);
    }

    #[test]
    fn rows_go_to_their_partitions_in_their_order() {
        let mut messages = messages(&[10; 6]);
        let limits = Limits {
            bytes: 1000,
            rows: 4,
        };
        let of = [Some(1), Some(0), Some(1), None, Some(1), None];
        messages.scatter(&of, 5, 2, limits, &|_| true);
        let expected = [(0, vec![1]), (1, vec![0, 2, 3]), (0, vec![5]), (1, vec![4])];
        assert_eq!(groups(&messages), expected);
        assert_eq!(messages.groups[2].first_row, 4);
    }

    #[test]
    fn messages_over_the_limit_are_known() {
        let messages = messages(&[10, 2000, 10]);
        let limits = Limits {
            bytes: 1000,
            rows: 4,
        };
        assert_eq!(messages.too_large(limits), [(1, 2026)]);
    }
}
