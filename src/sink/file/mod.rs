//! `file`: one file or a folder of files, whole or absent.

mod contents;
mod decision;
mod describe;
mod direct;
mod disk;
mod done;
mod existing;
mod held;
mod inside;
mod kept;
mod layout;
mod manifest;
mod named;
// What sends objects needs a feature; what a pipeline says of them is read and checked without it.
#[cfg_attr(not(feature = "object"), path = "no_object.rs")]
mod object;
mod output;
mod part;
mod partitions;
mod parts;
mod publish;
mod ready;
mod recover;
mod roll_forward;
mod sequential;
mod standing;
mod steps;
mod strays;
#[cfg(feature = "delta")]
mod table;
mod writer;

use std::path::{Component, Path};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;

use super::claims::Claims;
use super::order_by::OrderBy;
use super::{
    Delivery, FileReport, Found, Holds, Partition, Publish, Recovered, Sink, SinkPlace, Slice,
    SlotsBy, Standing, Takes, Target,
};
use crate::error::{Problem, Result};
use crate::format::{FormatKind, Shape};
use crate::place::{Bytes, Count, Duration, FilePath, Flag, OneOrMany, Place, Placed, Text};
use existing::Existing;
pub use inside::outside_datasets;
use layout::PathLayout;
pub use layout::{partition_folder, sliced};
#[cfg(feature = "delta")]
pub use layout::{slice_in, suffix};
use ready::{EarlierFiles, ReadyFiles};
#[cfg(feature = "delta")]
pub use table::{TableFiles, beside_datasets, can_be_folder};
use writer::FileRules;

/// One file, or a folder of files: each has its final name only when it is whole.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct File {
    /// Where to write, from the current folder or `--out` on. A path with an extension (`.csv`, `.csv.gz`) is one file; without one, or with `/` at its end, a folder of part-00000, …; `/dev/stdout` and pipes are written through; `s3://…`, `gs://…` and `az://…` are objects.
    #[serde(deserialize_with = "crate::place::of_rows")]
    pub path: Placed<FilePath>,
    /// How rows become bytes; without it, the extension of the path chooses.
    pub format: Option<FormatKind>,
    /// What to do when there is output already: error (the default), replace, `replace_partitions`, skip or append.
    pub if_exists: Option<Placed<IfExists>>,
    /// Wait until files are safe on the disk (default true).
    pub fsync: Option<Flag>,
    /// Write so many files of nearly equal row counts.
    pub files: Option<Placed<Count>>,
    /// End a file near so many bytes and begin the next one.
    pub target_file_size: Option<Placed<Bytes>>,
    /// End a file after so long and begin the next one.
    pub roll: Option<Placed<Duration>>,
    /// Columns whose values name the folders, as in `day=2026-01-01`; files do not hold them. Or what is made of a column: `year(at)`, `month(at)`, `date(at)`, `hour(at)`, `bucket(16, id)`, `truncate(3, code)`.
    pub partition_by: Option<OneOrMany<Placed<Text>>>,
    /// Columns in whose order rows come, in each folder and file: `[day, { column: amount, order: desc, nulls: first }]`.
    pub order_by: Option<OneOrMany<OrderBy>>,
    /// Memory for sorting, of which a row takes 8 or 16 bytes (default 1GiB); what has no room there goes through a file beside the output.
    pub sort_memory: Option<Placed<Bytes>>,
}

/// What to do when there is output already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IfExists {
    /// Refuse to run.
    #[default]
    Error,
    /// Replace it, once the new output is whole.
    Replace,
    /// Replace the partitions that this run writes, keep the others.
    ReplacePartitions,
    /// Keep it and write nothing, if it comes from the same plan and seed.
    Skip,
    /// Keep it and add files to the folder, after those that are there.
    Append,
}

/// The most files that may be asked for: every tool is slow in a folder of more.
const MOST_FILES: u64 = 1_000_000;

/// The part of a Parquet file of a wanted size that a batch is at most, in memory: the file is encoded.
pub const FILE_PART: u64 = 6;

/// That of other files: names and digits stand around values, and small batches cost nothing.
const TEXT_PART: u64 = 20;

impl File {
    /// The format, by name or by extension; what it leaves open, the file's name decides.
    fn format(&self) -> Result<FormatKind, Problem> {
        let format = match &self.format {
            Some(format) => format.clone(),
            None => FormatKind::of_path(&self.path)?,
        };
        let name = self.path.last().unwrap_or_default();
        Ok(format.named(name).unwrap_or(format))
    }

    fn layout(&self, target: &Target) -> Result<PathLayout> {
        let format = self.format()?;
        Ok(PathLayout::new(&self.path, &format.extension(), target))
    }

    fn if_exists(&self, target: &Target) -> IfExists {
        let said = self.if_exists.as_ref().map(|if_exists| if_exists.value);
        match (said.unwrap_or_default(), target.overwrite) {
            // It replaces already, and says how much.
            (IfExists::ReplacePartitions, _) => IfExists::ReplacePartitions,
            (_, true) => IfExists::Replace,
            (said, false) => said,
        }
    }

