//! A collection that has a document a change, and the changes that it must tell of: of each row, in order.

use std::collections::{BTreeMap, HashSet};

use arrow::array::ArrayRef;
use arrow::datatypes::Field;
use arrow::util::display::array_value_to_string;

use super::super::At;
use super::super::alignment::{Aligned, align};
use super::super::blame::Blame;
use super::super::details::{Cell, Told};
use super::super::matching::Kind;
use super::super::states::{Moments, States};
use super::digest::Digest;
use super::{Asked, Target};
use crate::changes::{Living, Past};
use crate::error::{Error, Problem, Result};
use crate::format::Operation;
use crate::plan::BATCH_ROWS;
use crate::source::mongodb::{Event, EventsRead, MongoDb, events};
use crate::units::show_count;

/// A change that must have its document.
struct Must {
    /// Which row it is of, as what its key is.
    key: u128,
    row: u64,
    past: Past,
    /// What the row is then.
    values: u128,
}

/// A document that there is.
struct There {
    key: u128,
    place: (u64, u64, u64),
    id: String,
    operation: Operation,
    values: u128,
}

impl Target<'_> {
    /// Looks for the document of each change.
    ///
    /// # Errors
    /// They cannot be read, or the changes cannot be made.
    pub(super) fn open_changes(
        &self,
        documents: &MongoDb,
        asked: &mut Asked<'_, '_>,
    ) -> Result<()> {
        let Asked::Compare(outcome, tell) = asked else {
            if self.options.against.is_none() {
                return Ok(());
            }
            let what = "faults are put into rows, and these documents tell of changes";
            return Err(Error::user(
                Problem::new(what).hint("leave out `--against`"),
            ));
        };
        let table = self.job.changes.as_ref().map(|changes| &changes.table);
        let table = table.ok_or_else(|| Error::user("the rows of this table do not change"))?;
        let fields = self.columns.fields();
        let key = self.columns.keyed.column();
        let key =
            key.ok_or_else(|| Error::user("the table has no column that tells its rows apart"))?;
        let (moments, note) = match self.options.at {
            Some(At::Now) => self.moments(table, self.own_progress(false)?.as_ref())?,
            _ => (Moments::One(self.end(table)?), None),
        };
        let end = moments.last();
        let states = States::new(
            self.job,
            self.sink,
            &self.columns.compared,
            moments,
            self.options.memory,
        )?;
        let mut digest = Digest::new(&fields, key)?;
        let must = must(&states, end, &mut digest)?;
        let (there, read) = there(documents, &fields, &mut digest)?;
        outcome.source = read.described;
        outcome.key = Some(fields[key].name().clone());
        let first = |end| format!("after the first {} changes", show_count(end));
        let moment = note.unwrap_or_else(|| first(end));
        outcome.notes.push(format!(
            "{moment}: a document for each that changes anything"
        ));
        outcome.counts.expected = must.len() as u64;
        outcome.counts.found = (there.len() + read.emptied.len()) as u64;
        for id in read.emptied {
            outcome.counts.count(Kind::Extra, 1);
            if self.options.all_told || outcome.told < self.options.most_told {
                outcome.told += 1;
                tell(outcome, &emptied(&id))?;
            }
        }
        let told = differences(&must, &there);
        let wanted = told
            .len()
            .min(usize::try_from(self.options.most_told).unwrap_or(usize::MAX));
        let wanted = if self.options.all_told {
            told.len()
        } else {
            wanted
        };
        let shown = Shown::of(
            documents,
            &fields,
            told[..wanted]
                .iter()
                .filter_map(|(aligned, _)| match aligned {
                    Aligned::Replaced(_, found) | Aligned::Extra(found) => {
                        Some(there[*found].id.as_str())
                    }
                    _ => None,
                }),
        )?;
        let wrong = told
            .iter()
            .filter(|(aligned, _)| !matches!(aligned, Aligned::Extra(_)));
        outcome.counts.equal = outcome.counts.expected - wrong.count() as u64;
        for (aligned, _) in &told {
            outcome.counts.count(kind(*aligned), 1);
        }
        for (aligned, _) in &told[..wanted] {
            let one = self.told_of(*aligned, (&must, &there), (&states, &shown), (&fields, key))?;
            outcome.told += 1;
            for cell in one.cells.iter().filter(|_| one.kind == Kind::Different) {
                *outcome.cells.entry(cell.column.clone()).or_default() += 1;
            }
            tell(outcome, &one)?;
        }
        Ok(())
    }

    fn told_of(
        &self,
        aligned: Aligned,
        (must, there): (&[Must], &[There]),
        (states, shown): (&States<'_>, &Shown),
        (fields, key): (&[Field], usize),
    ) -> Result<Told> {
        let (expected, found) = match aligned {
            Aligned::Moved(one, other) | Aligned::Replaced(one, other) => {
                (Some(&must[one]), Some(&there[other]))
            }
            Aligned::Missing(one) => (Some(&must[one]), None),
            Aligned::Extra(other) => (None, Some(&there[other])),
        };
        let before = expected.map(|must| values(states, must)).transpose()?;
        let after = found.and_then(|there| shown.0.get(&there.id));
        let mut cells = Vec::new();
        if kind(aligned) == Kind::Different {
            for (column, field) in fields.iter().enumerate() {
                let of =
                    |row: Option<&Vec<Option<String>>>| row.and_then(|row| row[column].clone());
                let (expected, found) = (of(before.as_ref()), of(after));
                if expected != found {
                    cells.push(Cell {
                        column: field.name().clone(),
                        expected,
                        found,
                        unread: None,
                    });
                }
            }
        }
        let value = before.as_ref().or(after).and_then(|row| row[key].clone());
        Ok(Told {
            kind: kind(aligned),
            times: 1,
            key: Some((fields[key].name().clone(), value)),
            row: expected.map(|must| must.row),
            found_row: None,
            found_at: found.map(|there| format!("as document {}", there.id)),
            cells,
            unread: None,
            blame: expected.map(|must| Blame {
                changes: vec![must.past.number],
                words: words(aligned, must.past),
            }),
        })
    }
}

