//! What is there of a dataset, by one listing of its objects.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use super::super::contents::{Contents, Sizes};
use super::super::layout::{PartFolder, hidden};
use super::super::manifest::{Listing, ManifestEntry, is_complete, is_manifest, listed_as, parse};
use super::place::ObjectPlace;
use crate::client::object::Version;
use crate::dataset::{FOLDER, SUCCESS};
use crate::error::Result;

/// The version of each object, by its path in the dataset.
pub(super) type Versions = BTreeMap<String, Version>;

impl ObjectPlace {
    /// What is in the folder, and the versions of what is.
    pub(super) fn contents(
        &self,
        folder: &PartFolder,
        fingerprint: &str,
    ) -> Result<(Contents, Versions)> {
        let base = self.key_of(&folder.path);
        let (mut sizes, mut versions) = (BTreeMap::new(), BTreeMap::new());
        for object in self.bucket.list(&base)? {
            let path = object.key.strip_prefix(&base).unwrap_or_default();
            let path = path.trim_start_matches('/').to_string();
            sizes.insert(path.clone(), object.bytes);
            versions.insert(path, object.version);
        }
        let seen = |path: &&String| !path.split('/').any(|name| name.starts_with(['.', '_']));
        let notes = Path::new(FOLDER);
        let mut lists = BTreeMap::new();
        for path in sizes.keys().map(Path::new) {
            let in_notes = path.parent() == Some(notes) && is_manifest(&listed_as(path));
            if let Some(text) = in_notes
                .then(|| self.bucket.text(&self.key(path)))
                .transpose()?
                .flatten()
            {
                let whole = folder.path.join(path);
                lists.insert(path.to_path_buf(), parse(&text, &whole)?);
            }
        }
        let contents = Contents {
            visible: sizes.keys().filter(seen).cloned().collect(),
            has_success: sizes.contains_key(SUCCESS),
            // Who is at work has not been here yet.
            has_notes: sizes.keys().any(|path| {
                let path = Path::new(path).strip_prefix(notes);
                path.is_ok_and(|path| !path.to_string_lossy().starts_with(".lease"))
            }),
            is_complete: is_complete(folder.slice, fingerprint, |path| {
                Ok(lists.get(path).map(Cow::from))
            })?,
            listing: listing(folder, lists),
            sizes: Sizes::Known(sizes),
        };
        Ok((contents, versions))
    }
}

type Lists = BTreeMap<std::path::PathBuf, Vec<ManifestEntry>>;

fn listing(folder: &PartFolder, mut lists: Lists) -> Listing {
    let own = Path::new(FOLDER).join(folder.manifest());
    let mut listing = Listing {
        own: lists.remove(&own),
        journal: lists.remove(&hidden(&own)).unwrap_or_default(),
        ..Listing::default()
    };
    for (path, entries) in lists {
        folder.add_other(&mut listing, folder.path.join(path), entries);
    }
    listing
}
