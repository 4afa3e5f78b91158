//! Where files stand and how they are called: one file, a folder of parts, hive partitions, slices.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::manifest;
use crate::dataset::{FOLDER, NULL_PARTITION, SUCCESS};
use crate::error::{Problem, Result};
use crate::outlet::is_standard_stream;
use crate::place::FilePath;
use crate::sink::{Partition, Slice, Target};

/// What Hive and Spark escape in the names of partition folders, apart from control characters.
const ESCAPED: &str = "\"#%'*/:=?\\{}[]^";

/// Extensions that stand behind the format's own.
const COMPRESSED: [&str; 2] = ["gz", "zst"];

/// What a path means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathLayout {
    /// A pipe, a terminal or a device: written through.
    Through(PathBuf),
    /// One file.
    One(PathBuf),
    /// A folder of files.
    Folder(PartFolder),
}

/// A folder of files, as one slice sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartFolder {
    /// The folder.
    pub path: PathBuf,
    /// The extension of its files.
    pub extension: String,
    /// The slice that writes.
    pub slice: Option<Slice>,
    /// What tells the run that writes from others that do, where runs share a folder: that of a table with
    /// a log, which needs no manifest.
    pub tag: Option<String>,
}

/// Extensions of files with rows that no format asks for.
const USUAL: [&str; 12] = [
    "asc", "bin", "dat", "data", "log", "out", "pq", "psv", "tab", "tbl", "txt", "unl",
];

/// A folder of files, and none of the streams that every process has.
pub(super) fn is_folder(path: &FilePath) -> bool {
    path.names_folder() && !is_standard_stream(Path::new(path.as_str()))
}

/// One file whose path may have been meant as that of a folder.
pub(super) fn doubtful(path: &FilePath) -> Option<Problem> {
    let extension = path.extension().filter(|_| !is_folder(path))?;
    let path = path.as_str();
    let lower = extension.to_ascii_lowercase();
    let mut known = USUAL.iter().chain(&COMPRESSED);
    let doubtful = known.all(|known| *known != lower) && !Path::new(path).starts_with("/dev");
    let what = format!("`{path}` is one file: `.{extension}` reads as an extension");
    doubtful.then(|| Problem::new(what).hint(format!("`{path}/` is a folder")))
}

impl PathLayout {
    /// What `path` means for this target.
    pub(super) fn new(path: &FilePath, extension: &str, target: &Target) -> Self {
        let whole = path.from(&target.out);
        if is_through(&whole) {
            return Self::Through(whole);
        }
        if is_folder(path) {
            return Self::Folder(PartFolder {
                path: whole,
                extension: extension.to_string(),
                slice: target.slice,
                tag: None,
            });
        }
        // A slice of one file is a file beside it: `a-00001-of-00004.csv`.
        Self::One(match target.slice {
            Some(slice) => whole.with_file_name(sliced(&whole, slice)),
            None => whole,
        })
    }
}

impl PathLayout {
    /// A hidden file of rowgen's own, of this kind, from the output's folder on; nothing for what is
    /// written through.
    pub(super) fn own(&self, kind: &str) -> Option<PathBuf> {
        Some(match self {
            Self::Through(_) => return None,
            Self::One(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                format!(".{name}.{kind}.jsonl").into()
            }
            Self::Folder(folder) => {
                Path::new(FOLDER).join(format!(".{kind}{}.jsonl", folder.writer()))
            }
        })
    }

    /// A manifest lists its files.
    pub(super) fn has_manifest(&self) -> bool {
        matches!(self, Self::Folder(folder) if folder.tag.is_none())
    }

    /// The file, or the folder of files.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Through(path) | Self::One(path) => path,
            Self::Folder(folder) => &folder.path,
        }
    }
}

/// The folder of a partition in that of its dataset.
pub fn partition_folder(folder: &Path, partition: &Partition) -> PathBuf {
    PartFolder::at(folder, None).of_partition(partition)
}

impl PartFolder {
    /// A folder whose files are not named here.
    pub(super) fn at(path: &Path, slice: Option<Slice>) -> Self {
        Self {
            path: path.to_path_buf(),
            extension: String::new(),
            slice,
            tag: None,
        }
    }

