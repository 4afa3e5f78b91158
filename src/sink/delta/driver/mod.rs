//! The table as it is found, what runs before have left, and the way to the commit.

mod added;
mod commit;
mod damage;
mod engine;
mod failure;
mod held;
mod identity;
mod lane;
mod notes;
mod partition;
mod ready;
mod schema;
mod stats;
mod table;

use std::time::Duration;

use delta_kernel::snapshot::SnapshotRef;

use super::{Delta, Mode, types};
use crate::client::object::look_for;
use crate::error::Result;
use crate::sink::file::{TableFiles, beside_datasets, can_be_folder};
use crate::sink::{Found, Recovered, Standing, Target};
pub(super) use held::held;
use identity::Identity;
use ready::ReadyTable;
use schema::TableColumns;
use table::Table;

/// A commit is waited for so long where the run does not say.
const LONG: Duration = Duration::from_secs(120);

/// What was found of a table.
struct TableState {
    table: Table,
    columns: TableColumns,
    identity: Identity,
    overwrite: bool,
    /// As it is; nothing if there is none.
    now: Option<SnapshotRef>,
    /// All that this run would write is there.
    is_done: bool,
}

impl TableState {
    fn look(delta: &Delta, target: &Target) -> Result<Self> {
        let overwrite = delta.mode() == Mode::Overwrite;
        let folder = delta.path.from(&target.out);
        can_be_folder(&folder)?;
        let patience = look_for(target.stall_timeout());
        let table = Table::open(&folder, patience)?;
        let columns = TableColumns::of(&types::written(delta, &target.shape))?;
        let mut seen = Self {
            now: table.now()?,
            identity: Identity::of(target),
            table,
            columns,
            overwrite,
            is_done: false,
        };
        match seen.now.clone() {
            Some(now) => seen.judge(&now)?,
            None => {
                seen.table.check_empty()?;
                beside_datasets(&folder, patience)?;
            }
        }
        Ok(seen)
    }

    /// Whether rows fit, and whether they are there.
    fn judge(&mut self, now: &SnapshotRef) -> Result<()> {
        self.table.check(now, &self.columns, self.overwrite)?;
        let application = self.identity.application(self.overwrite);
        let committed = self.table.committed(now, &application)?;
        let Some(generation) = committed else {
            return Ok(());
        };
        self.identity.generation = generation;
        self.is_done = !self.overwrite || self.table.holds_only(now, &self.identity)?;
        if !self.is_done {
            // Others have written since: the rows are made anew, in files of other names.
            self.identity.generation += 1;
        }
        Ok(())
    }

    fn ready(self, delta: &Delta, target: &Target) -> Result<ReadyTable> {
        let patience = target.stall_timeout().unwrap_or(LONG);
        let written = Target {
            shape: types::written(delta, &target.shape),
            ..target.clone()
        };
        Ok(ReadyTable {
            table: Table::open(&delta.path.from(&target.out), patience)?,
            files: TableFiles::new(delta.files(), self.identity.tag(), written, patience)?,
            columns: self.columns,
            identity: self.identity,
            overwrite: self.overwrite,
            target: target.clone(),
        })
    }
}

fn look(delta: &Delta, target: &Target) -> Result<TableState> {
    TableState::look(delta, target).map_err(|error| error.at(&delta.path.place))
}

/// What is found where the table is, or is to be.
///
/// # Errors
/// Something is in the way, or it cannot be looked at.
pub(super) fn connect(delta: &Delta, target: &Target) -> Result<Found> {
    let seen = look(delta, target)?;
    if seen.is_done {
        return Ok(Found::Same);
    }
    // This slice has done its part, and others have not.
    let noted = notes::kept(&seen.table.engine, &seen.identity)?;
    if seen.overwrite && target.slice.is_some() && noted.is_some() {
        return Ok(Found::Same);
    }
    let replaces = seen.overwrite && seen.now.is_some();
    Ok(Found::Ready {
        replaces,
        told: Vec::new(),
        sink: Box::new(seen.ready(delta, target)?),
    })
}

/// Whether the rows of a target are in the table.
///
/// # Errors
/// It cannot be looked at.
pub(super) fn standing(delta: &Delta, target: &Target) -> Result<Standing> {
    match look(delta, target)?.is_done {
        true => Ok(Standing::Same),
        false => Ok(Standing::Absent),
    }
}

/// Commits what a run before has noted and not committed, and removes what it has not noted.
///
/// # Errors
/// The table does not take it, or it cannot be looked at.
pub(super) fn recover(delta: &Delta, target: &Target, only_look: bool) -> Result<Recovered> {
    let mut recovered = Recovered::default();
    let seen = look(delta, target)?;
    let shown = seen.table.shown().to_string();
    let done = format!("`{shown}` holds the rows of this plan and seed already: nothing is added");
    if seen.is_done {
        recovered.lines.push(done);
        return Ok(recovered);
    }
    let mut ready = seen.ready(delta, target)?;
    if !only_look {
        // Whoever had it before may have committed since.
        if ready.files.claim()? {
            let seen = look(delta, target)?;
            if seen.is_done {
                recovered.lines.push(done);
                return Ok(recovered);
            }
            ready.identity = seen.identity;
        }
    }
    recovered.lines.extend(left(&ready, only_look)?);
    Ok(recovered)
}

/// What a run before has left, and what becomes of it.
fn left(ready: &ReadyTable, only_look: bool) -> Result<Option<String>> {
    let (engine, shown) = (&ready.table.engine, ready.table.shown());
    let own = notes::kept(engine, &ready.identity)?;
    let Some(own) = own.filter(|own| notes::are_there(engine, own)) else {
        return ready.files.tidy(only_look);
    };
    let noted = match ready.overwrite {
        true => notes::all(engine, &ready.identity)?,
        false => Some(own),
    };
    Ok(Some(match (noted, only_look) {
        (None, _) => {
            let line = "this slice is made; the last one of all commits the table";
            format!("`{shown}`: {line}")
        }
        (Some(_), true) => {
            let line = "a run that did not end had this ready; the next run commits it";
            format!("`{shown}`: {line}")
        }
        (Some(noted), false) => {
            ready.commit(&noted)?;
            if !ready.overwrite {
                notes::forget(engine, &ready.identity)?;
            }
            let line = "what a run that did not end had ready is committed";
            format!("`{shown}`: {line}")
        }
    }))
}
