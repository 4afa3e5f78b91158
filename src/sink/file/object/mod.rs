//! Files as objects of a store: a sink of its own behind the same word.
//!
//! A disk gives names by renaming, and keeps other runs away by locks; a store can do neither. What it has
//! instead is an upload in parts, which is seen only when it is completed. So every file is such an upload,
//! small ones too, however many there are: then all that is left to do in the end is a list of steps, as
//! on a disk, which whoever comes next can take as well.
//!
//! Beside the objects lie, hidden: who writes there (`lease.rs`); a record of each upload, so that the next
//! run ends those of a run that was killed; and, while a run publishes, the steps that it takes.

mod contents;
mod decision;
mod earlier;
mod held;
mod lease;
mod place;
mod process;
mod ready;
mod records;
mod recover;
mod standing;
mod steps;
#[cfg(feature = "delta")]
mod table;
mod upload;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

pub(super) use earlier::earlier;
pub(super) use held::held;
pub(super) use recover::recover;
pub(super) use standing::standing;
#[cfg(feature = "delta")]
pub(super) use table::{TableObjects, beside_objects};

use super::File;
use super::existing::Existing;
use super::layout::PathLayout;
use super::parts::part_bytes;
use crate::client::object::look_for;
use crate::error::Result;
use crate::sink::{Found, Target};
use place::ObjectPlace;
use ready::ReadyObjects;
use uploads::Uploads;

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
            uploads: Arc::new(Uploads::new(place, part_bytes(file, &target.shape), target)),
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
    let place = ObjectPlace::new(layout, look_for(target.stall_timeout()))?;
    let found = place.existing(file, layout, target)?;
    if found == Existing::Same {
        return Ok(None);
    }
    place.outside_datasets(layout.path())?;
    place.check_writable()?;
    let patience = target.stall_timeout().unwrap_or(LONG);
    Ok(Some((ObjectPlace::new(layout, patience)?, found)))
}
