//! What runs before left at an output's place: a decision is carried out, unfinished files go.

use std::fs;
use std::path::PathBuf;

use super::IfExists;
use super::decision::DecidedOutput;
use super::done;
use super::existing::{beside, doubled};
use super::kept;
use super::layout::{PartFolder, PathLayout, draft, hidden};
use super::manifest::{entries_in, remove};
use super::output::{claim, system};
use super::publish::place;
use super::roll_forward::FoundDecision;
use crate::error::Result;
use crate::sink::claims::Claims;
use crate::sink::{Recovered, Target};

/// Does what is to be done, or with `only_look` says what the next run will do.
pub(super) fn recover(
    layout: &PathLayout,
    target: &Target,
    if_exists: IfExists,
    only_look: bool,
) -> Result<Recovered> {
    let Some(output) = place(layout, &target.fingerprint) else {
        return Ok(Recovered::default());
    };
    let mut found = match only_look {
        true => output.look()?,
        false => output.roll_forward()?,
    };
    let key = output.key();
    let has_own =
        |found: &FoundDecision| found.published.iter().any(|earlier| earlier.output == key);
    // Whoever replaces makes the rows anew, whatever was published of them before; only what adds
    // or keeps must know that it is done already.
    let again = matches!(if_exists, IfExists::Replace | IfExists::ReplacePartitions);
    let noted = match has_own(&found) || again {
        true => None,
        false => done::find(&output)?,
    };
    let mut lines = Vec::new();
    let shown = layout.path().display();
    lines.extend(found.undone.iter().map(|folder| {
        let folder = folder.display();
        format!(
            "`{folder}`: a run was killed while it published this, and some of what it had made is gone: the rest is removed"
        )
    }));
    match (found.stands, only_look) {
        _ if noted.is_some() => lines.push(format!(
            "`{shown}`: what this run had ready when it was killed is published already"
        )),
        (false, _) if if_exists == IfExists::Append => lines.extend(doubled(layout, target)?),
        (false, _) => {}
        (true, true) => lines.push(format!(
            "`{shown}`: a run that did not end had this ready; the next run publishes it"
        )),
        (true, false) => lines.push(format!(
            "`{shown}`: what a run that did not end had ready is published"
        )),
    }
    lines.extend(match only_look {
        true => told(layout, &output)?,
        false => {
            found
                .published
                .extend(noted.and_then(|noted| noted.earlier(0)));
            cleared(layout, &output, has_own(&found))?
        }
    });
    Ok(Recovered {
        lines,
        output: key,
        published: found.published,
    })
}

/// What the next run does with what is there.
fn told(layout: &PathLayout, output: &DecidedOutput) -> Result<Vec<String>> {
    if kept::find(layout, &output.fingerprint).is_some() {
        let shown = layout.path().display();
        return Ok(vec![format!(
            "`{shown}`: a run that did not end has made this; the next run takes it over"
        )]);
    }
    let left = unfinished(layout, output)?;
    let line = |path: &PathBuf| {
        let path = path.display();
        format!(
            "`{path}` is of a run that did not end, or is at work; once that has ended the next run removes it"
        )
    };
    Ok(left.iter().map(line).collect())
}

/// Takes over what is whole and of this plan and seed, if it is not `done`, and removes what is left,
/// while nobody else writes there.
fn cleared(layout: &PathLayout, output: &DecidedOutput, done: bool) -> Result<Vec<String>> {
    let left = unfinished(layout, output)?;
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let claims = Claims::default();
    let lock = output.folder.join(&output.lock);
    let made = !lock.exists();
    // Nothing is removed without the lock: it may belong to a run that is at work right now.
    claim(&claims, &lock, layout.path())?;
    let files = match done {
        true => None,
        false => kept::find(layout, &output.fingerprint),
    };
    let files = files.unwrap_or_default();
    // Read and hashed once more: since they were written the machine may have lost its cache.
    let spoiled = kept::spoiled(&files);
    let taken = !files.is_empty() && spoiled.is_none();
    let mut stays: Vec<PathBuf> = files.iter().map(|file| hidden(&file.path)).collect();
    stays.extend(kept::path(layout).into_iter().chain([lock.clone()]));
    let mut lines = Vec::new();
    if taken {
        let shown = layout.path().display();
        lines.push(format!(
            "`{shown}`: what a run that did not end had made is taken over"
        ));
    }
    for path in left.iter().filter(|path| !taken || !stays.contains(path)) {
        remove(path)?;
        let shown = path.display();
        lines.push(match spoiled.as_ref() == Some(path) {
            true => format!("`{shown}` is not what a run before has written, and is removed"),
            false => format!("`{shown}` was left by a run that did not end, and is removed"),
        });
    }
    // The lock was made only to look, and would be a stranger in the folder.
    if made {
        remove(&lock)?;
    }
    Ok(lines)
}

/// Hidden files that a run makes and an ended one does not leave.
fn unfinished(layout: &PathLayout, output: &DecidedOutput) -> Result<Vec<PathBuf>> {
    let lock = output.folder.join(&output.lock);
    // Drafts of small files: a killed run leaves them half written, and nobody ever reads one.
    let mut left = vec![draft(&output.folder.join(&output.copy))];
    left.extend(kept::path(layout));
    match layout {
        PathLayout::Through(_) => {}
        PathLayout::One(path) => left.extend([lock, draft(&beside(path))]),
        PathLayout::Folder(folder) => {
            left.push(draft(&folder.own_manifest()));
            left.push(folder.path.join(folder.success_draft()));
            parts(folder, &mut left)?;
            // It may list files of a table without end.
            if fs::metadata(&lock).is_ok_and(|found| found.len() == 0) {
                left.push(lock);
            }
        }
    }
    left.retain(|path| path.exists());
    left.sort();
    Ok(left)
}

/// Parts of this slice that never got their names.
fn parts(folder: &PartFolder, left: &mut Vec<PathBuf>) -> Result<()> {
    let mut folders = vec![folder.path.clone()];
    while let Some(inside) = folders.pop() {
        for entry in entries_in(&inside)? {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if folder.is_unfinished_part(&name) {
                left.push(entry.path());
            } else if !name.starts_with(['.', '_']) {
                let kind = entry.file_type();
                let kind = kind.map_err(|error| system("reading", &inside, &error))?;
                folders.extend(kind.is_dir().then(|| entry.path()));
            }
        }
    }
    Ok(())
}
