//! Where the files are that a sink has written: whole, or as slices.

use std::path::{Path, PathBuf};

use super::layout::{Folder, is_folder, is_through, sliced};
use super::strays::{self, Beside};
use crate::format::FormatKind;
use crate::place::{LocalPath, Placed};
use crate::sink::{HeldFiles, Holds, Slice};

/// The files at a path: those of the slice where there are any, else all of them.
pub(super) fn held(
    path: &Placed<LocalPath>,
    format: FormatKind,
    out: &Path,
    slice: Option<Slice>,
) -> Holds<'static> {
    let whole = out.join(path.as_str());
    if is_through(&whole) {
        return Holds::Nothing("what was written through a pipe is gone");
    }
    let whole = std::path::absolute(&whole).unwrap_or(whole);
    let of_slice = match is_folder(path) {
        true => slice.and_then(|slice| parts(&whole, slice)),
        false => slice
            .map(|slice| whole.with_file_name(sliced(&whole, slice)))
            .filter(|path| path.exists()),
    };
    let is_slice = of_slice.is_some();
    let slicing = match is_folder(path) || whole.exists() || is_slice {
        true => None,
        false => strays::slicings(&whole).into_iter().next(),
    };
    let beside = match is_folder(path) {
        true => Beside::in_folder(&whole, slice.filter(|_| is_slice)),
        false => Beside::of_file(of_slice.as_deref().unwrap_or(&whole), slicing),
    };
    let slices = slicing.map(|count| strays::pattern(&whole, count));
    // What cannot be looked at is told when it is read.
    let is_there = is_slice || slices.is_some() || whole.try_exists().unwrap_or(true);
    Holds::Files(Box::new(HeldFiles {
        path: of_slice.or(slices).unwrap_or(whole),
        place: path.place.clone(),
        format,
        of_slice: is_slice,
        is_there,
        listed: beside.listed,
        unlisted: beside.unlisted,
        notes: beside.notes,
    }))
}

/// The parts of a folder that a slice has written; nothing if it has none.
fn parts(folder: &Path, slice: Slice) -> Option<PathBuf> {
    let own = Folder::at(folder, Some(slice));
    let prefix = own.part_prefix();
    own.own_manifest()
        .exists()
        .then(|| folder.join("**").join(format!("{prefix}*")))
}
