//! Files that are as their manifest lists them need not be read: what a run has written of the same plan is
//! what must be there.

use std::path::Path;

use super::matching::Counts;
use super::outcome::Outcome;
use super::scan::Workers;
use crate::dataset::checksum;
use crate::place::is_object;
use crate::report::digest;
use crate::sink::{HeldFiles, Listed};
use crate::units::show_count;

/// How many files are named.
// A choice: twenty names say where to look.
const NAMED: usize = 20;

/// True if all files are as they were written, by manifests of the plan of this fingerprint with so many
/// rows; the outcome says so, or why not.
pub(super) fn is_untouched(
    (held, fingerprint): (Option<&HeldFiles>, &str),
    rows: u64,
    workers: &Workers<'_>,
    outcome: &mut Outcome,
) -> bool {
    let trusted = match held {
        None => Err("there is none of that".to_string()),
        // Cheap doubts first: the fingerprint and the number of rows stand in the manifest, the
        // checksum of each file takes a read of all its bytes.
        Some(held) => doubt(held, fingerprint, rows).map_or(Ok(held), Err),
    };
    let held = match trusted {
        Ok(held) => held,
        Err(why) => {
            let note = format!("the manifest was not trusted, all was read: {why}");
            outcome.notes.push(note);
            return false;
        }
    };
    if let Some(touched) = touched(held, workers) {
        outcome.notes.push(touched);
        return false;
    }
    outcome.source = held.path.display().to_string();
    outcome.trusted = Some(held.listed.len());
    outcome.digest = digest(held.listed.iter().map(|file| file.sha256.as_deref()));
    outcome.counts = Counts {
        expected: rows,
        found: rows,
        equal: rows,
        ..Counts::default()
    };
    true
}

/// A note where rows differ and manifests say that another run wrote the files.
pub(super) fn of_another_run(held: &HeldFiles, fingerprint: &str) -> Option<String> {
    let other = held
        .listed
        .iter()
        .any(|file| file.fingerprint != fingerprint);
    other.then(|| {
        "it was written by a run with another plan, seed or run date, or of another part of this one: give `verify` what that run was given".into()
    })
}

/// Why manifests cannot be trusted; none if they can.
fn doubt(held: &HeldFiles, fingerprint: &str, rows: u64) -> Option<String> {
    let listed = &held.listed;
    if is_object(&held.path) {
        return Some("the bytes of objects are not known without reading them".into());
    }
    if listed.is_empty() {
        return Some("there is none".into());
    }
    if listed.iter().any(|file| file.fingerprint != fingerprint) {
        return Some("it is of another plan or seed, or of another part of this one".into());
    }
    let all: u64 = listed.iter().map(|file| file.rows).sum();
    // A manifest of the right plan may still list a part of the rows, such as one slice of them.
    if all != rows {
        let (all, rows) = (show_count(all), show_count(rows));
        return Some(format!("it lists {all} rows, and there should be {rows}"));
    }
    let unknown = listed.iter().any(|file| file.sha256.is_none());
    unknown.then(|| "it has no SHA-256: of a single file `run --report FILE` has it noted".into())
}

/// Which files are not as manifests list them, in words; none if all are.
pub(super) fn touched(held: &HeldFiles, workers: &Workers<'_>) -> Option<String> {
    let base = match held.path.is_dir() {
        true => held.path.as_path(),
        false => held.path.parent().unwrap_or(&held.path),
    };
    let shown = |path: &Path| {
        path.strip_prefix(base)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    let looked = workers.all(&held.listed, changed);
    let changed = held.listed.iter().zip(looked);
    let changed = changed.filter_map(|(file, why)| Some(format!("{} {}", shown(&file.path), why?)));
    // A file that no manifest lists is read by whoever reads the folder, so it is a change, too.
    let unlisted = held.unlisted.iter();
    let unlisted = unlisted.map(|path| format!("{} is not listed", shown(path)));
    let mut all: Vec<String> = changed.chain(unlisted).collect();
    if all.len() > NAMED {
        let more = all.split_off(NAMED).len();
        all.push(format!("and {more} more"));
    }
    let list = all.join(", ");
    (!all.is_empty()).then(|| format!("changed since the run that wrote it: {list}"))
}

/// How a file is not as it was written; none if it is.
fn changed(file: &Listed) -> Option<String> {
    match file.path.metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Some("is not there".into());
        }
        Err(error) => return Some(format!("cannot be read: {error}")),
        // The length first: it is known without reading, and nearly every change of a file changes
        // it.
        Ok(found) if found.len() != file.bytes => {
            let (now, then) = (show_count(found.len()), show_count(file.bytes));
            return Some(format!("has {now} bytes, and had {then}"));
        }
        Ok(_) => {}
    }
    let sum = file.sha256.as_ref()?;
    match checksum(&file.path) {
        Ok(found) if found == *sum => None,
        Ok(_) => Some("has other bytes".into()),
        Err(error) => Some(format!("cannot be read: {error}")),
    }
}
