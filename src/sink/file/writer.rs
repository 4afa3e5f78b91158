//! The file sink as it writes: which file a chunk goes to, when files end, their names.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::layout::{PartFolder, PathLayout};
use super::output::OutputFile;
use super::{File, IfExists};
use crate::error::{Error, Problem, Result};
use crate::format::{Body, FileChunk, FileEncoder, FileEnds, FileWriter};
use crate::outlet::is_standard_stream;
use crate::report::Meter;
use crate::sink::lane::{Marks, Writer};
use crate::sink::{FileReport, Partition, Target};

/// The reader of a pipe may take nothing for so long once the run is to end: longer than a pause of a
/// busy machine, and short enough for whoever has asked for the end.
const PIPE_PATIENCE: Duration = Duration::from_secs(5);

/// How files are cut and kept.
#[derive(Debug, Clone)]
pub(super) struct FileRules {
    pub if_exists: IfExists,
    /// Files keep their hidden names until the sink commits.
    pub named_at_commit: bool,
    pub fsync: bool,
    pub checksums: bool,
    /// A file ends after so long.
    pub roll: Option<Duration>,
    /// A file ends near so many bytes.
    pub bytes: Option<u64>,
    /// Batches that begin a file.
    pub before: Vec<u64>,
}

/// Where files are made: on a disk, or as objects.
pub(super) trait FileStore: Send + Sync {
    /// Nobody else writes in this folder from here on, but for other slices.
    fn enter(&self, folder: &PartFolder, rules: &FileRules) -> Result<()>;

    /// A new file that is to have this name. One that is `alone` has nothing but itself to keep others
    /// away by.
    fn create(self: Arc<Self>, path: &Path, alone: bool, rules: &FileRules) -> Result<OutputFile>;

    /// The number after the greatest one that a file has in this folder of a dataset.
    fn next_part(&self, folder: &PartFolder, inside: &Path) -> Result<u64>;

    /// A file of a table without end gets its name as soon as it is whole.
    fn name(&self, layout: &PathLayout, report: &FileReport, rules: &FileRules) -> Result<()>;

    /// May these partitions be written?
    fn check(&self, file: &File, layout: &PathLayout, target: &Target) -> Result<()>;

    /// A file that could not be written to its end is of use to nobody, and a disk may be full of it.
    fn discard(&self, path: &Path);

    /// Writing may wait for somebody else.
    fn waits(&self) -> bool;
}

/// The files of one lane.
pub(super) struct LaneFiles {
    encoder: Arc<dyn FileEncoder>,
    layout: PathLayout,
    rules: FileRules,
    store: Arc<dyn FileStore>,
    /// Knows what would be left.
    meter: Arc<Meter>,
    /// The first row of the table that comes, where rows stand one after the other in it.
    first_row: Option<u64>,
    /// Those of this lane, one after the other.
    partitions: Arc<Vec<Partition>>,
    /// Looks at partitions that are known late.
    check: CheckPartitions,
    /// Files are in folders of partitions.
    partitioned: bool,
    open: Option<OpenPart>,
    /// The file that was begun and has not ended.
    unfinished: Option<PathBuf>,
    /// What is written through, to see whether anybody still reads it.
    pipe: Option<OutputFile>,
    /// How many files each folder has from us.
    parts: HashMap<PathBuf, u64>,
    partition: usize,
    /// Rows of the lane, or of the partition, that have been put down.
    rows: u64,
    /// Batches that have been put down.
    batches: u64,
    reports: Vec<FileReport>,
}

/// Says what is wrong with partitions, where something is.
pub(super) type CheckPartitions = Box<dyn Fn(&Arc<Vec<Partition>>) -> Result<()> + Send>;

/// The partitions of a lane.
pub(super) struct LanePartitions {
    /// Those that are known before the first row.
    pub known: Arc<Vec<Partition>>,
    /// Looks at those that are known once rows are sorted.
    pub check: CheckPartitions,
    /// Files are in folders of partitions.
    pub partitioned: bool,
}

struct OpenPart {
    /// Its final name.
    path: PathBuf,
    output: OutputFile,
    writer: Box<dyn FileWriter>,
    first_row: Option<u64>,
    rows: u64,
    /// Its bytes that were counted.
    counted: u64,
    /// When the first chunk came.
    began: Option<Instant>,
    /// The encoder was asked to come to an end.
    cut: bool,
}

