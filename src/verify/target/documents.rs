//! A collection that has a document a change, and the changes that it must tell of: of each row, in order.

mod sides;

use std::collections::{BTreeMap, HashSet};

use arrow::array::ArrayRef;
use arrow::datatypes::Field;
use arrow::util::display::array_value_to_string;

use self::sides::{Must, There, differences, living, must, there};
use super::super::At;
use super::super::alignment::Aligned;
use super::super::blame::Blame;
use super::super::details::{Cell, Told};
use super::super::matching::Kind;
use super::super::outcome::{Outcome, Tell};
use super::super::states::{Moments, States};
use super::digest::Digest;
use super::{Asked, Target};
use crate::changes::{Past, Table};
use crate::error::{Error, Problem, Result};
use crate::source::mongodb::{MongoDb, events};
use crate::units::show_count;

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
        let (states, note) = self.states_asked(table)?;
        let end = states.moments().last();
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
        self.tell_emptied(&read.emptied, outcome, tell)?;
        let told = differences(&must, &there);
        let wanted = match self.options.all_told {
            true => told.len(),
            false => (told.len() as u64).min(self.options.most_told) as usize,
        };
        let found = told[..wanted]
            .iter()
            .filter_map(|(aligned, _)| match aligned {
                Aligned::Replaced(_, found) | Aligned::Extra(found) => {
                    Some(there[*found].id.as_str())
                }
                _ => None,
            });
        let shown = Shown::of(documents, &fields, found)?;
        count_all(outcome, &told);
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

    /// The rows as they are at the moment that is asked for, and what is said of it.
    fn states_asked(&self, table: &Table) -> Result<(States<'_>, Option<String>)> {
        let (moments, note) = match self.options.at {
            Some(At::Now) => self.moments(table, self.own_progress(false)?.as_ref())?,
            _ => (Moments::One(self.end(table)?), None),
        };
        let states = States::new(
            self.job,
            self.sink,
            &self.columns.compared,
            moments,
            self.options.memory,
        )?;
        Ok((states, note))
    }

    /// Documents which say that the table was emptied.
    fn tell_emptied(
        &self,
        ids: &[String],
        outcome: &mut Outcome,
        tell: &mut Tell<'_>,
    ) -> Result<()> {
        for id in ids {
            outcome.counts.count(Kind::Extra, 1);
            if self.options.all_told || outcome.told < self.options.most_told {
                outcome.told += 1;
                tell(outcome, &emptied(id))?;
            }
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

/// Counts every difference, told or not.
fn count_all(outcome: &mut Outcome, told: &[(Aligned, u64)]) {
    let wrong = told
        .iter()
        .filter(|(aligned, _)| !matches!(aligned, Aligned::Extra(_)));
    outcome.counts.equal = outcome.counts.expected - wrong.count() as u64;
    for (aligned, _) in told {
        outcome.counts.count(kind(*aligned), 1);
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
