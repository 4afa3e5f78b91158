//! Tables under `changes`: who takes part, what tells its rows apart, and what cannot be.

mod checks;
mod keys;

use std::sync::Arc;

use super::sinks::Resolved;
use super::{JobChanges, Overrides};
use crate::changes::{BLOCK, Changes, Mixed};
use crate::column::changes::{ChangeFrame, ChangeRole, ChangedTable};
use crate::column::hash::Key;
use crate::column::{Origin, Program};
use crate::error::{Problem, Problems, Result};
use crate::format::{ChangeColumns, Operation, Reference, Shape};
use crate::place::Placed;
use crate::sink::TakesChanges;
use crate::spec::{Image, Mix, Pipeline, Table};

/// The tables of a pipeline that are under `changes`.
pub(super) struct ChangedTables {
    all: Arc<Changes>,
    rate: Option<f64>,
    /// Updates say all columns.
    whole: bool,
    /// For each table what `all` does not know of it.
    members: Vec<MixedTable>,
}

/// One of them.
struct MixedTable {
    key: String,
    set: Vec<Placed<String>>,
}

/// One of them as the file says it.
#[derive(Clone, Copy)]
struct MixEntry<'p> {
    name: &'p Placed<String>,
    mix: &'p Mix,
    table: &'p Table,
}

impl ChangedTables {
    /// Those of a pipeline that has some.
    ///
    /// # Errors
    /// Everything that is wrong with them, as far as that is seen before columns are built.
    pub(super) fn new(pipeline: &Pipeline, overrides: &Overrides) -> Result<Option<Self>> {
        let Some(changes) = &pipeline.changes else {
            return Ok(None);
        };
        let mut problems = Problems::default();
        let entries = checks::entries(pipeline, changes, &mut problems);
        let parents = keys::parents(&entries, &mut problems);
        let members: Vec<MixedTable> = entries
            .iter()
            .filter_map(|entry| member(entry, &entries, &mut problems))
            .collect();
        problems.into_result()?;
        let mixed = entries.iter().zip(parents).map(|(entry, parents)| Mixed {
            name: entry.name.value.clone(),
            weights: entry.weights(),
            target: entry
                .mix
                .update
                .as_ref()
                .map_or_else(Default::default, |update| update.target.distribution),
            parents,
        });
        let mixed: Vec<Mixed> = mixed.collect();
        let key = Key::new(&pipeline.seed).child("changes");
        let block = changes.block.as_ref().map_or(BLOCK, |block| block.value.0);
        let said = changes.count.as_ref().map(|count| count.value.0);
        let count = overrides.rows.or(said).filter(|count| *count > 0);
        let rate = changes.rate.as_ref().map(|rate| rate.value.0);
        Ok(Some(Self {
            all: Arc::new(Changes::new(key, &mixed, block, count)),
            rate: overrides.rate.or(rate),
            whole: changes.image == Image::Full,
            members,
        }))
    }

    /// What the builder has to know of a table.
    pub(super) fn options(&self, table: &str) -> Option<ChangedTable> {
        let table = self.all.named(table)?;
        let member = &self.members[table.index()];
        Some(ChangedTable {
            places: Arc::new(table),
            key: member.key.clone(),
            set: member.set.clone(),
            whole: self.whole,
            count: self.all.count(),
        })
    }

    /// What the jobs of a table have to know.
    pub(super) fn of(&self, table: &str) -> Option<JobChanges> {
        Some(JobChanges {
            table: self.all.named(table)?,
            rate: self.rate,
        })
    }
}

impl JobChanges {
    /// Rows of this table a second, where a rate is asked for.
    pub(super) fn share(&self) -> Option<f64> {
        Some(self.rate? * self.table.share())
    }
}

impl MixEntry<'_> {
    fn weights(&self) -> [u64; 3] {
        let of = |weight: &Option<Placed<crate::place::Count>>| {
            weight.as_ref().map_or(0, |weight| weight.value.0)
        };
        let update = self.mix.update.as_ref();
        [
            of(&self.mix.insert),
            update.map_or(0, |update| update.weight.value.0),
            of(&self.mix.delete),
        ]
    }
}

fn member(
    entry: &MixEntry<'_>,
    entries: &[MixEntry<'_>],
    problems: &mut Problems,
) -> Option<MixedTable> {
    let key = problems.note(keys::key(entry, entries))?;
    let set = problems.note(checks::set(entry, &key))?;
    Some(MixedTable { key, set })
}

/// The columns of a sink that say what each change does; none if one that is needed is not among
/// those it writes.
pub(super) fn columns(
    changes: &JobChanges,
    program: &Program,
    sink: &Resolved,
) -> Option<Arc<ChangeColumns>> {
    let frame = program.changes()?;
    let written = &sink.columns[..sink.columns.len() - sink.beside];
    let place = |wanted: &dyn Fn(usize) -> bool| written.iter().position(|(node, _)| wanted(*node));
    let outer = |node: usize, place: usize| matches!(program.node(node).origin, Origin::Outer(at) if at == place);
    let set = |(_, (node, _)): &(usize, &(usize, String))| frame.is_updated(*node);
    let set = written.iter().enumerate().filter(set);
    let required = sink.columns.iter();
    let required = required.map(|(node, _)| frame.is_required(*node));
    Some(Arc::new(ChangeColumns {
        operation: place(&|node| outer(node, 0))?,
        change: place(&|node| outer(node, 1))?,
        key: place(&|node| frame.said(node) == ChangeRole::Key)?,
        set: set.map(|(place, _)| place).collect(),
        required: required.collect(),
        references: references(frame, written),
        deletes: changes.table.has(Operation::Delete),
        block: changes.table.all().block(),
        depth: changes.table.depth(),
    }))
}

fn references(frame: &ChangeFrame, written: &[(usize, String)]) -> Vec<Reference> {
    let columns = written.iter().enumerate();
    let references = columns.filter_map(|(column, (node, _))| {
        let (table, key) = frame.reference(*node)?;
        Some(Reference {
            column,
            table: table.to_string(),
            key: key.to_string(),
        })
    });
    references.collect()
}

/// Why a sink cannot take the changes of a table, if these are changes.
pub(super) fn refused(sink: &Resolved, shape: &Shape, changes: bool) -> Option<Problem> {
    let (name, table) = (&sink.name, &shape.table);
    let problem = match sink.options.takes().changes {
        _ if !changes => return None,
        TakesChanges::AsRows => return None,
        TakesChanges::Applied if shape.changes.is_some() => return None,
        TakesChanges::Applied => Problem::new(format!(
            "sink `{name}` applies changes, and does not get all that says what they are"
        ))
        .hint("leave out `columns`, or name `operation`, `change` and the key there, too"),
        TakesChanges::Refused(instead) => Problem::new(format!(
            "sink `{name}` takes no changes, and the rows of `{table}` are changes"
        ))
        .hint(instead),
    };
    Some(problem.at(&sink.place))
}