impl LaneFiles {
    /// Nothing has come yet. A plain file is begun at once, so that what stands in the way of it is
    /// known before the first row; a pipe is not, because opening it may wait for its reader.
    pub(super) fn new(
        encoder: Arc<dyn FileEncoder>,
        (layout, store): (&PathLayout, Arc<dyn FileStore>),
        target: &Target,
        rules: FileRules,
        LanePartitions {
            known: partitions,
            check,
            partitioned,
        }: LanePartitions,
    ) -> Result<Self> {
        if let PathLayout::Folder(folder) = layout {
            store.enter(folder, &rules)?;
        }
        let mut files = Self {
            encoder,
            layout: layout.clone(),
            rules,
            store,
            meter: target.meter.clone(),
            first_row: (!target.is_sorted).then_some(target.first_row),
            partitions,
            check,
            partitioned,
            open: None,
            unfinished: None,
            pipe: None,
            parts: HashMap::new(),
            partition: 0,
            rows: 0,
            batches: 0,
            reports: Vec::new(),
        };
        // A folder of a partition is begun with its first row: most of a thousand folders would be
        // made for nothing if the run fails early.
        if !files.partitioned && !matches!(files.layout, PathLayout::Through(_)) {
            files.open = Some(files.begin()?);
        }
        Ok(files)
    }

    fn begin(&mut self) -> Result<OpenPart> {
        let checksums = self.rules.checksums;
        let (path, output) = match &self.layout {
            PathLayout::Through(path) => {
                let output = OutputFile::through(path, checksums)?;
                self.pipe = Some(output.clone());
                (path.clone(), output)
            }
            PathLayout::One(path) => {
                let store = self.store.clone();
                (path.clone(), store.create(path, true, &self.rules)?)
            }
            PathLayout::Folder(folder) => {
                let inside = match self.partitions.get(self.partition) {
                    Some(partition) => folder.of_partition(partition),
                    None => folder.path.clone(),
                };
                let append = self.rules.if_exists == IfExists::Append;
                let index = match self.parts.entry(inside.clone()) {
                    Entry::Occupied(entry) => entry.into_mut(),
                    // Looked up once a folder, under the dataset's lock: nobody else numbers files
                    // there meanwhile.
                    Entry::Vacant(entry) if append => {
                        entry.insert(self.store.next_part(folder, &inside)?)
                    }
                    Entry::Vacant(entry) => entry.insert(0),
                };
                let path = inside.join(folder.part(*index));
                *index += 1;
                let output = self.store.clone().create(&path, false, &self.rules)?;
                (path, output)
            }
        };
        self.unfinished = Some(path.clone());
        let writer = self.encoder.begin(Box::new(output.clone()));
        Ok(OpenPart {
            writer: writer.map_err(|error| output.explain(&path, error))?,
            path,
            output,
            first_row: self.first_row(),
            rows: 0,
            counted: 0,
            began: None,
            cut: false,
        })
    }

    /// The table's row that comes next, where rows stand one after the other in the table.
    fn first_row(&self) -> Option<u64> {
        let first = match self.partitions.get(self.partition) {
            Some(partition) => partition.first_row?,
            None => self.first_row?,
        };
        Some(first + self.rows)
    }

    /// Ends the file in hand where the next batch belongs to another one.
    fn turn_to(&mut self, number: u64, marks: &Marks) -> Result<()> {
        if self.rules.before.binary_search(&number).is_ok() {
            self.end_file(marks)?;
        }
        let next = |files: &Self| {
            let next = files.partitions.get(files.partition + 1);
            next.is_some_and(|partition| partition.first_batch <= number)
        };
        while next(self) {
            self.partition += 1;
            self.rows = 0;
        }
        Ok(())
    }

    fn end_file(&mut self, marks: &Marks) -> Result<()> {
        let Some(file) = self.open.take() else {
            return Ok(());
        };
        let finished = file.writer.finish();
        finished.map_err(|error| file.output.explain(&file.path, error))?;
        let through = matches!(self.layout, PathLayout::Through(_));
        let fsync = self.rules.fsync && !through;
        let written = file.output.close(&file.path, fsync)?;
        self.count(0, written.bytes.saturating_sub(file.counted), marks);
        let report = FileReport {
            path: file.path,
            rows: file.rows,
            bytes: written.bytes,
            sha256: written.sha256,
            first_row: file.first_row,
        };
        // Rows of a stream do not come again once their offsets are committed, so that the file
        // must be seen before the mark says that they are safe.
        if !self.rules.named_at_commit {
            self.store.name(&self.layout, &report, &self.rules)?;
            self.meter.seen(report.rows, report.bytes);
        }
        self.reports.push(report);
        self.unfinished = None;
        marks.durable(self.batches);
        Ok(())
    }

    /// Counts what was put down; what passes through is nobody's to take back.
    fn count(&self, rows: u64, bytes: u64, marks: &Marks) {
        marks.add(rows, bytes);
        if !matches!(self.layout, PathLayout::Through(_)) {
            self.meter.unnamed(rows, bytes);
        }
    }

