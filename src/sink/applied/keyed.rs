//! Changes as statements: what a transaction does, in as few statements as keep the order of each row's
//! changes. Nothing is left out and nothing put together: each change is one that the server sees.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::format::Operation;

/// What some rows of changes do, and to which rows of their table.
#[derive(Debug, Clone)]
pub struct Keyed {
    all: Arc<[(Operation, u64)]>,
    rows: Range<usize>,
}

/// Rows that one statement does: inserts, updates of distinct rows, or deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// What is done to all of them.
    pub operation: Operation,
    /// Which they are; no two are of the same row of the table.
    pub rows: Vec<At>,
}

/// A row of one of several chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The chunk's place among them.
    pub chunk: usize,
    /// The row within it.
    pub row: usize,
}

impl Keyed {
    /// Rows with their operations and the numbers of the table's rows, in the order of their changes as far
    /// as they are of the same row.
    pub fn new(all: impl IntoIterator<Item = (Operation, u64)>) -> Self {
        let all: Arc<[_]> = all.into_iter().collect();
        Self {
            rows: 0..all.len(),
            all,
        }
    }

    /// Some of them.
    #[must_use]
    pub fn part(&self, rows: Range<usize>) -> Self {
        Self {
            all: self.all.clone(),
            rows: self.rows.start + rows.start..self.rows.start + rows.end,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Each with its operation and the number of its row.
    pub fn rows(&self) -> &[(Operation, u64)] {
        &self.all[self.rows.clone()]
    }
}

/// What is under way of a stretch of changes.
#[derive(Default)]
struct Stretch {
    inserts: Vec<At>,
    /// In the `n`-th of them stands the `n`-th update of each row.
    // A statement that names a row twice would do one of its updates only, or be refused.
    waves: Vec<Vec<At>>,
    deletes: Vec<At>,
    rows: HashMap<u64, RowChanges>,
}

/// What a stretch does to a row so far.
#[derive(Default)]
struct RowChanges {
    updates: usize,
    is_gone: bool,
}

/// The statements of these changes, which come in this order: inserts, then updates in waves in which each
/// row stands once, then deletes. So each row sees its changes in their order.
pub fn statements<'k>(chunks: impl IntoIterator<Item = &'k Keyed>) -> Vec<Statement> {
    let (mut statements, mut stretch) = (Vec::new(), Stretch::default());
    for (chunk, keyed) in chunks.into_iter().enumerate() {
        for (row, (operation, key)) in keyed.rows().iter().enumerate() {
            // A row that is inserted again after it was deleted would be inserted before it goes.
            if !stretch.takes(*operation, *key) {
                std::mem::take(&mut stretch).end(&mut statements);
            }
            stretch.add(*operation, *key, At { chunk, row });
        }
    }
    stretch.end(&mut statements);
    statements
}

impl Stretch {
    /// False for what would come before what is there already: a row that comes again after it went.
    fn takes(&self, operation: Operation, key: u64) -> bool {
        match self.rows.get(&key) {
            None => true,
            Some(seen) => !seen.is_gone && operation != Operation::Insert,
        }
    }

    fn add(&mut self, operation: Operation, key: u64, at: At) {
        let seen = self.rows.entry(key).or_default();
        match operation {
            Operation::Insert => self.inserts.push(at),
            Operation::Delete => {
                seen.is_gone = true;
                self.deletes.push(at);
            }
            Operation::Update => {
                if self.waves.len() == seen.updates {
                    self.waves.push(Vec::new());
                }
                self.waves[seen.updates].push(at);
                seen.updates += 1;
            }
        }
    }

    fn end(self, statements: &mut Vec<Statement>) {
        let updates = self.waves.into_iter().map(|rows| (Operation::Update, rows));
        let all = std::iter::once((Operation::Insert, self.inserts))
            .chain(updates)
            .chain([(Operation::Delete, self.deletes)]);
        let some = all.filter(|(_, rows)| !rows.is_empty());
        statements.extend(some.map(|(operation, rows)| Statement { operation, rows }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, HashSet};

    /// Applies changes one after the other; a row remembers which it has seen.
    fn apply(table: &mut BTreeMap<u64, Vec<usize>>, operation: Operation, key: u64, change: usize) {
        match operation {
            Operation::Insert => assert!(table.insert(key, vec![change]).is_none()),
            Operation::Update => table.get_mut(&key).unwrap().push(change),
            Operation::Delete => assert!(table.remove(&key).is_some()),
        }
    }

    /// Changes that can be: what is drawn is done if the row is there, or is not there.
    fn changes(drawn: &[(u64, bool)]) -> Vec<(Operation, u64)> {
        let mut there = HashSet::new();
        let change = |(key, goes): &(u64, bool)| {
            let operation = match (there.contains(key), goes) {
                (false, _) => Operation::Insert,
                (true, true) => Operation::Delete,
                (true, false) => Operation::Update,
            };
            match operation {
                Operation::Insert => there.insert(*key),
                Operation::Delete => there.remove(key),
                Operation::Update => true,
            };
            (operation, *key)
        };
        drawn.iter().map(change).collect()
    }

    proptest! {
        #[test]
        fn statements_do_what_the_changes_do_one_by_one(
            drawn in proptest::collection::vec((0u64..9, proptest::bool::weighted(0.2)), 0..120),
            cuts in proptest::collection::vec(0usize..120, 0..4),
        ) {
            let changes = changes(&drawn);
            let mut naive = BTreeMap::new();
            for (change, (operation, key)) in changes.iter().enumerate() {
                apply(&mut naive, *operation, *key, change);
            }
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(changes.len())).collect();
            cuts.extend([0, changes.len()]);
            cuts.sort_unstable();
            let whole = Keyed::new(changes.iter().copied());
            let chunks: Vec<Keyed> = cuts.windows(2).map(|cut| whole.part(cut[0]..cut[1])).collect();
            let mut table = BTreeMap::new();
            let mut done = 0;
            for statement in statements(&chunks) {
                let mut keys = HashSet::new();
                for At { chunk, row } in &statement.rows {
                    let (operation, key) = chunks[*chunk].rows()[*row];
                    prop_assert_eq!(operation, statement.operation);
                    prop_assert!(keys.insert(key), "{} stands twice", key);
                    apply(&mut table, operation, key, cuts[*chunk] + row);
                    done += 1;
                }
            }
            prop_assert_eq!(done, changes.len());
            prop_assert_eq!(table, naive);
        }
    }

    #[test]
    fn a_load_needs_as_many_waves_as_its_most_updated_row_has_updates() {
        use Operation::{Delete, Insert, Update};
        let keyed = Keyed::new([
            (Update, 7),
            (Insert, 9),
            (Update, 9),
            (Update, 7),
            (Delete, 7),
        ]);
        let found: Vec<(Operation, Vec<usize>)> = statements([&keyed])
            .into_iter()
            .map(|one| (one.operation, one.rows.iter().map(|at| at.row).collect()))
            .collect();
        let expected = [
            (Insert, vec![1]),
            (Update, vec![0, 2]),
            (Update, vec![3]),
            (Delete, vec![4]),
        ];
        assert_eq!(found, expected);
    }
}
