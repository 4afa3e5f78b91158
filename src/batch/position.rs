//! Where the rows of a stream stand in it, for those who tell of a single row: dead letters do.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::Span;

/// Where a row of a stream stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The topic, where the stream has a name.
    pub topic: Option<Arc<str>>,
    /// The partition.
    pub partition: i32,
    /// The offset in it, where that is known.
    pub offset: Option<i64>,
}

/// The offsets of a span's rows: where rows begin whose offsets follow one another, and the first
/// one's offset. Gaps are what was passed over, as the marks of transactions.
#[derive(Debug, Clone, Default)]
pub struct Offsets(Arc<[(usize, i64)]>);

/// Offsets that come one after the other.
#[derive(Debug, Default)]
pub struct Runs {
    begun: Vec<(usize, i64)>,
    rows: usize,
}

impl Position {
    /// Of row `index` of a batch with these spans; nothing where it comes from no stream.
    pub fn of(origin: &[Span], index: usize) -> Option<Self> {
        let span = origin.iter().find(|span| span.rows.contains(&index))?;
        Some(Self {
            topic: span.turn.topic().cloned(),
            partition: span.partition,
            offset: span.offsets.of(index - span.rows.start),
        })
    }

    /// Adds it to what is kept of a row.
    pub fn tell(&self, letter: &mut Map<String, Value>) {
        if let Some(topic) = &self.topic {
            letter.insert("topic".into(), topic.as_ref().into());
        }
        letter.insert("partition".into(), self.partition.into());
        if let Some(offset) = self.offset {
            letter.insert("offset".into(), offset.into());
        }
    }
}

impl Offsets {
    /// The offset of a row of the span, counted from its first one.
    pub fn of(&self, row: usize) -> Option<i64> {
        let behind = self.0.partition_point(|(first, _)| *first <= row);
        let (first, offset) = self.0.get(behind.checked_sub(1)?)?;
        Some(offset + (row - first) as i64)
    }

    /// Those of some rows of the span.
    #[must_use]
    pub fn among(&self, rows: impl Iterator<Item = usize>) -> Self {
        let mut runs = Runs::default();
        rows.filter_map(|row| self.of(row))
            .for_each(|offset| runs.push(offset));
        runs.into()
    }
}

impl Runs {
    /// The next row's.
    pub fn push(&mut self, offset: i64) {
        let follows = |(first, at): &(usize, i64)| at + (self.rows - first) as i64 == offset;
        if !self.begun.last().is_some_and(follows) {
            self.begun.push((self.rows, offset));
        }
        self.rows += 1;
    }

    /// How many there are.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl From<Runs> for Offsets {
    fn from(runs: Runs) -> Self {
        Self(runs.begun.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Turn;

    fn offsets(all: &[i64]) -> Offsets {
        let mut runs = Runs::default();
        all.iter().for_each(|offset| runs.push(*offset));
        assert_eq!(runs.rows(), all.len());
        runs.into()
    }

    #[test]
    fn offsets_have_gaps() {
        let all = [5, 6, 9, 10, 11, 20, 7];
        let some = offsets(&all);
        assert_eq!(some.0.len(), 4);
        for (row, offset) in all.iter().enumerate() {
            assert_eq!(some.of(row), Some(*offset));
        }
        let left = some.among([1, 2, 3, 5].into_iter());
        let left: Vec<_> = (0..4).map(|row| left.of(row)).collect();
        assert_eq!(left, [Some(6), Some(9), Some(10), Some(20)]);
        assert_eq!(Offsets::default().of(0), None);
    }

    #[test]
    fn a_row_knows_where_it_stands() {
        let turn = Arc::new(Turn::of("updates"));
        let span = |partition, rows, all: &[i64]| Span {
            turn: turn.clone(),
            partition,
            from: 0,
            to: 99,
            rows,
            offsets: offsets(all),
        };
        let origin = [
            span(2, 0..0, &[]),
            span(3, 0..2, &[4, 8]),
            span(7, 2..3, &[1]),
        ];
        let told = |index| {
            let mut letter = Map::new();
            if let Some(position) = Position::of(&origin, index) {
                position.tell(&mut letter);
            }
            Value::from(letter).to_string()
        };
        assert_eq!(told(1), r#"{"topic":"updates","partition":3,"offset":8}"#);
        assert_eq!(told(2), r#"{"topic":"updates","partition":7,"offset":1}"#);
        assert_eq!(told(3), "{}");
    }
}
