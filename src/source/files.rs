//! The rows of several files as those of one table: one file after the other, in the order of their set.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::{ArrayRef, UInt32Array};
use arrow::compute::{cast, concat, take};
use arrow::datatypes::{Field, Schema, SchemaRef};

use super::agree::agree;
use super::bad_file::{BadFiles, OnBadFile};
use super::batches::damaged;
use super::file::Closed;
use super::hive::{self, PartitionKey};
use super::opening::Opening;
use super::set::{FileSet, SetMember};
use super::{Asked, OnBadRow, Opened, Piece, Records, Source};
use crate::client::object::ObjectUrl;
use crate::error::{Problem, Result};
use crate::place::{FilePath, Placed};
use crate::sync::guarded;

/// A source whose path names a file, a folder of files, or files by a pattern.
pub trait FileSource: std::fmt::Debug + Send + Sync {
    /// Where its files are.
    fn path(&self) -> &Placed<FilePath>;

    /// How the names of its files end.
    fn extensions(&self) -> &'static [&'static str];

    /// False if the format is compressed inside, and a file of it never as a whole.
    fn packed(&self) -> bool {
        true
    }

    /// What becomes of a file of several that cannot be read.
    fn on_bad_file(&self) -> &OnBadFile;

    /// Finds out which columns and how many rows each of the files has. What is inferred of a column is
    /// inferred of all files together.
    ///
    /// # Errors
    /// One cannot be read, or does not have the types it should have.
    fn open_files(&self, files: &Opening<'_>, asked: &Asked<'_>) -> Result<FileTables, Problem>;
}

/// The rows of each file.
pub type FileTables = Vec<Arc<dyn Records>>;

/// The most files of a set that stay open. Systems allow a process 1024 or, by default, 256 descriptors, and
/// sinks, sockets and other tables need theirs.
const HELD: usize = 64;

/// Batches that are under way at once span no more than so many.
// A choice: more than any machine has workers that are so far apart.
const UNDER_WAY: u64 = 32;

/// Several files.
struct FileSetSource {
    parts: Vec<FilePart>,
    /// The first row of each file, and the number of all rows.
    starts: Vec<u64>,
    schema: SchemaRef,
    keys: Vec<PartitionKey>,
    what: String,
    bad: BadFiles,
    /// Files before this one keep nothing in memory.
    passed: AtomicUsize,
}

struct FilePart {
    rows: Arc<dyn Records>,
    /// Where each column of the set is in the file.
    columns: Vec<usize>,
}

impl<T: FileSource> Source for T {
    fn path(&self) -> Option<&Placed<FilePath>> {
        Some(FileSource::path(self))
    }

    /// Objects are asked of their store.
    fn check(&self) -> Option<Result<(), Problem>> {
        let url = ObjectUrl::of(FileSource::path(self).as_str().as_ref())?;
        let first = url.driver().err();
        let first = first.and_then(|error| error.problems.into_iter().next());
        Some(first.map_or(Ok(()), Err))
    }

    fn open(&self, asked: &Asked<'_>) -> Result<Opened> {
        Ok(open(self, asked)?)
    }
}

