//! Rows of a table that changes are applied to, and what they must have come to.

use std::collections::HashMap;

use super::super::At;
use super::super::blame::Blaming;
use super::super::columns::From;
use super::super::readers::Reader;
use super::super::scan::Workers;
use super::super::side::Side;
use super::super::states::{Moments, States};
use super::{Asked, Sides, Target};
use crate::changes::Table;
use crate::error::{Error, Problem, Result};
use crate::format::ChangeColumns;
use crate::sink::Holds;
use crate::sink::applied::{SHARDS, shard_of};
use crate::units::show_count;

impl Target<'_> {
    /// Compares rows that changes were applied to, or puts faults into them.
    ///
    /// # Errors
    /// They cannot be read, or made again; or nobody knows of which moment they are.
    pub(super) fn open_states(
        &self,
        (reader, changes): (&Reader, &ChangeColumns),
        workers: &Workers<'_>,
        asked: &mut Asked<'_, '_>,
    ) -> Result<()> {
        let fields = self.columns.fields();
        let table = self.job.changes.as_ref().map(|changes| &changes.table);
        let table = table.ok_or_else(|| Error::run("the rows of this table do not change"))?;
        let states = |moments| {
            let memory = self.options.memory;
            States::new(self.job, self.sink, &self.columns.compared, moments, memory)
        };
        let Asked::Compare(outcome, tell) = asked else {
            let states = states(Moments::One(self.end(table)?))?;
            return self.run(
                self.sides((&states, &states), &fields, None),
                workers,
                asked,
            );
        };
        let found = reader.open(&self.names, &fields, fields.len())?;
        outcome.source = found.describe();
        outcome.others = found.others();
        let own = self.own_progress(found.progress().is_some())?;
        let (moments, note) = self.moments(table, found.progress().or(own.as_ref()))?;
        outcome.notes.extend(note);
        let states = states(moments)?;
        if self.options.count_only {
            outcome.counts = self.counted(states.exact_rows(), found.rows());
            return Ok(());
        }
        let blaming = Blaming {
            states: &states,
            fields: &fields,
            key: self.columns.keyed.column(),
            set: self.set(changes),
        };
        let sides = self.sides((&states, &found), &fields, Some(blaming));
        self.run(sides, workers, &mut Asked::Compare(outcome, tell))
    }

    fn sides<'s>(
        &self,
        (expected, found): (&'s dyn Side, &'s dyn Side),
        fields: &'s [arrow::datatypes::Field],
        blaming: Option<Blaming<'s>>,
    ) -> Sides<'s> {
        Sides {
            expected,
            found,
            fields,
            keyed: self.columns.keyed.clone(),
            // A server's rows have no order of their own, and rows of the table come and go.
            place: None,
            order: None,
            behind: None,
            blaming,
        }
    }

    /// The columns that updates set, among those that are compared.
    fn set(&self, changes: &ChangeColumns) -> Vec<usize> {
        let compared = self.columns.compared.iter().enumerate();
        let set = compared.filter(|(_, column)| match column.from {
            From::Batch(index) => changes.set.contains(&index),
            From::Folder(_) => false,
        });
        set.map(|(place, _)| place).collect()
    }

    /// How far the load is, by the sink itself, where something else is compared that does not know it.
    pub(super) fn own_progress(&self, is_known: bool) -> Result<Option<HashMap<i32, i64>>> {
        if is_known || !matches!(self.options.at, Some(At::Now)) {
            return Ok(None);
        }
        let (sink, out) = (self.sink, &self.options.out);
        let Holds::Table(held) = sink.options.holds(out, None, &sink.fingerprint) else {
            return Ok(None);
        };
        let load = Some(self.sink.load.as_str());
        let reader = Reader::of_table(&held, &self.job.table, load).map_err(Error::user)?;
        let fields = self.columns.fields();
        let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
        let found = reader.open(&names, &fields, fields.len())?;
        Ok(found.progress().cloned())
    }

    /// The change behind the last one.
    pub(super) fn end(&self, table: &Table) -> Result<u64> {
        let asked = match self.options.at {
            Some(At::Change(number)) => Some(number),
            _ => table.all().count(),
        };
        asked.ok_or_else(|| {
            let what = format!("the changes of `{}` have no end", self.job.table);
            Error::user(Problem::new(what).hint("say after how many of them with `--at`"))
        })
    }

    /// The moment of which rows are expected, and what has to be said of it. A load without end is expected
    /// where it is.
    pub(super) fn moments(
        &self,
        table: &Table,
        progress: Option<&HashMap<i32, i64>>,
    ) -> Result<(Moments, Option<String>)> {
        let count = table.all().count();
        let now = match (self.options.at, count) {
            (Some(At::Change(number)), _) => {
                let note = format!("after the first {} changes", show_count(number));
                return Ok((Moments::One(number), Some(note)));
            }
            (at, count) => count.filter(|_| at != Some(At::Now)),
        };
        let progress = progress.filter(|shards| !shards.is_empty());
        if let Some(count) = now {
            let note = progress.and_then(|progress| unfinished(table, count, progress));
            return Ok((Moments::One(count), note));
        }
        let shards = progress.map(|progress| numbers(table, progress));
        let shards = shards.ok_or_else(|| unknown(&self.job.table))?;
        let note = where_it_is(table, &shards);
        Ok((Moments::Shards(shards), Some(note)))
    }
}

/// The error where nothing says how far a load is.
fn unknown(table: &str) -> Error {
    let what = format!("nobody knows how far the changes of `{table}` are");
    Error::user(
        Problem::new(what)
            .hint("nothing of this load is noted there: say after how many changes with `--at`"),
    )
}

/// For each shard the change of all tables before which all of its own are applied.
fn numbers(table: &Table, progress: &HashMap<i32, i64>) -> Vec<u64> {
    let rows = table.rows();
    let number = |shard: i32| {
        let next = progress.get(&shard).map_or(0, |next| next.unsigned_abs());
        match rows {
            // All changes of this table are applied.
            Some(rows) if next >= rows => table.all().count().unwrap_or(u64::MAX),
            _ => table.number(next),
        }
    };
    (0..SHARDS as i32).map(number).collect()
}

fn where_it_is(table: &Table, shards: &[u64]) -> String {
    let bound = |number: Option<&u64>| show_count(number.copied().unwrap_or_default());
    let (first, last) = (shards.iter().min(), shards.iter().max());
    let of = table.all().count();
    let of = of.map_or(String::new(), |count| format!(" of {}", show_count(count)));
    match first == last {
        true => format!("after the first {} changes{of}", bound(first)),
        false => format!(
            "each shard where it is: after {} to {} changes{of}",
            bound(first),
            bound(last)
        ),
    }
}

/// The note on a load that is not done.
fn unfinished(table: &Table, count: u64, progress: &HashMap<i32, i64>) -> Option<String> {
    let next = |shard: usize| {
        progress
            .get(&(shard as i32))
            .map_or(0, |next| next.unsigned_abs())
    };
    let first = (0..SHARDS).map(next).min().unwrap_or_default();
    let is_open = table.has_from(first, |row, key| row >= next(shard_of(key)));
    is_open.then(|| {
        format!(
            "the load is not done: it is at change {} of {}; `--at now` compares what is there with that",
            show_count(table.number(first)),
            show_count(count)
        )
    })
}
