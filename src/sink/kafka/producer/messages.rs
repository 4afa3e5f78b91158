//! The messages of one batch: one buffer and offsets each for values, keys and headers.

use std::ops::Range;

use arrow::array::RecordBatch;
use arrow::buffer::NullBuffer;

use super::rows::RowKeys;
use super::times::MessageTimes;
use crate::format::cells::{Cells, Refusal};
use crate::format::message::MessageWriter;

/// Byte strings, some of which may be null.
#[derive(Debug, Default)]
pub struct ByteStrings {
    /// The bytes; those of null are of no meaning.
    pub cells: Cells,
    /// Which are there; all of them without.
    pub nulls: Option<NullBuffer>,
}

/// A header of every message.
#[derive(Debug)]
pub struct MessageHeader {
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
    Rows(ByteStrings),
}

/// Rows of one partition that are sent together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageGroup {
    /// Where they go.
    pub partition: i32,
    /// The rows.
    pub rows: Range<usize>,
    /// Where the first of them stood in the batch, for the pace.
    pub first_row: usize,
    /// At most how many bytes their record batch takes.
    pub bytes: usize,
}

/// One batch as messages.
#[derive(Debug, Default)]
pub struct MessageBatch {
    /// What they hold; null is a tombstone.
    pub values: ByteStrings,
    /// Their keys.
    pub keys: Option<RowKeys>,
    /// Their headers.
    pub headers: Vec<MessageHeader>,
    /// Their times; the time of sending without.
    pub times: Option<MessageTimes>,
    /// What is sent together, in the order of sending.
    pub groups: Vec<MessageGroup>,
}

/// How much is sent together.
#[derive(Debug, Clone, Copy)]
pub struct SendLimits {
    /// Bytes of a group, and of one message.
    pub bytes: usize,
    /// The batch's rows that a group may be of: fewer where a slow pace asks for it.
    pub rows: usize,
}

/// About what the record batch and the fields of a record need beside key, value and headers.
// 61 bytes are the header of a record batch of version 2, from `baseOffset` to the number of
// records.
pub const BATCH_OVERHEAD: usize = 61;
// More than a record's own fields take, so that a group's bytes need no slack beyond this sum.
const RECORD_OVERHEAD: usize = 26;

impl ByteStrings {
    /// What a writer makes of rows, in the room of a used buffer.
    ///
    /// # Errors
    /// The first row that the format refuses.
    pub fn written(
        writer: &dyn MessageWriter,
        batch: &RecordBatch,
        room: Vec<u8>,
    ) -> Result<Self, Refusal> {
        let mut cells = Cells::reuse(room);
        let nulls = writer.write(batch, &mut cells)?;
        Ok(Self { cells, nulls })
    }

    /// Value `row`, unless it is null.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let null = self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
        (!null).then(|| self.cells.get(row))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// These, in this order.
    #[must_use]
    pub fn picked(&self, rows: impl ExactSizeIterator<Item = usize> + Clone) -> Self {
        let mut cells = Cells::default();
        cells.bytes.reserve(self.cells.bytes.len());
        cells.offsets.reserve(rows.len());
        for row in rows.clone() {
            cells.bytes.extend_from_slice(self.cells.get(row));
            cells.end();
        }
        let nulls = self.nulls.as_ref();
        let nulls = nulls.map(|nulls| rows.map(|row| nulls.is_valid(row)).collect());
        Self { cells, nulls }
    }

    /// The bytes of some that stand side by side.
    pub fn size(&self, rows: Range<usize>) -> usize {
        self.cells.offsets[rows.end] - self.cells.offsets[rows.start]
    }
}

impl SendLimits {
    /// The most bytes that the records of a group may take.
    fn records(self) -> usize {
        self.bytes.saturating_sub(BATCH_OVERHEAD)
    }
}

impl MessageBatch {
    /// At most how many bytes the records of these rows take.
    pub fn size(&self, rows: Range<usize>) -> usize {
        let count = rows.len();
        let keys = self.keys.as_ref();
        let keys = keys.map_or(0, |keys| keys.size(rows.clone()));
        let header = |header: &MessageHeader| {
            let values = match &header.value {
                HeaderValue::Fixed(value) => count * value.len(),
                HeaderValue::Rows(values) => values.size(rows.clone()),
            };
            // Two varints of lengths, each of at most five bytes.
            count * (header.name.len() + 10) + values
        };
        let headers: usize = self.headers.iter().map(header).sum();
        count * RECORD_OVERHEAD + keys + self.values.size(rows.clone()) + headers
    }

