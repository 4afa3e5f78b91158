//! Where the objects are that a sink has written, for whoever reads them back.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::File;
use super::super::held::is_shared;
use super::super::layout::{PartFolder, PathLayout, is_folder};
use super::super::manifest::ManifestEntry;
use super::place::ObjectPlace;
use crate::client::object::LOOK;
use crate::error::Result;
use crate::format::FormatKind;
use crate::sink::{HeldFiles, Holds, Listed, Slice};

/// The objects at a path.
pub(in super::super) fn held(
    options: &File,
    format: FormatKind,
    slice: Option<Slice>,
) -> Holds<'static> {
    let path = &options.path;
    if slice.is_some() {
        return Holds::Nothing(
            "slices of objects are not read back one by one: leave out `--slice`",
        );
    }
    let url = PathBuf::from(path.as_str());
    let mut held = HeldFiles {
        is_there: true,
        shared: is_shared(options).then(|| url.clone()),
        ..HeldFiles::new(url.clone(), path.place.clone(), format)
    };
    // What cannot be looked at is told when it is read.
    let found = match is_folder(path) {
        true => in_folder(&url, &mut held),
        false => of_one(&url, &mut held),
    };
    if let Err(error) = found {
        tracing::debug!(%error, "nothing is known of what is read");
    }
    Holds::Files(Box::new(held))
}

fn in_folder(url: &Path, held: &mut HeldFiles) -> Result<()> {
    let folder = PartFolder::at(url, None);
    let place = ObjectPlace::new(&PathLayout::Folder(folder.clone()), LOOK)?;
    let (contents, _) = place.contents(&folder, "")?;
    let listing = &contents.listing;
    let own = listing.own.iter().flatten();
    let entries = own.chain(&listing.journal).chain(&listing.others);
    held.listed = entries.filter_map(|entry| listed(url, entry)).collect();
    let known: BTreeSet<&Path> = held.listed.iter().map(|listed| &*listed.path).collect();
    let visible = contents.visible.iter().map(|path| url.join(path));
    held.unlisted = visible.filter(|path| !known.contains(&**path)).collect();
    let is_whole = listing.own.is_some() && held.listed.is_empty();
    held.is_empty = is_whole && contents.visible.is_empty();
    held.is_there = contents.has_notes || !contents.visible.is_empty();
    Ok(())
}

fn of_one(url: &Path, held: &mut HeldFiles) -> Result<()> {
    let place = ObjectPlace::new(&PathLayout::One(url.to_path_buf()), LOOK)?;
    held.is_there = place.bucket.look(&place.key_of(url))?.is_some();
    let base = url.parent().unwrap_or(url);
    let entries = place.remembered(url)?.unwrap_or_default();
    held.listed = entries
        .iter()
        .filter_map(|entry| listed(base, entry))
        .collect();
    Ok(())
}

fn listed(base: &Path, entry: &ManifestEntry) -> Option<Listed> {
    Some(Listed {
        path: base.join(entry.path.as_ref()?),
        rows: entry.rows,
        bytes: entry.bytes,
        sha256: entry.sha256.clone(),
        fingerprint: entry.fingerprint.clone(),
    })
}