    /// What the names of its writer's files have behind their first word.
    fn writer(&self) -> String {
        let tag = self.tag.iter().cloned();
        let parts = tag.chain(self.slice.map(suffix));
        parts.map(|part| format!("-{part}")).collect()
    }

    /// The folder of a partition.
    pub(super) fn of_partition(&self, partition: &Partition) -> PathBuf {
        let names = partition.values.iter().map(|(key, value)| {
            let value = value.as_deref().filter(|value| !value.is_empty());
            format!(
                "{}={}",
                escape(key),
                value.map_or(NULL_PARTITION.into(), escape)
            )
        });
        names.fold(self.path.clone(), |path, name| path.join(name))
    }

    /// The name of the file number `index` of a folder.
    pub(super) fn part(&self, index: u64) -> String {
        format!("{}{index:05}.{}", self.part_prefix(), self.extension)
    }

    /// The number after the greatest one that a file of a folder has.
    ///
    /// # Errors
    /// The folder cannot be read: who took that for an empty one would write over what is there.
    pub(super) fn next_part(&self, inside: &Path) -> Result<u64> {
        let paths = manifest::files_in(inside)?;
        Ok(self.next_after(paths.iter().map(PathBuf::as_path)))
    }

    /// The number after the greatest one that any of these files of a folder has.
    pub(super) fn next_after<'p>(&self, paths: impl Iterator<Item = &'p Path>) -> u64 {
        let prefix = self.part_prefix();
        let number = |path: &Path| {
            let name = path.file_name()?.to_string_lossy();
            let (number, _) = name.strip_prefix(&prefix)?.split_once('.')?;
            number.parse::<u64>().ok()
        };
        paths.filter_map(number).max().map_or(0, |last| last + 1)
    }

    /// What the names of this slice's files begin with.
    pub(super) fn part_prefix(&self) -> String {
        format!("part{}-", self.writer())
    }

    /// True for the name of a part of this slice that is not whole yet.
    pub(super) fn is_unfinished_part(&self, name: &str) -> bool {
        let hidden = name.strip_prefix('.');
        let hidden = hidden.and_then(|name| name.strip_suffix(".partial"));
        hidden.is_some_and(|name| self.is_part(name))
    }

    /// True for the name of a part of this slice.
    pub(super) fn is_part(&self, name: &str) -> bool {
        let name = name.strip_prefix(self.part_prefix().as_str());
        let part = name.and_then(|name| name.split_once('.'));
        part.is_some_and(|(number, _)| number.parse::<u64>().is_ok())
    }

    /// The name of the manifest of this slice.
    pub(super) fn manifest(&self) -> String {
        format!("manifest{}.jsonl", self.writer())
    }
}

/// `.name.partial`, in the same folder.
pub(super) fn hidden(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.partial"))
}

/// What a file of rowgen's own is named beside an output: only rowgen may write there.
pub(super) fn is_own(path: &Path) -> bool {
    const ENDS: [&str; 6] = [
        ".done.jsonl",
        ".partial",
        ".new",
        ".run.jsonl",
        ".kept.jsonl",
        ".manifest.jsonl",
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let hidden = name.starts_with('.') && ENDS.iter().any(|end| name.ends_with(end));
    hidden || name == SUCCESS || path.iter().any(|step| step == FOLDER)
}

/// `.name.new`, in the same folder: a small file until it is whole.
pub(super) fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{}.new", name.trim_start_matches('.')))
}

/// `00002-of-00008`.
pub fn suffix(slice: Slice) -> String {
    format!("{:05}-of-{:05}", slice.index, slice.count)
}

/// The slice that a text begins with, as `suffix` spells it, and what stands behind it.
pub fn slice_in(text: &str) -> Option<(Slice, &str)> {
    let (index, rest) = text.split_once("-of-")?;
    let (count, behind) = rest.split_at(rest.find('-').unwrap_or(rest.len()));
    let (index, count) = (index.parse().ok()?, count.parse().ok()?);
    Some((Slice { index, count }, behind))
}

