//! Changes of a table as rows of it: what columns are made from, many at once.

use std::ops::Range;

use super::Table;
use crate::column::changes::{ChangePlaces, Changed, VERSIONS};
use crate::column::hash::Key;
use crate::column::rows::Rows;
use crate::format::Operation;

impl Changed for Table {
    fn inserts(&self) -> Option<u64> {
        Table::inserts(self)
    }

    fn changes(&self) -> Option<u64> {
        self.rows()
    }

    fn places(&self, rows: Rows<'_>) -> ChangePlaces {
        let mut places = ChangePlaces::with_room(rows.len());
        each_run(rows, |run| {
            self.walk(run, |step| {
                let key = self.key_of(&step);
                let version = match step.operation {
                    // An update makes values of its own; a delete names the row's key, so its
                    // coordinates are those of the insert.
                    Operation::Update => VERSIONS + step.before[Operation::Update as usize],
                    Operation::Insert | Operation::Delete => key,
                };
                places.push(step.operation as i32, step.number, key, version);
            });
        });
        places
    }

    fn numbers(&self, rows: Rows<'_>) -> Vec<u64> {
        rows.map(|row| match row.checked_sub(VERSIONS) {
            None => self.born(row),
            Some(update) => self.update(update),
        })
    }

    fn parents(&self, parent: &str, key: Key, rows: Rows<'_>) -> Option<Vec<u64>> {
        let parent = self.parent(parent)?;
        let numbers = self.numbers(rows);
        Some(
            numbers
                .into_iter()
                .map(|number| parent.parent_at(key, number))
                .collect(),
        )
    }
}

/// Each stretch of rows that follow one another.
fn each_run(rows: Rows<'_>, mut visit: impl FnMut(Range<u64>)) {
    match rows {
        Rows::Range { first, count } => visit(first..first + count as u64),
        Rows::List(rows) => {
            for run in rows.chunk_by(|one, next| one + 1 == *next) {
                visit(run[0]..run[0] + run.len() as u64);
            }
        }
    }
}
