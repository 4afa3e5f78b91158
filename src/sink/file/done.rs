//! What was published for a run that was killed, where another run has been since: noted beside the output
//! until the killed one is run again, which then has nothing left to do there. So a retry adds no row
//! twice, whoever has added theirs in between.
//!
//! A note holds while the files are there and the manifest lists them as those of that run.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

use super::decision::DecidedOutput;
use super::layout::draft;
use super::manifest::{self, remove, write_whole};
use super::output::system;
use super::steps::{PublishStep, PublishSteps};
use crate::dataset::is_nothing;
use crate::error::{Error, Result};

/// Notes that an output was published, if it is there.
pub(super) fn note(output: &DecidedOutput) -> Result<()> {
    if !is_there(output)? {
        return Ok(());
    }
    let is_name = |step: &&PublishStep| matches!(step, PublishStep::Name { .. });
    let names = output.steps.steps.iter().filter(is_name);
    let steps = PublishSteps {
        fsync: output.steps.fsync,
        steps: names.cloned().collect(),
    };
    // One note for each run that was killed here: several may wait for their retries.
    let mut notes = read(output)?;
    notes.retain(|note| note.fingerprint != output.fingerprint);
    notes.push(DecidedOutput {
        steps,
        ..output.clone()
    });
    write(output, notes)
}

/// What was published of this output, if it is still there.
pub(super) fn find(output: &DecidedOutput) -> Result<Option<DecidedOutput>> {
    let notes = read(output)?.into_iter();
    let mut own = notes.filter(|note| note.fingerprint == output.fingerprint);
    match own.next() {
        Some(note) if is_there(&note)? => Ok(Some(note)),
        _ => Ok(None),
    }
}

/// Its run has ended well. Notes of what others have replaced since go, too.
pub(super) fn settle(output: &DecidedOutput) -> Result<()> {
    let (mut stay, mut others) = (Vec::new(), read(output)?);
    let before = others.len();
    others.retain(|note| note.fingerprint != output.fingerprint);
    for note in others {
        if is_there(&note)? {
            stay.push(note);
        }
    }
    match (before, stay.len()) {
        (before, staying) if before == staying => Ok(()),
        (_, 0) => remove(&path(output)),
        _ => write(output, stay),
    }
}

fn path(output: &DecidedOutput) -> PathBuf {
    output.folder.join(&output.note)
}

/// The manifest lists its files, and all of them are there.
fn is_there(output: &DecidedOutput) -> Result<bool> {
    let listed = manifest::read(&output.folder.join(&output.manifest))?.unwrap_or_default();
    let own = listed
        .iter()
        .filter(|entry| entry.fingerprint == output.fingerprint);
    let own: HashSet<_> = own
        .map(|entry| (entry.path.as_deref(), entry.bytes))
        .collect();
    let names = output.steps.names();
    let mut names = names.map(|(path, bytes)| (path.to_str(), bytes));
    let listed = !own.is_empty() && names.all(|name| own.contains(&name));
    Ok(listed && output.steps.were_named(&output.folder)?)
}

/// The notes beside an output, of whatever run.
fn read(output: &DecidedOutput) -> Result<Vec<DecidedOutput>> {
    let path = path(output);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if is_nothing(&error) => return Ok(Vec::new()),
        Err(error) => return Err(system("reading", &path, &error)),
    };
    let note = |line: &str| serde_json::from_str::<DecidedOutput>(line);
    let notes = text.lines().map(note).collect::<Result<Vec<_>, _>>();
    let mut notes = notes.map_err(|error| {
        let doing = format!("reading `{}`", path.display());
        Error::because(doing, error)
    })?;
    for note in &mut notes {
        note.folder.clone_from(&output.folder);
    }
    Ok(notes)
}

fn write(output: &DecidedOutput, notes: Vec<DecidedOutput>) -> Result<()> {
    let mut text = String::new();
    for mut note in notes {
        // It moves with the output.
        note.folder = PathBuf::new();
        let line = serde_json::to_string(&note);
        text += &line.map_err(|error| Error::because("noting what is published", error))?;
        text.push('\n');
    }
    let path = path(output);
    write_whole(&draft(&path), &path, &text, output.steps.fsync)
}
