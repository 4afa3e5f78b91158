//! Where the files are that a sink has written: whole, or as slices.

use std::path::{Path, PathBuf};

use glob::Pattern;

use super::layout::{PartFolder, is_folder, is_through, sliced};
use super::strays::{self, Beside};
use super::{File, IfExists};
use crate::format::FormatKind;
use crate::sink::{HeldFiles, Holds, Slice};

/// What there is to read of an output.
struct There {
    /// The file, the folder, or the pattern of the files: what stands before the names of slices is escaped
    /// in it.
    path: PathBuf,
    of_slice: bool,
    is_there: bool,
    /// A manifest says that there is no file.
    is_empty: bool,
    beside: Beside,
}

/// The files at a path: those of the slice where there are any, else all of them.
pub(super) fn held(
    options: &File,
    format: FormatKind,
    out: &Path,
    slice: Option<Slice>,
) -> Holds<'static> {
    let path = &options.path;
    let whole = out.join(path.as_str());
    if is_through(&whole) {
        return Holds::Nothing("what was written through a pipe is gone");
    }
    let whole = std::path::absolute(&whole).unwrap_or(whole);
    let there = match is_folder(path) {
        true => There::in_folder(&whole, slice),
        false => There::of_file(&whole, slice),
    };
    Holds::Files(Box::new(HeldFiles {
        of_slice: there.of_slice,
        is_there: there.is_there,
        is_empty: there.is_empty,
        shared: is_shared(options).then_some(whole),
        listed: there.beside.listed,
        unlisted: there.beside.unlisted,
        notes: there.beside.notes,
        ..HeldFiles::new(there.path, path.place.clone(), format)
    }))
}

impl There {
    /// The file, that of the slice, or those of all slices.
    fn of_file(whole: &Path, slice: Option<Slice>) -> Self {
        let own = slice.map(|slice| (whole.with_file_name(sliced(whole, slice)), slice));
        if let Some((path, slice)) = own.as_ref().filter(|(path, _)| path.exists()) {
            let beside = Beside::of_file(whole, std::slice::from_ref(path), Some(slice.count));
            return Self::at(path.clone(), true, beside);
        }
        // What cannot be looked at is told when it is read.
        if whole.try_exists().unwrap_or(true) {
            let beside = Beside::of_file(whole, &[whole.to_path_buf()], None);
            return Self::at(whole.to_path_buf(), false, beside);
        }
        let slicings = strays::slicings(whole);
        match (own, slicings.first()) {
            (Some((path, slice)), _) if slicings.contains(&slice.count) => Self::absent(path, true),
            (_, None) => Self::absent(whole.to_path_buf(), false),
            (own, Some(count)) => {
                let mut beside = Beside::of_slices(whole, *count);
                beside.note_other(own.map(|(_, slice)| slice));
                Self::at(strays::pattern(whole, *count), false, beside)
            }
        }
    }

    /// The folder, or the files in it that are of the slice.
    fn in_folder(folder: &Path, slice: Option<Slice>) -> Self {
        let slicings = strays::slicings_in(folder);
        let own = slice.map(|slice| (PartFolder::at(folder, Some(slice)), slice));
        let of_slice = slice.map(|slice| Beside::in_folder(folder, Some(slice)));
        match (own, of_slice) {
            (Some((own, _)), Some(beside)) if beside.has_own || own.own_manifest().exists() => {
                let is_empty = !beside.has_own && beside.listed.is_empty();
                let is_there = beside.has_own || is_empty;
                let there = Self::at(parts(&own), true, beside);
                Self {
                    is_there,
                    is_empty,
                    ..there
                }
            }
            // Rows that a run without slices has written are those of every slice, too.
            (Some((own, slice)), _)
                if !slicings.whole && slicings.counts.contains(&slice.count) =>
            {
                Self::absent(folder.join(format!("{}*", own.part_prefix())), true)
            }
            (own, _) => {
                let mut beside = Beside::in_folder(folder, None);
                let sliced = !slicings.whole && !slicings.counts.is_empty();
                beside.note_other(own.map(|(_, slice)| slice).filter(|_| sliced));
                let manifest = PartFolder::at(folder, None).own_manifest();
                let is_listed = manifest.exists() || !slicings.counts.is_empty();
                let is_empty = is_listed && !beside.has_own && beside.listed.is_empty();
                let there = Self::at(folder.to_path_buf(), false, beside);
                // What cannot be looked at is told when it is read.
                let is_there = folder.try_exists().unwrap_or(true);
                Self {
                    is_there,
                    is_empty,
                    ..there
                }
            }
        }
    }

    fn at(path: PathBuf, of_slice: bool, beside: Beside) -> Self {
        Self {
            path,
            of_slice,
            is_there: true,
            is_empty: false,
            beside,
        }
    }

    fn absent(path: PathBuf, of_slice: bool) -> Self {
        Self {
            path,
            of_slice,
            is_there: false,
            is_empty: false,
            beside: Beside::default(),
        }
    }
}

/// Others keep their partitions beside those of a run.
pub(super) fn is_shared(options: &File) -> bool {
    let asked = options.if_exists.as_ref();
    asked.is_some_and(|asked| asked.value == IfExists::ReplacePartitions)
}

/// The parts of a folder that a slice has written, in whatever partition.
fn parts(own: &PartFolder) -> PathBuf {
    let folder = Pattern::escape(&own.path.to_string_lossy());
    Path::new(&folder)
        .join("**")
        .join(format!("{}*", own.part_prefix()))
}