    /// Batches of a file of a wanted size are a small part of it: it ends with one of them.
    fn best_bytes(&self, format: Option<&FormatKind>) -> Option<u64> {
        let part = match format {
            Some(FormatKind::Parquet(_)) => FILE_PART,
            _ => TEXT_PART,
        };
        let size = self.target_file_size.as_ref();
        size.map(|size| size.0 / part)
    }

    fn fsync(&self) -> bool {
        self.fsync.is_none_or(|fsync| fsync.0)
    }

    /// `partitions` are those of one lane.
    fn rules(&self, target: &Target, layout: &PathLayout, partitions: &[Partition]) -> FileRules {
        let partitions = partitions.iter().skip(1);
        let mut before: Vec<u64> = partitions.map(|partition| partition.first_batch).collect();
        before.extend(target.shape.file_starts.iter());
        FileRules {
            if_exists: self.if_exists(target),
            // Rows of a stream do not come again: their files are safe as soon as they have names.
            named_at_commit: target.shape.rows.is_some(),
            fsync: self.fsync(),
            // A manifest lists them; of a single file only a report tells.
            checksums: target.checksums || layout.has_manifest(),
            roll: self.roll.as_ref().map(|roll| roll.0),
            bytes: self.target_file_size.as_ref().map(|bytes| bytes.0),
            before,
        }
    }

    /// Options that only a folder of files can honour.
    fn folder_options(&self) -> impl Iterator<Item = (&'static str, &Place)> {
        let columns = self.partition_by.iter().flat_map(|columns| &columns.0);
        [
            self.files.as_ref().map(|files| ("files", &files.place)),
            self.target_file_size
                .as_ref()
                .map(|size| ("target_file_size", &size.place)),
            self.roll.as_ref().map(|roll| ("roll", &roll.place)),
            self.if_exists
                .as_ref()
                .filter(|if_exists| if_exists.value == IfExists::Append)
                .map(|append| ("if_exists: append", &append.place)),
        ]
        .into_iter()
        .flatten()
        .chain(
            columns
                .take(1)
                .map(|column| ("partition_by", &column.place)),
        )
    }

    fn option_problems(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = Vec::new();
        let path = self.path.as_str();
        if !path.starts_with("/dev/") && layout::is_own(Path::new(path)) {
            let what = format!("`{path}` is a name that rowgen gives its own files");
            let problem = Problem::new(what).at(&self.path.place);
            problems.push(problem.hint("give the output another name"));
        }
        if !layout::is_folder(&self.path) {
            problems.extend(self.folder_options().map(|(option, place)| {
                let hint = format!(
                    "`{}` is one file: leave out its extension, or write `/` behind it",
                    self.path.as_str()
                );
                Problem::new(format!("`{option}` needs a folder"))
                    .at(place)
                    .hint(hint)
            }));
        }
        if let Some(files) = &self.files {
            let what = match (files.0, shape.rows, &self.partition_by) {
                (0, ..) => Some(("`files` cannot be 0", "leave it out for one file")),
                (MOST_FILES.., ..) => Some((
                    "`files` is less than 1 000 000",
                    "`target_file_size` cuts files of a size",
                )),
                (_, None, _) => Some((
                    "`files` needs a known number of rows",
                    "`roll` and `target_file_size` cut files of a run without end",
                )),
                (_, _, Some(_)) => Some((
                    "`files` cannot be used with `partition_by`",
                    "`target_file_size` cuts the files of a partition",
                )),
                _ => None,
            };
            problems
                .extend(what.map(|(what, hint)| Problem::new(what).at(&files.place).hint(hint)));
        }
        let sorts = self.order_by.is_some() || self.partition_by.is_some();
        let unused = self.sort_memory.as_ref().filter(|_| !sorts);
        problems.extend(unused.map(|memory| {
            Problem::new("`sort_memory` needs `order_by` or `partition_by`")
                .at(&memory.place)
                .hint("leave it out: nothing is sorted here")
        }));
        let partitions = |if_exists: &&Placed<IfExists>| {
            if_exists.value == IfExists::ReplacePartitions && self.partition_by.is_none()
        };
        problems.extend(self.if_exists.as_ref().filter(partitions).map(|if_exists| {
            Problem::new("`replace_partitions` needs `partition_by`")
                .at(&if_exists.place)
                .hint("use `replace`")
        }));
        problems
    }
}

impl Sink for File {
    fn measured(&self) -> Option<(Arc<dyn Sink>, &'static str)> {
        // A run that is only measured sends no objects.
        let path = self.path.split_once("://").map(|(_, path)| path);
        let (path, sends) = (path.unwrap_or(self.path.as_str()), path.is_some());
        let path = Path::new(path);
        let below = |part: &Component<'_>| matches!(part, Component::Normal(_));
        let is_below = path.components().all(|part| below(&part)) && !sends;
        if path.starts_with("/dev") || is_below {
            return None;
        }
        let inside: std::path::PathBuf = path.components().filter(below).collect();
        let mut file = self.clone();
        let end = if self.path.says_folder() { "/" } else { "" };
        file.path.value = FilePath(format!("{}{end}", inside.display()));
        Some((Arc::new(file), "written below the temporary folder"))
    }

