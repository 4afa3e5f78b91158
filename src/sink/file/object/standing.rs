//! Whether the output of a slot is there already, read from nothing but its objects.

use super::super::layout::PathLayout;
use super::super::standing::{one, partitions, whole};
use super::super::{File, IfExists};
use super::place::ObjectPlace;
use crate::client::object::look_for;
use crate::error::Result;
use crate::sink::{Standing, Target};

/// What is there of the output that `target` would write.
///
/// # Errors
/// The store refuses or is not there.
pub(in super::super) fn standing(
    file: &File,
    layout: &PathLayout,
    target: &Target,
) -> Result<Standing> {
    let found = look(file, layout, target);
    found.map_err(|error| error.at(&file.path.place))
}

fn look(file: &File, layout: &PathLayout, target: &Target) -> Result<Standing> {
    let place = ObjectPlace::new(layout, look_for(target.stall_timeout()))?;
    match layout {
        PathLayout::Folder(folder) => {
            let (contents, _) = place.contents(folder, &target.fingerprint)?;
            Ok(match file.if_exists(target) {
                IfExists::ReplacePartitions => {
                    let own = contents.listing.own.as_deref().unwrap_or_default();
                    let bytes = |path: &str| contents.bytes(path).ok().flatten();
                    partitions(folder, own, bytes, target)
                }
                _ => whole(folder, &contents, target),
            })
        }
        PathLayout::One(path) | PathLayout::Through(path) => {
            let Some(found) = place.bucket.look(&place.key_of(path))? else {
                return Ok(Standing::Absent);
            };
            let entries = place.remembered(path)?.unwrap_or_default();
            Ok(one(path, found.bytes, &entries, target))
        }
    }
}
