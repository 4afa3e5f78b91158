//! Where rows came from, as a transaction commits it, and the offsets of tables that are made.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use super::Part;
use super::piece::{Piece, behind};
use crate::batch::{Offsets, RowNumbers, Span, Turn};
use crate::error::{Error, Result};

/// Puts spans that follow one another together, so that the transaction moves the offset of each
/// partition once, however many batches it has. Their rows are only counted.
///
/// # Errors
/// A source that left something out between two spans of a turn.
pub(super) fn merged<'a>(spans: impl Iterator<Item = &'a Span>) -> Result<Vec<Span>> {
    let mut partitions: BTreeMap<i32, Vec<Span>> = BTreeMap::new();
    for span in spans {
        let before = partitions.entry(span.partition).or_default();
        match before.last_mut() {
            Some(last) if last.is_of(span) => {
                // To commit over a gap would lose the rows in it without a word. Offsets that a
                // source passes over on purpose lie within a span, so that a gap is a fault of the
                // program.
                if last.to != span.from {
                    return Err(gap(last, span));
                }
                last.to = span.to;
                last.rows.end += span.rows.len();
            }
            _ => before.push(Span {
                rows: 0..span.rows.len(),
                ..span.clone()
            }),
        }
    }
    Ok(partitions.into_values().flatten().collect())
}

fn gap(last: &Span, span: &Span) -> Error {
    let (partition, to, from) = (span.partition, last.to, span.from);
    Error::run(format!(
        "partition {partition} went on at offset {from} after {to}, which is a bug of rowgen"
    ))
}

/// The offsets of a table that is made: the partition is the session, or the shard of changes, the offset
/// the row behind its last one.
#[derive(Debug)]
pub(super) struct MadeOffsets {
    partitions: Vec<Share>,
}

#[derive(Debug)]
struct Share {
    turn: Arc<Turn>,
    /// What the sink's table says, or what this run has come to.
    reached: Option<i64>,
}

impl MadeOffsets {
    /// A load that goes on behind these offsets.
    pub(super) fn new(partitions: usize, offsets: &HashMap<i32, i64>) -> Self {
        let share = |partition| Share {
            turn: Arc::new(Turn::new()),
            reached: offsets.get(&(partition as i32)).copied(),
        };
        Self {
            partitions: (0..partitions).map(share).collect(),
        }
    }

    /// What the next rows of a session, or of the shards of changes, come from; nothing where there are
    /// none, or where another run has committed them.
    ///
    /// # Errors
    /// The run before had batches of another size, or rows do not follow one another.
    pub(super) fn spans<C: Part>(&mut self, session: usize, piece: &Piece<C>) -> Result<Vec<Span>> {
        let rows = 0..piece.chunk().rows();
        let Some(shards) = piece.shards() else {
            let span = self.span(session, piece.place(), rows, false)?;
            return Ok(span.into_iter().collect());
        };
        let spans = shards
            .iter()
            .map(|(shard, rows)| self.span(*shard, piece.place(), rows.clone(), true));
        Ok(spans
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    /// `cuts`: some of the rows may be there already.
    fn span(
        &mut self,
        partition: usize,
        place: &RowNumbers,
        rows: Range<usize>,
        cuts: bool,
    ) -> Result<Option<Span>> {
        if rows.is_empty() {
            return Ok(None);
        }
        // The end is that of the last row and not the first one plus a count: numbers have gaps
        // where rows were left out or belong to other sessions.
        let (first, to) = (
            place.row(rows.start) as i64,
            place.row(rows.end - 1) as i64 + 1,
        );
        let share = &mut self.partitions[partition];
        // The span begins where the one before it ended, or `next = from` would not match in the
        // table.
        let from = share.reached.unwrap_or(first);
        if to <= from {
            return Ok(None);
        }
        // Rows were made in one batch and came in one transaction. A batch of which the sink has
        // only a part has other borders than the one that wrote it, so that its rows cannot be told
        // apart. Changes can: each shard says how far it is, row by row.
        if first < from && !cuts {
            return Err(Error::run(format!(
                "the sink has rows up to {from}, and a batch has rows {first} to {to}"
            ))
            .hint("a load goes on with the batches and sessions that it began with"));
        }
        share.reached = Some(to);
        Ok(Some(Span {
            turn: share.turn.clone(),
            partition: partition as i32,
            from,
            to,
            rows: behind(place, &rows, from),
            offsets: Offsets::default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(turn: &Arc<Turn>, partition: i32, offsets: std::ops::Range<i64>, rows: usize) -> Span {
        Span {
            turn: turn.clone(),
            partition,
            from: offsets.start,
            to: offsets.end,
            rows: 5..5 + rows,
            offsets: Offsets::default(),
        }
    }

    #[test]
    fn what_follows_is_committed_at_once() {
        let (one, other) = (Arc::new(Turn::new()), Arc::new(Turn::new()));
        let spans = [
            span(&one, 3, 0..4, 2),
            span(&one, 1, 7..9, 0),
            span(&one, 3, 4..6, 1),
            span(&other, 3, 6..8, 1),
        ];
        let merged = merged(spans.iter()).unwrap();
        let merged = merged.iter().map(|span| {
            let Span {
                partition,
                from,
                to,
                ..
            } = span;
            (*partition, *from, *to, span.rows.len())
        });
        assert_eq!(
            merged.collect::<Vec<_>>(),
            [(1, 7, 9, 0), (3, 0, 6, 3), (3, 6, 8, 1)]
        );
    }

    #[test]
    fn nothing_is_left_out_between_two_spans() {
        let turn = Arc::new(Turn::new());
        let spans = [span(&turn, 3, 0..4, 2), span(&turn, 3, 5..6, 1)];
        assert_eq!(
            merged(spans.iter()).unwrap_err().to_string(),
            "error: partition 3 went on at offset 5 after 4, which is a bug of rowgen"
        );
    }

    #[test]
    fn made_rows_go_on_where_the_sink_is() {
        let mut made = MadeOffsets::new(2, &HashMap::from([(1, 20)]));
        let mut at = |session, first, rows| {
            let span = made.span(session, &RowNumbers::From(first), 0..rows, false);
            span.map(|span| span.map(|span| (span.partition, span.from, span.to)))
        };
        assert_eq!(at(0, 0, 10).unwrap(), Some((0, 0, 10)));
        assert_eq!(at(1, 10, 10).unwrap(), None);
        assert_eq!(at(0, 20, 10).unwrap(), Some((0, 10, 30)));
        assert_eq!(
            at(1, 15, 10).unwrap_err().to_string(),
            "error: the sink has rows up to 20, and a batch has rows 15 to 25\n  hint: a load goes on with the batches and sessions that it began with"
        );
        assert_eq!(at(1, 30, 10).unwrap(), Some((1, 20, 40)));
    }

    #[test]
    fn changes_go_on_within_a_batch() {
        let mut made = MadeOffsets::new(2, &HashMap::from([(1, 20)]));
        let place = RowNumbers::List(Arc::from([4, 9, 8, 14, 21, 30]));
        let mut at = |shard, rows| {
            let span = made.span(shard, &place, rows, true).unwrap();
            span.map(|span| (span.from, span.to, span.rows))
        };
        assert_eq!(at(0, 0..2), Some((4, 10, 0..2)));
        assert_eq!(at(1, 2..4), None);
        assert_eq!(at(1, 2..6), Some((20, 31, 4..6)));
    }
}