    fn holds(&self, out: &Path, slice: Option<Slice>, _fingerprint: &str) -> Holds<'_> {
        match self.format() {
            Ok(format) if self.path.is_object() => object::held(self, format, slice),
            Ok(format) => held::held(self, format, out, slice),
            Err(_) => Holds::Nothing("its format is not known"),
        }
    }

    fn check(&self, shape: &Shape) -> Vec<Problem> {
        let mut problems = self.option_problems(shape);
        match self.format() {
            Ok(format) => {
                problems.extend(named::problem(self, &format));
                problems.extend(format.check(shape));
            }
            Err(problem) => problems.push(problem),
        }
        problems
    }

    fn check_partitions(&self, lanes: &[Arc<Vec<Partition>>]) -> Option<Problem> {
        let columns = self.partition_by.as_ref()?;
        partitions::problem(&columns.0, lanes)
    }

    fn warnings(&self, shape: &Shape) -> Vec<Problem> {
        let format = self.format().map(|format| format.warnings(shape));
        let unknown = FormatKind::of_path(&self.path).is_err();
        let doubtful = layout::doubtful(&self.path).filter(|_| unknown);
        doubtful
            .into_iter()
            .chain(format.unwrap_or_default())
            .collect()
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        let layout = self.layout(target)?;
        if self.path.is_object() {
            return object::connect(self, layout, target);
        }
        let found = existing::check(&layout, &self.path, self.if_exists(target), target)?;
        if found == Existing::Same {
            return Ok(Found::Same);
        }
        let sink = ReadyFiles {
            options: self.clone(),
            layout,
            target: target.clone(),
            claims: Arc::new(Claims::default()),
        };
        if kept::find(&sink.layout, &target.fingerprint).is_some() {
            return Ok(Found::Made(Box::new(sink)));
        }
        Ok(Found::Ready {
            replaces: found == Existing::Replaced,
            told: Vec::new(),
            sink: Box::new(sink),
        })
    }

    fn slots(&self) -> Result<SlotsBy, Problem> {
        standing::slots(self)
    }

    fn standing(&self, target: &Target) -> Result<Standing> {
        standing::standing(self, &self.layout(target)?, target)
    }

    fn recover(&self, target: &Target, only_look: bool) -> Result<Recovered> {
        let layout = self.layout(target)?;
        if self.path.is_object() {
            return object::recover(self, &layout, target, only_look);
        }
        recover::recover(&layout, target, self.if_exists(target), only_look)
    }

    fn earlier(
        &self,
        target: &Target,
        record: Option<&serde_json::Value>,
    ) -> Result<Box<dyn Publish>> {
        let layout = self.layout(target)?;
        if self.path.is_object() {
            return object::earlier(self, &layout, target, record);
        }
        let place = publish::place(&layout, &target.fingerprint);
        let output = place.map(|place| place.told_by(record));
        let earlier = EarlierFiles::new(layout, output);
        if record.is_some() {
            earlier.hold(&target.meter)?;
        }
        Ok(Box::new(earlier))
    }

    fn describe(&self, shape: &Shape) -> Vec<String> {
        describe::describe(self, shape)
    }

    fn takes(&self) -> Takes {
        let format = self.format().ok();
        let asked = self.if_exists.as_ref().map(|asked| asked.value);
        let (columns, order) = (self.partition_by.as_ref(), self.order_by.as_ref());
        Takes {
            files: self.files.as_ref().map(|files| files.0.min(MOST_FILES)),
            most_rows: format.as_ref().and_then(|format| format.batch_rows()),
            best_rows: format.as_ref().and_then(|format| format.cached_rows()),
            best_bytes: self.best_bytes(format.as_ref()),
            partition_by: columns.map_or_else(Vec::new, |columns| columns.0.clone()),
            order_by: order.map_or_else(Vec::new, |columns| columns.0.clone()),
            sort_memory: self.sort_memory.clone(),
            place: match self.path.starts_with("/dev/") {
                true => SinkPlace::Named,
                false => SinkPlace::Path(self.path.clone()),
            },
            texts: format.as_ref().is_some_and(|format| format.is_text()),
            stdout: layout::STDOUT.contains(&self.path.as_str()),
            replaces: matches!(asked, Some(IfExists::Replace | IfExists::ReplacePartitions)),
            placing: &["path", "if_exists", "fsync", "sort_memory"],
            // Bytes follow from the plan; what is appended, or has gone through a pipe, is there again.
            delivery: match asked == Some(IfExists::Append) || self.path.starts_with("/dev/") {
                true => Delivery::AtLeastOnce,
                false => Delivery::Idempotent,
            },
            ..Takes::default()
        }
    }
}
