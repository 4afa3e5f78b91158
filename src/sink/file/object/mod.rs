//! Files as objects of a store: a sink of its own behind the same word.
//!
//! A disk gives names by renaming, and keeps other runs away by locks; a store can do neither. What it has
//! instead is an upload in parts, which is seen only when it is completed. So every file is such an upload,
//! small ones too, however many there are: then all that is left to do in the end is a list of steps, as
//! on a disk, which whoever comes next can take as well.
//!
//! Beside the objects lie, hidden: a record of each upload, so that the next run ends those of a run that
//! was killed; and, while a run publishes, the steps that it takes. Who puts these there first publishes.
//!
//! Two runs at once: the later one ends the uploads of the earlier one, which then fails. Nobody can tell
//! a run on another machine that is at work from one that was killed.

mod contents;
mod held;
mod place;
mod ready;
mod recover;
mod standing;
mod steps;
#[cfg(feature = "delta")]
mod table;
mod upload;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

pub(super) use held::held;
pub(super) use recover::{earlier, recover};
pub(super) use standing::standing;
#[cfg(feature = "delta")]
pub(super) use table::TableObjects;

use super::existing::{self, Existing};
use super::layout::PathLayout;
use super::{File, describe};
use crate::error::Result;
use crate::sink::{Found, Target};
use place::ObjectPlace;
use ready::ReadyObjects;
use uploads::Uploads;

/// Before the first row a store has answered by then.
const LOOK: Duration = Duration::from_secs(10);

/// A run without end waits for its store as long as this.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

/// What is found where objects are to be written.
///
/// # Errors
/// Something is in the way, or the store does not let it be written.
pub(super) fn connect(file: &File, layout: PathLayout, target: &Target) -> Result<Found> {
    let found = look(file, &layout, target).map_err(|error| error.at(&file.path.place))?;
    let Some((place, found)) = found else {
        return Ok(Found::Same);
    };
    Ok(Found::Ready {
        replaces: found == Existing::Replaced,
        told: Vec::new(),
        sink: Box::new(ReadyObjects {
            uploads: Arc::new(Uploads::new(place, part_bytes(file, target), target)),
            options: file.clone(),
            layout,
            target: target.clone(),
        }),
    })
}

/// The place, and what is there; nothing where that is the same.
fn look(
    file: &File,
    layout: &PathLayout,
    target: &Target,
) -> Result<Option<(ObjectPlace, Existing)>> {
    let place = ObjectPlace::new(layout, LOOK)?;
    let if_exists = file.if_exists(target);
    let found = match layout {
        PathLayout::Folder(folder) => {
            let (contents, _) = place.contents(folder, &target.fingerprint)?;
            existing::check_folder(folder, &contents, if_exists, target)?
        }
        PathLayout::One(path) | PathLayout::Through(path) => {
            match place.bucket.look(&place.key_of(path))? {
                Some(there) => {
                    let listed = || place.remembered(path);
                    existing::check_one(path, there.bytes, listed, if_exists, target)?
                }
                None => Existing::Nothing,
            }
        }
    };
    if found == Existing::Same {
        return Ok(None);
    }
    place.outside_datasets(layout.path())?;
    place.check_writable()?;
    let patience = target.stall_timeout().unwrap_or(LONG);
    Ok(Some((ObjectPlace::new(layout, patience)?, found)))
}

/// The least bytes of a part that every store takes.
const LEAST_PART: u64 = 5 << 20;

/// Bytes of a part where few files are open at once: the fewer requests, the faster.
const BEST_PART: u64 = 8 << 20;

/// So many files may be open at once with parts of the best size.
const FEW_FILES: usize = 4;

/// A store takes no more than 10 000 parts of an object: an estimate may be half of what comes.
const PLANNED_PARTS: u64 = 5_000;

/// How large the parts of each file are, by what the plan knows of the rows.
fn part_bytes(file: &File, target: &Target) -> u64 {
    let format = file.format().ok();
    let a_row = format.and_then(|format| describe::bytes_a_row(&format, &target.shape));
    let files = target.shape.file_starts.len() as u64 + 1;
    let all = a_row.zip(target.shape.rows);
    let all = all.map(|(bytes, rows)| (bytes * rows as f64) as u64 / files);
    let wanted = file.target_file_size.as_ref().map(|size| size.value.0);
    let expected = match (all, wanted) {
        (Some(all), Some(wanted)) => all.min(wanted),
        (all, wanted) => all.or(wanted).unwrap_or_default(),
    };
    let least = if target.lanes.len() > FEW_FILES {
        LEAST_PART
    } else {
        BEST_PART
    };
    let mib = 1 << 20;
    least.max(expected.div_ceil(PLANNED_PARTS).div_ceil(mib) * mib)
}
