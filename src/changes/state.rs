//! What rows have come to by a moment: one scan of the changes before it, by all workers, in the memory
//! of the rows that are asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::Table;
use crate::column::changes::{ChangePlaces, VERSIONS};
use crate::format::Operation;

impl Living {
    /// Where the row's values are made.
    pub fn places(table: &Table, rows: &[Self]) -> ChangePlaces {
        let mut places = ChangePlaces::with_room(rows.len());
        for row in rows {
            let (operation, number, version) = match row.update {
                Some((rank, number)) => (Operation::Update, number, VERSIONS + rank),
                None => (Operation::Insert, table.born(row.key), row.key),
            };
            places.push(operation as i32, number, row.key, version);
        }
        places
    }
}

/// Changes that a worker scans at once.
// A choice, no measurement is behind it.
const STRETCH: u64 = 1 << 16;

/// A row that is there at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Living {
    /// The row's number.
    pub key: u64,
    /// The rank of its last update among those of the table, and its change number.
    pub update: Option<(u64, u64)>,
}

/// A change that a row has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// Its number.
    pub number: u64,
    /// What it did.
    pub operation: Operation,
    /// Of an update, its rank among those of the table.
    pub rank: Option<u64>,
}

impl Table {
    /// The rows of `keys` that are there after all changes before `number`, in order.
    pub fn state(&self, keys: Range<u64>, number: u64) -> Vec<Living> {
        let end = keys.end.min(self.before_of(Operation::Insert, number));
        let keys = keys.start.min(end)..end;
        // A row's last update cannot be computed from its number, as an update draws its row: all
        // changes are scanned.
        let updates = self.last_updates(keys.clone(), number, &|_| number);
        let living = |(index, update): (usize, u64)| {
            let key = keys.start + index as u64;
            let rank = update.checked_sub(1);
            self.alive(key, number).then(|| Living {
                key,
                update: rank.map(|rank| (rank, self.update(rank))),
            })
        };
        let updates = updates.into_par_iter().enumerate();
        updates.filter_map(living).collect()
    }

    /// Some of the table's changes in order, each with the row that it is of.
    pub fn steps(&self, rows: Range<u64>) -> Vec<(u64, Past)> {
        let mut steps = Vec::new();
        self.walk(rows, |step| {
            let rank = step.before[Operation::Update as usize];
            let past = Past {
                number: step.number,
                operation: step.operation,
                rank: (step.operation == Operation::Update).then_some(rank),
            };
            steps.push((self.key_of(&step), past));
        });
        steps
    }

    /// Every change before `number` of row `key`, in order.
    pub fn history(&self, key: u64, number: u64) -> Vec<(u64, Operation)> {
        let rows = self.before(number);
        let stretches = rows.div_ceil(STRETCH);
        let changes = (0..stretches).into_par_iter().flat_map_iter(|stretch| {
            let mut found = Vec::new();
            let from = stretch * STRETCH;
            self.walk(from..rows.min(from + STRETCH), |step| {
                if self.key_of(&step) == key {
                    found.push((step.number, step.operation));
                }
            });
            found
        });
        changes.collect()
    }

    /// Every change before `number` of each of these rows, in order.
    pub fn pasts(&self, keys: &BTreeSet<u64>, number: u64) -> BTreeMap<u64, Vec<Past>> {
        let rows = match keys.is_empty() {
            true => 0,
            false => self.before(number),
        };
        let stretches = (0..rows.div_ceil(STRETCH)).into_par_iter();
        let found = stretches.flat_map_iter(|stretch| {
            let (mut found, from) = (Vec::new(), stretch * STRETCH);
            self.walk(from..rows.min(from + STRETCH), |step| {
                let key = self.key_of(&step);
                if keys.contains(&key) {
                    let rank = step.before[Operation::Update as usize];
                    let past = Past {
                        number: step.number,
                        operation: step.operation,
                        rank: (step.operation == Operation::Update).then_some(rank),
                    };
                    found.push((key, past));
                }
            });
            found
        });
        let mut pasts: BTreeMap<u64, Vec<Past>> = BTreeMap::new();
        for (key, past) in found.collect::<Vec<_>>() {
            pasts.entry(key).or_default().push(past);
        }
        pasts
    }

    /// True if `is` says so of any of its changes from its own `row` on, by their places in the table and the
    /// rows that they are of.
    pub fn has_from(&self, row: u64, is: impl Fn(u64, u64) -> bool) -> bool {
        let rows = self.rows().unwrap_or(row);
        let (mut next, mut found) = (row, false);
        while next < rows && !found {
            let end = rows.min(next + STRETCH);
            self.walk(next..end, |step| {
                found |= is(next, self.key_of(&step));
                next += 1;
            });
        }
        found
    }

    /// For each of `keys` the rank of its last update before its own moment, and one more; 0 for none. No
    /// moment is behind change `number`.
    pub fn last_updates(
        &self,
        keys: Range<u64>,
        number: u64,
        moment: &(dyn Fn(u64) -> u64 + Sync),
    ) -> Vec<u64> {
        let last: Vec<AtomicU64> = keys.clone().map(|_| AtomicU64::new(0)).collect();
        let rows = match self.has(Operation::Update) && !last.is_empty() {
            true => self.before(number),
            false => 0,
        };
        let scan = |stretch: u64| {
            let from = stretch * STRETCH;
            self.walk(from..rows.min(from + STRETCH), |step| {
                if step.operation != Operation::Update {
                    return;
                }
                let key = self.key_of(&step);
                if keys.contains(&key) && step.number < moment(key) {
                    // Within the range of keys, which is that of the list.
                    let rank = step.before[Operation::Update as usize];
                    // Stretches are scanned in any order: the greatest rank is the last update
                    // whoever comes first. Nothing else is read by it, so no ordering of memory is
                    // needed.
                    last[(key - keys.start) as usize].fetch_max(rank + 1, Ordering::Relaxed);
                }
            });
        };
        (0..rows.div_ceil(STRETCH)).into_par_iter().for_each(scan);
        last.into_iter().map(AtomicU64::into_inner).collect()
    }
}