/// A document says that the table was emptied, which no load does.
fn emptied(id: &str) -> Told {
    Told {
        kind: Kind::Extra,
        times: 1,
        key: None,
        row: None,
        found_row: None,
        found_at: Some(format!(
            "as document {id}, which says that the table was emptied"
        )),
        cells: Vec::new(),
        unread: None,
        blame: None,
    }
}

fn kind(aligned: Aligned) -> Kind {
    match aligned {
        Aligned::Moved(..) => Kind::OutOfOrder,
        Aligned::Replaced(..) => Kind::Different,
        Aligned::Missing(_) => Kind::Missing,
        Aligned::Extra(_) => Kind::Extra,
    }
}

fn words(aligned: Aligned, past: Past) -> String {
    let change = format!(
        "change {}, its {}",
        show_count(past.number),
        past.operation.name()
    );
    match aligned {
        Aligned::Moved(..) => format!("{change}, is told in another place than its own"),
        Aligned::Replaced(..) => format!("{change}, is told otherwise"),
        _ => format!("{change}, is not told"),
    }
}

fn living(row: u64, past: Past) -> Living {
    Living {
        key: row,
        update: past.rank.map(|rank| (rank, past.number)),
    }
}

/// Every change before `end` that changes anything, by row and in order.
fn must(states: &States<'_>, end: u64, digest: &mut Digest) -> Result<Vec<Must>> {
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

fn there(
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
fn differences(must: &[Must], there: &[There]) -> Vec<(Aligned, u64)> {
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

/// The values of a row after a change, as text.
fn values(states: &States<'_>, must: &Must) -> Result<Vec<Option<String>>> {
    shown(&states.values(&[living(must.row, must.past)])?, 0)
}

fn shown(columns: &[ArrayRef], row: usize) -> Result<Vec<Option<String>>> {
    let shown = |column: &ArrayRef| match column.is_null(row) {
        true => Ok(None),
        false => Ok(Some(array_value_to_string(column, row)?)),
    };
    columns.iter().map(shown).collect()
}

/// The values of some documents, as text: read again.
struct Shown(BTreeMap<String, Vec<Option<String>>>);

impl Shown {
    fn of<'i>(
        documents: &MongoDb,
        fields: &[Field],
        wanted: impl Iterator<Item = &'i str>,
    ) -> Result<Self> {
        let wanted: HashSet<&str> = wanted.collect();
        let mut found = BTreeMap::new();
        if !wanted.is_empty() {
            events(documents, fields, &mut |told, columns| {
                for (row, event) in told.into_iter().enumerate() {
                    if wanted.contains(event.id.as_str()) {
                        found.insert(event.id, shown(&columns, row)?);
                    }
                }
                Ok(())
            })?;
        }
        Ok(Self(found))
    }
}