    /// True when the file should end here.
    fn is_full(&self, file: &OpenPart, added: u64, ends_file: Option<bool>) -> bool {
        // Row groups know best: what comes next is cut to what is left.
        if let (Some(ends), Some(_)) = (ends_file, self.rules.bytes) {
            return ends || self.is_due(file);
        }
        // Half of what comes next is nearer to the wanted size than all or nothing of it.
        let bytes = |wanted: u64| file.writer.bytes() + added / 2 >= wanted;
        self.rules.bytes.is_some_and(bytes) || self.is_due(file)
    }

    fn is_due(&self, file: &OpenPart) -> bool {
        let due = |roll: Duration| file.began.is_some_and(|began| began.elapsed() >= roll);
        self.rules.roll.is_some_and(due)
    }

    fn put(&mut self, chunk: FileChunk, marks: &Marks) -> Result<()> {
        let mut file = match self.open.take() {
            Some(file) => file,
            None => self.begin()?,
        };
        let (rows, ends) = (chunk.rows, !matches!(chunk.body, Body::Open));
        let ends_file = match &chunk.body {
            Body::RowGroup(group) => Some(group.ends_file()),
            Body::Block(_) | Body::Open => None,
        };
        let before = file.writer.bytes();
        file.began.get_or_insert_with(Instant::now);
        let written = file.writer.write(chunk);
        let now = file.writer.bytes();
        let added = now - before;
        if written.is_ok() {
            // What a file begins with was written before its first rows came.
            self.count(rows, now - file.counted, marks);
            file.counted = now;
        }
        file.rows += rows;
        self.rows += rows;
        // In the middle of a row group a file cannot end. The encoder is asked once to end the
        // group early.
        if !ends && !file.cut && self.is_due(&file) {
            file.cut = true;
            self.encoder.cut();
        }
        let explained = written.map_err(|error| file.output.explain(&file.path, error));
        let full = ends && self.is_full(&file, added, ends_file);
        self.open = Some(file);
        explained?;
        if full { self.end_file(marks) } else { Ok(()) }
    }

    /// That nobody reads standard output any more is no error: whoever started the run has seen enough.
    /// A pipe with a name has a reader who waits for all of it.
    fn unless_gone(&self, result: Result<()>) -> Result<ControlFlow<()>> {
        let gone = self.pipe.as_ref().is_some_and(OutputFile::is_broken_pipe);
        let PathLayout::Through(path) = &self.layout else {
            if let (Err(_), Some(half)) = (&result, &self.unfinished) {
                self.store.discard(half);
            }
            return result.map(|()| ControlFlow::Continue(()));
        };
        match result {
            Ok(()) => Ok(ControlFlow::Continue(())),
            Err(_) if gone && is_standard_stream(path) => Ok(ControlFlow::Break(())),
            Err(_) if gone => {
                let what = format!("the reader of `{}` has left before the end", path.display());
                Err(Error::run(
                    Problem::new(what).hint("its output is not whole: run it again"),
                ))
            }
            Err(error) => Err(error),
        }
    }
}

impl Writer<FileChunk> for LaneFiles {
    fn waits(&self) -> bool {
        matches!(self.layout, PathLayout::Through(_)) || self.store.waits()
    }

    fn patience(&self) -> Option<(Duration, Error)> {
        let PathLayout::Through(path) = &self.layout else {
            return None;
        };
        let what = format!("nobody reads what is written to `{}`", path.display());
        let problem = Problem::new(what).hint("start its reader before the run");
        Some((PIPE_PATIENCE, Error::run(problem)))
    }

    fn announce(&mut self, partitions: Vec<Partition>) -> Result<()> {
        self.partitions = Arc::new(partitions);
        (self.check)(&self.partitions)?;
        let begins = self.partitions.iter().skip(1);
        self.rules.before = begins.map(|partition| partition.first_batch).collect();
        self.encoder.plan_files(FileEnds {
            before: self.rules.before.clone(),
            bytes: self.rules.bytes,
        });
        Ok(())
    }

    fn write(&mut self, number: u64, chunk: FileChunk, marks: &Marks) -> Result<ControlFlow<()>> {
        self.turn_to(number, marks)?;
        self.batches = number + 1;
        if self.open.is_none() && chunk.rows == 0 && !chunk.body.carries_more() {
            // All rows so far stand in files that have ended, and nothing begins another one.
            marks.durable(self.batches);
            return Ok(ControlFlow::Continue(()));
        }
        let result = self.put(chunk, marks);
        self.unless_gone(result)
    }

    fn finish(&mut self, marks: &Marks) -> Result<Vec<FileReport>> {
        // A table without rows is a file without rows; a partition without rows is nothing.
        let nothing = self.reports.is_empty() && !self.partitioned;
        if self.open.is_none() && nothing {
            self.open = Some(self.begin()?);
        }
        let result = self.end_file(marks);
        self.unless_gone(result)
            .map(|_| std::mem::take(&mut self.reports))
    }
}