/// The rows of all files of a path.
fn open(source: &impl FileSource, asked: &Asked<'_>) -> Result<Opened, Problem> {
    let said = FileSource::path(source);
    let mut set = FileSet::find(said, source.extensions(), asked)?;
    if let Some(folders) = asked.folders {
        set.keep(folders)
            .map_err(|problem| problem.at(&said.place))?;
    }
    let closed = |file: &SetMember| Closed {
        path: file.path.clone(),
        object: file.object.clone(),
        said: said.clone(),
        // A set of thousands of files would need as many descriptors at once as a process may have;
        // they are opened anew for each piece, which costs a call to the system.
        hold: set.files.len() <= HELD,
        alone: set.files.len() == 1,
        packed: source.packed(),
        patience: asked.patience,
        out_of_reach: Arc::default(),
    };
    let files: Vec<Closed> = set.files.iter().map(closed).collect();
    // What is read back has no option that its reader could be told of.
    let of_table = set.many && !asked.table.is_empty();
    let opening = Opening::new(&files, of_table, source.on_bad_file());
    if !set.many {
        let one = source.open_files(&opening, asked)?.into_iter().next();
        let one = one.ok_or_else(|| Problem::new("there is nothing to read"))?;
        return Ok(Opened::Records(one));
    }
    let here = |problem: Problem| problem.at(&said.place);
    let keys = hive::names(&set.files);
    let types = asked.types.iter();
    let types = types.filter(|(name, _)| !keys.contains(&name.value));
    let types: Vec<_> = types.cloned().collect();
    let of_files = Asked {
        types: &types,
        // One file may have them where another has none.
        // Dictionaries of several files would have to be made one for a batch that spans two of
        // them.
        only_read: asked.only_read && files.len() == 1,
        ..*asked
    };
    let tables = source.open_files(&opening, &of_files)?;
    let left_out = opening.left_out();
    set.leave_out(&left_out);
    let keys = hive::keys(&set.files, asked.types).map_err(here)?;
    let (schema, columns) = agree(&set.files, &tables, &keys).map_err(here)?;
    let parts = tables.into_iter().zip(columns);
    let parts = parts.map(|(rows, columns)| FilePart { rows, columns });
    let stored =
        (files.iter().enumerate()).filter(|(place, _)| left_out.binary_search(place).is_err());
    let stored = stored.map(|(_, file)| file.stored()).sum();
    let files = FileSetSource {
        bad: opening.into_bad(),
        ..FileSetSource::new(parts.collect(), schema, keys, said, stored)
    };
    Ok(Opened::Records(Arc::new(files)))
}

impl FileSetSource {
    fn new(
        parts: Vec<FilePart>,
        columns: Vec<Field>,
        keys: Vec<PartitionKey>,
        said: &Placed<FilePath>,
        stored: u64,
    ) -> Self {
        let mut starts = vec![0];
        let mut rows = 0;
        for part in &parts {
            rows += part.rows.rows();
            starts.push(rows);
        }
        let keyed = keys.iter().map(|key| key.field.clone());
        let fields: Vec<Field> = columns.into_iter().chain(keyed).collect();
        let first = parts
            .first()
            .map_or(String::new(), |part| part.rows.describe());
        let kind = first.split(' ').next().unwrap_or_default();
        let (path, count) = (said.beside(), parts.len());
        let files = if count == 1 { "file" } else { "files" };
        let size = crate::units::show_bytes(stored);
        Self {
            what: format!("{kind} {}, {count} {files}, {size}", path.display()),
            parts,
            starts,
            schema: Arc::new(Schema::new(fields)),
            keys,
            bad: BadFiles::default(),
            passed: AtomicUsize::new(0),
        }
    }

    /// Rows of one file, and the values that its folders have.
    fn part(&self, index: usize, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        let part = &self.parts[index];
        let own = columns
            .iter()
            .filter_map(|column| part.columns.get(*column));
        let own: Vec<usize> = own.copied().collect();
        let before = self.starts[index];
        // Libraries panic on some broken files. Here it is known which of the set it was.
        let read = guarded(|| part.rows.read(first - before, count, &own));
        let mut piece = read.unwrap_or_else(|| Err(damaged(&part.rows.describe())))?;
        let rows = piece.kept.as_ref().map_or(count, Vec::len);
        let mut read = std::mem::take(&mut piece.columns).into_iter();
        for column in columns {
            let values = match column.checked_sub(part.columns.len()) {
                None => read
                    .next()
                    .map(|values| self.alike(values, *column))
                    .transpose()?,
                Some(key) => Some(repeated(&self.keys[key].values, index, rows)?),
            };
            piece.columns.extend(values);
        }
        for row in piece.kept.iter_mut().flatten() {
            *row += before;
        }
        Ok(piece)
    }

