//! The two sides of a collection of changes: those that must have their document, and the documents that there
//! are.

use arrow::datatypes::Field;

use super::super::super::alignment::{Aligned, align};
use super::super::super::states::States;
use super::super::digest::Digest;
use crate::changes::{Living, Past};
use crate::error::Result;
use crate::format::Operation;
use crate::plan::BATCH_ROWS;
use crate::source::mongodb::{Event, EventsRead, MongoDb, events};

/// A change that must have its document.
pub(super) struct Must {
    /// Which row it is of, as what its key is.
    pub(super) key: u128,
    pub(super) row: u64,
    pub(super) past: Past,
    /// What the row is then.
    pub(super) values: u128,
}

/// A document that there is.
pub(super) struct There {
    pub(super) key: u128,
    pub(super) place: (u64, u64, u64),
    pub(super) id: String,
    pub(super) operation: Operation,
    pub(super) values: u128,
}

pub(super) fn living(row: u64, past: Past) -> Living {
    Living {
        key: row,
        update: past.rank.map(|rank| (rank, past.number)),
    }
}

/// Every change before `end` that changes anything, by row and in order.
pub(super) fn must(states: &States<'_>, end: u64, digest: &mut Digest) -> Result<Vec<Must>> {
    let table = states.table();
    let rows = table.before(end);
    let mut all = Vec::new();
    for first in (0..rows).step_by(BATCH_ROWS as usize) {
        let mut steps = table.steps(first..rows.min(first + BATCH_ROWS));
        steps.retain(|(row, past)| past.number < states.moments().of(*row));
        let living: Vec<Living> = steps
            .iter()
            .map(|(row, past)| living(*row, *past))
            .collect();
        let digests = digest.of(&states.values(&living)?)?;
        all.extend(
            steps
                .into_iter()
                .zip(digests)
                .map(|((row, past), (key, values))| Must {
                    key,
                    row,
                    past,
                    // A delete is known by its key; the values that the row had last do not count.
                    values: if past.operation == Operation::Delete {
                        0
                    } else {
                        values
                    },
                }),
        );
    }
    all.sort_by_key(|must| (must.key, must.past.number));
    // An update that sets what is there already is no event.
    let mut last: Option<(u128, u128)> = None;
    all.retain(|must| {
        let now = (must.key, must.values);
        let same = must.past.operation == Operation::Update && last == Some(now);
        last = Some(now);
        !same
    });
    Ok(all)
}

/// Every document, by row and in order.
pub(super) fn there(
    documents: &MongoDb,
    fields: &[Field],
    digest: &mut Digest,
) -> Result<(Vec<There>, EventsRead)> {
    let mut all = Vec::new();
    let read = events(documents, fields, &mut |told: Vec<Event>, columns| {
        let digests = digest.of(&columns)?;
        for (event, (key, values)) in told.into_iter().zip(digests) {
            let operation = match event.operation.as_str() {
                "create" | "read" => Operation::Insert,
                "update" => Operation::Update,
                _ => Operation::Delete,
            };
            all.push(There {
                key,
                place: event.place,
                id: event.id,
                operation,
                values: if operation == Operation::Delete {
                    0
                } else {
                    values
                },
            });
        }
        Ok(())
    })?;
    all.sort_by_key(|there: &There| (there.key, there.place));
    Ok((all, read))
}

/// What is not as it should be, row by row, with places in both lists; in the order of the changes.
pub(super) fn differences(must: &[Must], there: &[There]) -> Vec<(Aligned, u64)> {
    let mut told = Vec::new();
    let (mut one, mut other) = (0, 0);
    while one < must.len() || other < there.len() {
        let keys = [
            must.get(one).map(|must| must.key),
            there.get(other).map(|there| there.key),
        ];
        let Some(key) = keys.into_iter().flatten().min() else {
            break;
        };
        let ends = (
            one + must[one..]
                .iter()
                .take_while(|must| must.key == key)
                .count(),
            other
                + there[other..]
                    .iter()
                    .take_while(|there| there.key == key)
                    .count(),
        );
        let expected: Vec<_> = must[one..ends.0]
            .iter()
            .map(|must| (must.past.operation, must.values))
            .collect();
        let found: Vec<_> = there[other..ends.1]
            .iter()
            .map(|there| (there.operation, there.values))
            .collect();
        let number = |index: usize| must[one + index].past.number;
        told.extend(
            align(&expected, &found)
                .into_iter()
                .map(|aligned| match aligned {
                    Aligned::Moved(a, b) => (Aligned::Moved(one + a, other + b), number(a)),
                    Aligned::Replaced(a, b) => (Aligned::Replaced(one + a, other + b), number(a)),
                    Aligned::Missing(a) => (Aligned::Missing(one + a), number(a)),
                    Aligned::Extra(b) => (Aligned::Extra(other + b), u64::MAX),
                }),
        );
        (one, other) = ends;
    }
    told.sort_by_key(|(_, number)| *number);
    told
}
