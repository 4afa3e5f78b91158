//! What runs before left at an output's place: a decision is carried out, unfinished files go.

use std::fs;
use std::path::{Path, PathBuf};

use super::decision::Output;
use super::existing::beside;
use super::layout::{Folder, Layout, draft};
use super::manifest::remove;
use super::output::{busy, system};
use super::publish::place;
use crate::error::Result;
use crate::sink::claims::Claims;
use crate::sink::{Recovered, Target};

/// Does what is to be done, or with `only_look` says what the next run will do.
pub(super) fn recover(layout: &Layout, target: &Target, only_look: bool) -> Result<Recovered> {
    let Some(output) = place(layout, &target.fingerprint) else {
        return Ok(Recovered::default());
    };
    let path = path_of(layout);
    let shown = path.display();
    let found = match only_look {
        true => output.look()?,
        false => output.roll_forward()?,
    };
    let mut lines = Vec::new();
    if found.stands {
        lines.push(match only_look {
            true => format!(
                "`{shown}`: a run that did not end had this ready; the next run publishes it"
            ),
            false => {
                format!("`{shown}`: what a run that did not end had ready is published")
            }
        });
    }
    let left = unfinished(layout, &output)?;
    if !only_look && !left.is_empty() {
        remove_all(path, &output, &left)?;
    }
    lines.extend(left.iter().map(|path| {
        let path = path.display();
        match only_look {
            true => format!("`{path}` is of a run that did not end, or is at work; once that has ended the next run removes it"),
            false => format!("`{path}` was left by a run that did not end, and is removed"),
        }
    }));
    Ok(Recovered {
        lines,
        output: output.key(),
        published: found.published,
    })
}

fn path_of(layout: &Layout) -> &Path {
    match layout {
        Layout::Through(path) | Layout::One(path) => path,
        Layout::Folder(folder) => &folder.path,
    }
}

/// Nobody else writes there while files go.
fn remove_all(path: &Path, output: &Output, left: &[PathBuf]) -> Result<()> {
    let claims = Claims::default();
    let lock = output.folder.join(&output.lock);
    let made = !lock.exists();
    match claims.claim(&lock) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(busy(path)),
        Err(error) => return Err(system("writing", &lock, &error)),
    }
    left.iter().try_for_each(|path| remove(path))?;
    match made {
        true => remove(&lock),
        false => Ok(()),
    }
}

/// Hidden files that a run makes and an ended one does not leave.
fn unfinished(layout: &Layout, output: &Output) -> Result<Vec<PathBuf>> {
    let lock = output.folder.join(&output.lock);
    let mut left = vec![draft(&output.folder.join(&output.copy))];
    match layout {
        Layout::Through(_) => {}
        Layout::One(path) => left.extend([lock, draft(&beside(path))]),
        Layout::Folder(folder) => {
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
fn parts(folder: &Folder, left: &mut Vec<PathBuf>) -> Result<()> {
    let mut folders = vec![folder.path.clone()];
    while let Some(inside) = folders.pop() {
        let Ok(entries) = fs::read_dir(&inside) else {
            continue;
        };
        for entry in entries {
            let entry = entry.map_err(|error| system("reading", &inside, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if folder.is_unfinished_part(&name) {
                left.push(entry.path());
            } else if !name.starts_with(['.', '_'])
                && entry.file_type().is_ok_and(|kind| kind.is_dir())
            {
                folders.push(entry.path());
            }
        }
    }
    Ok(())
}
