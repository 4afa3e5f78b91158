//! Which changes explain a row that is not as it should be: those that it lacks, or has seen too
//! early or twice, as far as its values tell.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::Field;

use super::details::{Told, shown};
use super::matching::Kind;
use super::states::States;
use crate::changes::{Living, Past};
use crate::error::Result;
use crate::format::Operation;
use crate::plan::BATCH_ROWS;
use crate::units::show_count;

/// How many later changes are looked at: about a second of one core for each ten million.
// A choice: who waits for a verdict waits a second or two more for the reason.
const LOOKED_AHEAD: u64 = 10_000_000;

/// How many changes of one row are named.
const MOST_NAMED: usize = 5;

/// What values say of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blame {
    /// The numbers of the changes of which one, or all, were not done as they should.
    pub changes: Vec<u64>,
    /// What became of them.
    pub words: String,
}

/// Whoever looks for the changes.
#[derive(Clone)]
pub(super) struct Blaming<'b> {
    pub states: &'b States<'b>,
    pub fields: &'b [Field],
    pub key: Option<usize>,
    /// The columns that updates set, among those that are compared.
    pub set: Vec<usize>,
}

impl Blaming<'_> {
    /// Notes for each difference the changes that explain it.
    pub(super) fn of(&self, told: &mut [Told]) -> Result<()> {
        let found = self.strangers(told)?;
        let rows = told.iter().enumerate();
        let rows = rows.map(|(index, one)| one.row.or(found.get(&index).copied()));
        let rows: Vec<Option<u64>> = rows.collect();
        // The pasts of all rows of a portion in one scan of the changes: one scan for each row
        // would take minutes.
        let keys: BTreeSet<u64> = rows.iter().flatten().copied().collect();
        let table = self.states.table();
        // Changes behind the moment are looked at, too: a load may go on meanwhile, or be compared
        // as it was before.
        let later = self.states.moments().last() + LOOKED_AHEAD.max(2 * table.all().block());
        let end = table.all().count().map_or(later, |count| count.min(later));
        let pasts = table.pasts(&keys, end);
        for (one, row) in told.iter_mut().zip(rows) {
            let past = row.and_then(|row| pasts.get(&row));
            one.blame = match (row, past) {
                (Some(row), Some(past)) => self.one(one, row, past)?,
                _ => Some(Blame {
                    changes: Vec::new(),
                    words: "no change makes such a row".into(),
                }),
            };
        }
        Ok(())
    }

    fn one(&self, told: &Told, row: u64, past: &[Past]) -> Result<Option<Blame>> {
        let moment = self.states.moments().of(row);
        let of = |operation| past.iter().find(move |one| one.operation == operation);
        let (insert, delete) = (of(Operation::Insert), of(Operation::Delete));
        let blame = |change: Option<&Past>, what: &str| {
            change.map(|change| Blame {
                changes: vec![change.number],
                words: what.replace("{}", &show_count(change.number)),
            })
        };
        Ok(match told.kind {
            // A row that is not there says nothing of its values: both explanations fit, and both
            // are told.
            Kind::Missing => match delete {
                Some(delete) => Some(Blame {
                    changes: insert
                        .into_iter()
                        .chain([delete])
                        .map(|one| one.number)
                        .collect(),
                    words: format!(
                        "as without its insert, or with its delete, change {}, before its time",
                        show_count(delete.number)
                    ),
                }),
                None => blame(insert, "as without change {}, its insert"),
            },
            Kind::Extra if insert.is_some_and(|insert| insert.number >= moment) => {
                blame(insert, "as with change {}, its insert, before its time")
            }
            Kind::Extra if told.row.is_none() => blame(delete, "as without change {}, its delete"),
            Kind::Extra if !self.is_inserted(told, row, past)? => Some(Blame {
                changes: Vec::new(),
                words: "no change makes a second row of this key".into(),
            }),
            Kind::Extra | Kind::Doubled => {
                blame(insert, "as with change {}, its insert, done twice")
            }
            Kind::Different => Some(self.different(told, row, past)?),
            Kind::OutOfOrder => None,
        })
    }

    /// True if one more row of a key has the values that its insert makes.
    fn is_inserted(&self, told: &Told, row: u64, past: &[Past]) -> Result<bool> {
        if self.unset(told).is_some() {
            return Ok(false);
        }
        let made = past.iter().filter(|one| one.operation != Operation::Delete);
        let matching = self.matching(told, row, &made.collect::<Vec<_>>())?;
        let mut matching = matching.into_iter();
        Ok(matching.any(|one| one.operation == Operation::Insert))
    }

    /// A column with another value, which no update sets.
    fn unset<'t>(&self, told: &'t Told) -> Option<&'t str> {
        let place = |name: &str| self.fields.iter().position(|field| field.name() == name);
        let mut cells = told.cells.iter();
        let unset =
            cells.find(|cell| place(&cell.column).is_none_or(|column| !self.set.contains(&column)));
        unset.map(|cell| cell.column.as_str())
    }

    /// Which of its changes a row stopped at, as its values say.
    fn different(&self, told: &Told, row: u64, past: &[Past]) -> Result<Blame> {
        if let Some(column) = self.unset(told) {
            return Ok(Blame {
                changes: Vec::new(),
                words: format!("no change makes this `{column}` of this row"),
            });
        }
        let moment = self.states.moments().of(row);
        let made = past.iter().filter(|one| one.operation != Operation::Delete);
        let made: Vec<&Past> = made.collect();
        let matching = self.matching(told, row, &made)?;
        let (before, after): (Vec<&Past>, Vec<&Past>) =
            matching.into_iter().partition(|one| one.number < moment);
        let said = |one: &Past| format!("change {}", show_count(one.number));
        // The last of several: updates may set the same values twice, and the fewest lost changes
        // are the likeliest.
        if let Some(stopped) = before.last() {
            let lost = made
                .iter()
                .filter(|one| one.number > stopped.number && one.number < moment);
            let lost: Vec<u64> = lost.map(|one| one.number).collect();
            return Ok(lost_after(stopped, &lost));
        }
        Ok(match after.first() {
            Some(early) => Blame {
                changes: vec![early.number],
                words: format!("as with {} before its time", said(early)),
            },
            None => Blame {
                changes: Vec::new(),
                words: "no change of this row makes these values".into(),
            },
        })
    }

    /// The changes after which the row has the values that were found.
    fn matching<'a>(&self, told: &Told, row: u64, made: &[&'a Past]) -> Result<Vec<&'a Past>> {
        let living = |past: &&Past| Living {
            key: row,
            update: past.rank.map(|rank| (rank, past.number)),
        };
        let rows: Vec<Living> = made.iter().map(living).collect();
        let columns = self.states.values(&rows)?;
        let place = |name: &str| self.fields.iter().position(|field| field.name() == name);
        let equal = |at: usize| -> Result<bool> {
            for &column in &self.set {
                let cell = told
                    .cells
                    .iter()
                    .find(|cell| place(&cell.column) == Some(column));
                let own = shown(&columns[column].slice(at, 1), &self.fields[column])?;
                let wanted = match cell {
                    Some(cell) => cell.found.clone(),
                    // A cell that does not differ has the value that it should have: that after the
                    // last change before the moment.
                    None => self.last(&columns[column], made, row, column)?,
                };
                if own != wanted {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        let mut matching = Vec::new();
        for (at, past) in made.iter().enumerate() {
            if equal(at)? {
                matching.push(*past);
            }
        }
        Ok(matching)
    }

    /// What a column of a row should be.
    fn last(
        &self,
        values: &ArrayRef,
        made: &[&Past],
        row: u64,
        column: usize,
    ) -> Result<Option<String>> {
        let moment = self.states.moments().of(row);
        let before = made.iter().filter(|one| one.number < moment).count();
        match before.checked_sub(1) {
            Some(last) => shown(&values.slice(last, 1), &self.fields[column]),
            None => Ok(None),
        }
    }

    /// For rows that should not be there: the number of the row of the table that has their key, by
    /// the place of the difference.
    fn strangers(&self, told: &[Told]) -> Result<BTreeMap<usize, u64>> {
        let Some(key) = self.key else {
            return Ok(BTreeMap::new());
        };
        let of = |one: &Told| one.key.as_ref().and_then(|(_, value)| value.clone());
        let extra = told.iter().enumerate().filter(|(_, one)| one.row.is_none());
        let wanted: BTreeMap<String, usize> = extra
            .filter_map(|(index, one)| Some((of(one)?, index)))
            .collect();
        let mut found = BTreeMap::new();
        let table = self.states.table();
        // Two blocks ahead: no session begins a block before all have committed the block before
        // the last, so that nothing further can be there.
        let end = self.states.moments().last() + 2 * table.all().block();
        let end = table.before_of(Operation::Insert, end);
        let mut first = 0;
        while first < end && found.len() < wanted.len() {
            let rows: Vec<Living> = (first..end.min(first + BATCH_ROWS))
                .map(|key| Living { key, update: None })
                .collect();
            let values = self.states.values(&rows)?;
            for (at, row) in rows.iter().enumerate() {
                let text = shown(&values[key].slice(at, 1), &self.fields[key])?;
                if let Some(index) = text.and_then(|text| wanted.get(&text)) {
                    found.insert(*index, row.key);
                }
            }
            first += BATCH_ROWS;
        }
        Ok(found)
    }
}

/// A row is as after one of its changes, and not as after later ones.
fn lost_after(stopped: &Past, lost: &[u64]) -> Blame {
    let named: Vec<String> = lost
        .iter()
        .take(MOST_NAMED)
        .map(|one| show_count(*one))
        .collect();
    let more = match lost.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {} more", show_count(more as u64)),
    };
    let (changes, are) = match lost.len() {
        1 => ("change", "is"),
        _ => ("changes", "are"),
    };
    let at = show_count(stopped.number);
    Blame {
        changes: lost.to_vec(),
        words: format!(
            "as after change {at}: {changes} {}{more} {are} lost, or came before it",
            named.join(", ")
        ),
    }
}