/// The name of a slice's own file: `x-00002-of-00008.csv`.
pub fn sliced(path: &Path, slice: Slice) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut stem = Path::new(name.as_ref());
    let compressed = |path: &Path| {
        path.extension()
            .and_then(OsStr::to_str)
            .is_some_and(|extension| COMPRESSED.contains(&extension))
    };
    if compressed(stem)
        && Path::new(stem.file_stem().unwrap_or_default())
            .extension()
            .is_some()
    {
        stem = Path::new(stem.file_stem().unwrap_or_default());
    }
    let stem = stem.file_stem().unwrap_or_default().to_string_lossy();
    format!("{stem}-{}{}", suffix(slice), &name[stem.len()..])
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_control() || ESCAPED.contains(c) {
            escaped.push_str(&format!("%{:02X}", c as u32));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// What leads to stdout.
pub(super) const STDOUT: &[&str] = &["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

pub(super) fn is_through(path: &Path) -> bool {
    is_standard_stream(path)
        || fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLICE: Slice = Slice { index: 2, count: 8 };

    fn said(path: &str) -> FilePath {
        FilePath(path.into())
    }

    fn folder(slice: Option<Slice>) -> PartFolder {
        let (path, extension) = ("out".into(), "parquet".into());
        PartFolder {
            path,
            extension,
            slice,
            tag: None,
        }
    }

    #[test]
    fn names_say_the_slice_and_the_part() {
        assert_eq!(folder(None).part(0), "part-00000.parquet");
        let sliced_part = "part-00002-of-00008-00000.parquet";
        assert_eq!(folder(Some(SLICE)).part(0), sliced_part);
        assert_eq!(
            folder(Some(SLICE)).manifest(),
            "manifest-00002-of-00008.jsonl"
        );
        for (path, name) in [
            ("a/x.parquet", "x-00002-of-00008.parquet"),
            ("a/x.2026.csv", "x.2026-00002-of-00008.csv"),
            ("a/x.csv.gz", "x-00002-of-00008.csv.gz"),
        ] {
            assert_eq!(sliced(Path::new(path), SLICE), name);
        }
        assert_eq!(hidden(Path::new("a/x.csv")), Path::new("a/.x.csv.partial"));
    }

    #[test]
    fn partitions_are_hive_folders() {
        let values = vec![
            ("day".to_string(), Some("2026-01-01".to_string())),
            ("what=ever".to_string(), Some("50% a/b: \u{e9}".to_string())),
            ("none".to_string(), None),
        ];
        let partition = Partition {
            first_batch: 0,
            first_row: None,
            values,
        };
        assert_eq!(
            folder(None).of_partition(&partition),
            Path::new(
                "out/day=2026-01-01/what%3Dever=50%25 a%2Fb%3A \u{e9}/none=__HIVE_DEFAULT_PARTITION__"
            )
        );
    }

    #[test]
    fn an_extension_makes_a_file() {
        assert!(is_folder(&said("out/orders")));
        assert!(!is_folder(&said("out/orders.parquet")));
        assert!(!is_folder(&said("out/orders.csv.gz")));
        assert!(!is_folder(&said("/dev/stdout")));
        for folder in [
            "out/2026.01.15/",
            "out/2026.01.15",
            "out/v1.2",
            "out/a.csv/",
            "./",
            ".",
        ] {
            assert!(is_folder(&said(folder)), "{folder}");
        }
    }

    #[test]
    fn a_file_that_may_have_been_meant_as_a_folder_is_said() {
        for path in [
            "a.CSV.GZ",
            "a.tbl",
            "a",
            "a.b/",
            "v1.2",
            "/dev/stdout",
            "a.jsonl.zst",
        ] {
            assert!(doubtful(&said(path)).is_none(), "{path}");
        }
        let problem = doubtful(&said("out/data.v2")).unwrap();
        assert_eq!(
            problem.message,
            "`out/data.v2` is one file: `.v2` reads as an extension"
        );
        assert_eq!(problem.hint.unwrap(), "`out/data.v2/` is a folder");
    }
}
