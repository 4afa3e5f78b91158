//! Which files of a table are those of a run, for whoever reads its rows back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use glob::Pattern;

use super::super::{Delta, Mode};
use super::can_be_folder;
use super::identity::Identity;
use super::table::Table;
use crate::client::object::LOOK;
use crate::error::{Error, Problem, Result};
use crate::format::FormatKind;
use crate::sink::file::suffix;
use crate::sink::{HeldFiles, Slice};
use crate::units::show_count;

/// The files of the run with this fingerprint that the table has now: those of the slice where there are any.
///
/// # Errors
/// The table cannot be read, or its files are not those that the run has written.
pub(in super::super) fn held(
    delta: &Delta,
    out: &Path,
    slice: Option<Slice>,
    fingerprint: &str,
) -> Result<HeldFiles> {
    let folder = delta.path.from(out);
    can_be_folder(&folder)?;
    let folder = match delta.path.is_object() {
        true => folder,
        false => std::path::absolute(&folder).unwrap_or(folder),
    };
    let format = FormatKind::Parquet(delta.parquet.clone().unwrap_or_default());
    // Which of its files are whose says the log.
    let mut held = HeldFiles {
        of_table: true,
        ..HeldFiles::new(folder.clone(), delta.path.place.clone(), format)
    };
    let table = Table::open(&folder, LOOK)?;
    let Some(now) = table.now()? else {
        return Ok(held);
    };
    let mut identity = Identity {
        fingerprint: fingerprint.to_string(),
        slice,
        generation: 0,
    };
    let application = identity.application(delta.mode() == Mode::Overwrite);
    let committed = table.committed(&now, &application)?;
    identity.generation = committed.unwrap_or_default();
    let named = table.paths(&now)?.ok_or_else(|| deleted(&table))?;
    let prefix = prefix(&identity, &named);
    held.of_slice = slice.is_some() && prefix.ends_with(&slice_end(slice));
    let own = of(&named, &prefix);
    if own.is_empty() && committed.is_none() {
        return Ok(held);
    }
    alike(&table, &own, &of(&there(&table)?, &prefix))?;
    let others = named.len() - own.len();
    if others > 0 && !held.of_slice {
        let others = show_count(others as u64);
        held.notes.push(format!(
            "files of other runs, which are not compared: {others}"
        ));
    }
    held.path = pattern(&folder, &prefix);
    held.is_there = true;
    Ok(held)
}

/// What the names of the files begin with: of the slice, if there is one of those.
fn prefix(identity: &Identity, named: &BTreeSet<String>) -> String {
    let whole = identity.part_prefix();
    let sliced = format!("{whole}{}", slice_end(identity.slice));
    match of(named, &sliced).is_empty() {
        true => whole,
        false => sliced,
    }
}

fn slice_end(slice: Option<Slice>) -> String {
    slice.map_or(String::new(), |slice| format!("{}-", suffix(slice)))
}

/// Those whose names begin so.
fn of(paths: &BTreeSet<String>, prefix: &str) -> BTreeSet<String> {
    let begins = |path: &&String| {
        let name = path.rsplit('/').next().unwrap_or(path);
        name.starts_with(prefix)
    };
    paths.iter().filter(begins).cloned().collect()
}

fn pattern(folder: &Path, prefix: &str) -> PathBuf {
    let folder = Pattern::escape(&folder.to_string_lossy());
    Path::new(folder.trim_end_matches('/'))
        .join("**")
        .join(format!("{prefix}*.parquet"))
}

/// Every file that lies in the table's folder.
fn there(table: &Table) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    table.find_file(|path| {
        found.insert(path.to_string());
        false
    })?;
    Ok(found)
}

/// What the log names and what lies there are the same files: else rows would be compared that the table
/// does not have.
fn alike(table: &Table, named: &BTreeSet<String>, there: &BTreeSet<String>) -> Result<()> {
    let shown = table.shown();
    if named.is_empty() {
        return Err(gone(table));
    }
    if let Some(lost) = named.difference(there).next() {
        let what = format!("`{shown}/{lost}` is not there, and the log of the table names it");
        return Err(Error::run(what));
    }
    let Some(other) = there.difference(named).next() else {
        return Ok(());
    };
    let what = format!(
        "`{shown}/{other}` is of this run, and the log of the table does not name it, or not any more"
    );
    let hint = "`rowgen run` finishes a run that did not end; rows that were deleted or rewritten since (DELETE, OPTIMIZE) cannot be told from others";
    Err(Error::run(Problem::new(what).hint(hint)))
}

fn gone(table: &Table) -> Error {
    let what = format!(
        "`{}` has the transaction of this run, and its files not any more: they were replaced or rewritten",
        table.shown()
    );
    Error::run(Problem::new(what).hint("earlier versions of the table may have them"))
}

fn deleted(table: &Table) -> Error {
    let what = format!(
        "rows of `{}` were deleted within files (deletion vectors), which rowgen does not read",
        table.shown()
    );
    Error::run(Problem::new(what))
}