    /// The bytes of the keys and values of these rows, as they are before compression.
    pub fn payload(&self, rows: Range<usize>) -> usize {
        let length = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let values = match self.values.nulls {
            None => self.values.size(rows.clone()),
            Some(_) => rows.clone().map(|row| length(self.values.get(row))).sum(),
        };
        let keys = self.keys.as_ref().map_or(0, |keys| {
            rows.map(|row| length(keys.get(row))).sum::<usize>()
        });
        values + keys
    }

    /// Rows that no limit lets through, and their sizes.
    pub fn too_large(&self, limits: SendLimits) -> Vec<(usize, usize)> {
        let (rows, most) = (self.values.len(), limits.records());
        // All rows together being within the limit of one is the usual case: then nothing is looked
        // at one by one.
        if self.size(0..rows) <= most {
            return Vec::new();
        }
        let sizes = (0..rows).map(|row| (row, self.size(row..row + 1)));
        sizes.filter(|(_, size)| *size > most).collect()
    }

    /// Runs of rows within the limits, and their bytes. `place` is where a row stood in the batch:
    /// a run is of one slice of `limits.rows` there. At a pace a run has times of its own, or that of
    /// its sending for all its rows, which is not known yet.
    pub fn cut(
        &self,
        limits: SendLimits,
        place: impl Fn(usize) -> usize,
    ) -> Vec<(Range<usize>, usize)> {
        let (rows, most) = (self.values.len(), limits.records());
        let all = self.size(0..rows);
        // Most often all rows of a partition in a batch are one group.
        if rows > 0 && all <= most && limits.rows == usize::MAX {
            return vec![(0..rows, BATCH_OVERHEAD + all)];
        }
        let slice = limits.rows.max(1);
        let paced = limits.rows < usize::MAX;
        let times = self.times.as_ref();
        let timed = |row| times.is_some_and(|times| !times.is_null(row));
        let mut runs = Vec::new();
        let (mut begin, mut bytes, mut end) = (0, 0, 0);
        for row in 0..rows {
            let size = self.size(row..row + 1);
            let full = bytes + size > most || place(row) >= end;
            if row > begin && (full || (paced && timed(row) != timed(begin))) {
                runs.push((begin..row, BATCH_OVERHEAD + bytes));
                (begin, bytes) = (row, 0);
            }
            if row == begin {
                end = (place(row) / slice + 1).saturating_mul(slice);
            }
            bytes += size;
        }
        if begin < rows {
            runs.push((begin..rows, BATCH_OVERHEAD + bytes));
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, TimestampMillisecondArray};

    use super::super::times::Sendable;
    use super::*;

    fn messages(sizes: &[usize]) -> MessageBatch {
        let mut messages = MessageBatch::default();
        for size in sizes {
            let cells = &mut messages.values.cells;
            cells.bytes.extend(std::iter::repeat_n(b'x', *size));
            cells.end();
        }
        messages
    }

    #[test]
    fn messages_are_cut_where_a_limit_asks_for_it() {
        let limits = |rows| SendLimits {
            bytes: 61 + 2 * 36,
            rows,
        };
        // The rows stood at 0, 3, 6, 9 and 12.
        let cut = |rows| messages(&[10; 5]).cut(limits(rows), |row| 3 * row);
        assert_eq!(cut(100), [(0..2, 133), (2..4, 133), (4..5, 97)]);
        assert_eq!(cut(4), [(0..2, 133), (2..3, 97), (3..4, 97), (4..5, 97)]);
        assert_eq!(cut(1).len(), 5);
        let whole = messages(&[10; 2]).cut(limits(usize::MAX), |row| row);
        assert_eq!(whole, [(0..2, 133)]);
        assert_eq!(
            messages(&[10; 3]).cut(limits(usize::MAX), |row| row).len(),
            2
        );
        assert_eq!(messages(&[]).cut(limits(usize::MAX), |row| row), []);
    }

    #[test]
    fn at_a_pace_messages_with_and_without_times_are_not_sent_together() {
        let times = [Some(5), None, None, Some(6), Some(7)];
        let column: ArrayRef = Arc::new(TimestampMillisecondArray::from(times.to_vec()));
        let messages = MessageBatch {
            times: Some(MessageTimes::of("t", &column, Sendable::From1970).unwrap()),
            ..messages(&[10; 5])
        };
        let runs = |rows| {
            let cut = messages.cut(SendLimits { bytes: 1000, rows }, |row| row);
            cut.into_iter().map(|(rows, _)| rows).collect::<Vec<_>>()
        };
        assert_eq!(runs(4), [0..1, 1..3, 3..4, 4..5]);
        assert_eq!(runs(usize::MAX).len(), 1);
    }

    #[test]
    fn messages_over_the_limit_are_known() {
        let messages = messages(&[10, 2000, 10]);
        let limits = SendLimits {
            bytes: 1000,
            rows: 4,
        };
        assert_eq!(messages.too_large(limits), [(1, 2026)]);
    }
}