    /// What items and fields within a column are called may differ between files.
    fn alike(&self, values: ArrayRef, column: usize) -> Result<ArrayRef> {
        let wanted = self.schema.field(column).data_type();
        match values.data_type() == wanted {
            true => Ok(values),
            false => Ok(cast(&values, wanted)?),
        }
    }

    /// What files before these rows keep in memory is not wanted again.
    fn release_before(&self, first: u64, count: usize) {
        let horizon = first.saturating_sub(UNDER_WAY * count as u64);
        let end = self
            .starts
            .partition_point(|start| *start <= horizon)
            .saturating_sub(1);
        // The highest wins, so that each file is released once, by whichever worker passed it.
        let from = self.passed.fetch_max(end, Ordering::Relaxed);
        for part in self.parts.iter().take(end).skip(from) {
            part.rows.release();
        }
    }
}

impl Records for FileSetSource {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn rows(&self) -> u64 {
        self.starts.last().copied().unwrap_or(0)
    }

    fn read(&self, first: u64, count: usize, columns: &[usize]) -> Result<Piece> {
        self.release_before(first, count);
        let end = first + count as u64;
        let mut pieces = Vec::new();
        let mut at = first;
        while at < end {
            let index = self.starts.partition_point(|start| *start <= at) - 1;
            let Some(next) = self.starts.get(index + 1) else {
                break;
            };
            let rows = (*next).min(end) - at;
            pieces.push((at, rows, self.part(index, at, rows as usize, columns)?));
            at += rows;
        }
        joined(pieces, &self.schema, columns)
    }

    fn on_bad_row(&self) -> OnBadRow {
        let first = self.parts.first();
        first.map_or(OnBadRow::Stop, |part| part.rows.on_bad_row())
    }

    fn bad_files(&self) -> Option<&BadFiles> {
        self.bad.policy.leaves_out().then_some(&self.bad)
    }

    fn describe(&self) -> String {
        self.what.clone()
    }

    fn digest(&self) -> String {
        let digests = self.parts.iter().map(|part| part.rows.digest());
        digests.collect::<Vec<_>>().join("\n")
    }

    fn unchanged(&self) -> Result<()> {
        self.parts.iter().try_for_each(|part| part.rows.unchanged())
    }

    fn has_grown(&self) -> Result<bool> {
        let grown = |any, part: &FilePart| part.rows.has_grown().map(|grown| any || grown);
        self.parts.iter().try_fold(false, grown)
    }

    fn release(&self) {
        self.parts.iter().for_each(|part| part.rows.release());
    }
}

/// A value so many times.
fn repeated(values: &ArrayRef, at: usize, rows: usize) -> Result<ArrayRef> {
    let places = UInt32Array::from_value(at as u32, rows);
    Ok(take(values, &places, None)?)
}

/// Pieces of rows that stand one after the other, each with its first row and how many there were.
fn joined(mut pieces: Vec<(u64, u64, Piece)>, schema: &Schema, columns: &[usize]) -> Result<Piece> {
    if pieces.len() <= 1 {
        let one = pieces.pop().map(|(_, _, piece)| piece);
        return Ok(one.unwrap_or_else(|| Piece::empty(schema, columns)));
    }
    let arrays = (0..columns.len()).map(|column| {
        let arrays = pieces
            .iter()
            .map(|(_, _, piece)| piece.columns[column].as_ref());
        Ok(concat(&arrays.collect::<Vec<_>>())?)
    });
    let columns = arrays.collect::<Result<_>>()?;
    let whole = pieces.iter().all(|(_, _, piece)| piece.kept.is_none());
    let mut kept = Vec::new();
    let mut rejected = Vec::new();
    for (first, rows, piece) in pieces {
        match piece.kept {
            Some(rows) => kept.extend(rows),
            None => kept.extend(first..first + rows),
        }
        rejected.extend(piece.rejected);
    }
    Ok(Piece {
        columns,
        kept: (!whole).then_some(kept),
        rejected,
        // Files reject rows.
        odd: Vec::new(),
    })
}
