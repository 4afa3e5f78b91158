//! Which session gets which rows of a batch: partition `p` belongs to session `p` modulo their
//! number, so that the commits of a partition keep their order.

use std::ops::Range;
use std::sync::Arc;

use arrow::compute::concat_batches;

use crate::batch::{Batch, RowNumbers, Span};
use crate::error::Result;

/// The part of a batch that one session sends.
#[derive(Debug)]
pub struct Share {
    /// The session.
    pub session: usize,
    /// Its rows, with the spans that they came from.
    pub batch: Batch,
}

/// Splits a batch among `sessions`; rows that came from no partition all go to one of them.
///
/// # Errors
/// Texts of 2 GiB and more.
pub fn split(batch: &Batch, sessions: usize) -> Result<Vec<Share>> {
    let sessions = sessions.max(1);
    let of = |span: &Span| span.partition.unsigned_abs() as usize % sessions;
    let mut users: Vec<usize> = batch.origin.iter().map(of).collect();
    users.sort_unstable();
    users.dedup();
    match users.as_slice() {
        [] => Ok(vec![whole(
            // By the batch's number and not by who has least to do: the offsets of a table that is
            // made are counted for each session, and a killed load goes on only if batches go the
            // way they went before.
            (batch.number % sessions as u64) as usize,
            batch,
        )]),
        [session] => Ok(vec![whole(*session, batch)]),
        _ => users
            .into_iter()
            .map(|session| {
                let spans = batch.origin.iter().filter(|span| of(span) == session);
                let batch = picked(batch, spans)?;
                Ok(Share { session, batch })
            })
            .collect(),
    }
}

fn whole(session: usize, batch: &Batch) -> Share {
    let batch = batch.clone();
    Share { session, batch }
}

/// The rows of some of a batch's spans.
fn picked<'a>(batch: &Batch, spans: impl Iterator<Item = &'a Span>) -> Result<Batch> {
    let (mut ranges, mut origin, mut rows) = (Vec::<Range<usize>>::new(), Vec::new(), 0);
    for span in spans {
        let count = span.rows.len();
        origin.push(Span {
            rows: rows..rows + count,
            ..span.clone()
        });
        rows += count;
        match ranges.last_mut() {
            Some(last) if last.end == span.rows.start => last.end = span.rows.end,
            _ => ranges.push(span.rows.clone()),
        }
    }
    ranges.retain(|range| !range.is_empty());
    let slices = ranges
        .iter()
        .map(|rows| batch.rows.slice(rows.start, rows.len()));
    let slices: Vec<_> = slices.collect();
    let place = match (ranges.as_slice(), &batch.place) {
        ([], place) => place.clone(),
        ([rows], RowNumbers::From(first)) => RowNumbers::From(first + rows.start as u64),
        _ => {
            let rows = ranges.iter().cloned().flatten();
            RowNumbers::List(rows.map(|row| batch.place.row(row)).collect())
        }
    };
    Ok(Batch {
        number: batch.number,
        place,
        rows: match slices.as_slice() {
            [slice] => slice.clone(),
            // Copied only where a session has spans that do not lie side by side.
            _ => concat_batches(&batch.rows.schema(), &slices)?,
        },
        origin: Arc::from(origin),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::{Offsets, Turn};
    use arrow::array::{AsArray, Int64Array, RecordBatch};
    use arrow::datatypes::Int64Type;

    /// A batch of so many rows a partition; values are row numbers.
    fn batch(number: u64, rows: &[usize]) -> Batch {
        let mut start = 0;
        let span = |(partition, rows): (usize, &usize)| {
            start += rows;
            Span {
                turn: Arc::new(Turn::new()),
                partition: partition as i32,
                from: 0,
                to: 9,
                rows: start - rows..start,
                offsets: Offsets::default(),
            }
        };
        let origin = rows.iter().enumerate().map(span).collect();
        let count: i64 = rows.iter().sum::<usize>() as i64;
        let values = Int64Array::from_iter_values(100..100 + count);
        let rows = RecordBatch::try_from_iter([("row", Arc::new(values) as _)]).unwrap();
        Batch {
            origin,
            ..Batch::new(number, 100, rows)
        }
    }

    #[track_caller]
    fn check(batch: &Batch, sessions: usize, expected: &[(usize, &[i64], &[i32])]) {
        let shares = split(batch, sessions).unwrap();
        assert_eq!(shares.len(), expected.len());
        for (share, (session, rows, partitions)) in shares.iter().zip(expected) {
            let found = share.batch.rows.column(0).as_primitive::<Int64Type>();
            assert_eq!((share.session, found.values().as_ref()), (*session, *rows));
            for (index, row) in rows.iter().enumerate() {
                assert_eq!(share.batch.place.row(index), *row as u64);
            }
            let origin = &share.batch.origin;
            let found: Vec<i32> = origin.iter().map(|span| span.partition).collect();
            assert_eq!(found, *partitions);
            let counted: usize = origin.iter().map(|span| span.rows.len()).sum();
            assert!(origin.is_empty() || counted == rows.len());
        }
    }

    #[test]
    fn partitions_keep_their_session() {
        let rows = [2, 1, 0, 2];
        check(
            &batch(5, &rows),
            1,
            &[(0, &[100, 101, 102, 103, 104], &[0, 1, 2, 3])],
        );
        check(
            &batch(5, &rows),
            2,
            &[(0, &[100, 101], &[0, 2]), (1, &[102, 103, 104], &[1, 3])],
        );
        check(
            &batch(5, &rows),
            3,
            &[
                (0, &[100, 101, 103, 104], &[0, 3]),
                (1, &[102], &[1]),
                (2, &[], &[2]),
            ],
        );
        check(&batch(5, &[]), 3, &[(2, &[], &[])]);
    }
}
