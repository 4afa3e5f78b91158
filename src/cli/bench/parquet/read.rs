//! Reads a cell's files with the `parquet` crate, in this process: footers, then row groups on all threads.

use std::fs::File;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
    RowFilter, RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;
use rayon::ThreadPool;
use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::prune;
use super::questions::{Ask, Questions, Range};
use crate::error::{Error, Result};

/// Rows in a batch of the reader.
// A usual size of readers; other sizes were not measured.
const BATCH_ROWS: usize = 8192;

/// The answer to a question.
pub(super) struct Answer {
    pub(super) time: Duration,
    pub(super) rows: u64,
    /// Row groups of which nothing was read, where that could be.
    pub(super) skipped: Option<usize>,
}

/// A file and its footer.
pub(super) struct OpenFile {
    path: PathBuf,
    pub(super) file: File,
    pub(super) metadata: ArrowReaderMetadata,
}

/// Rows of a row group that are read.
struct Piece<'a> {
    file: &'a OpenFile,
    group: usize,
    selection: Option<RowSelection>,
}

/// Opens files and reads their footers, with the index of their pages where it is asked for.
pub(super) fn open(files: &[PathBuf], index: bool) -> Result<Vec<OpenFile>> {
    let policy = match index {
        true => PageIndexPolicy::Optional,
        false => PageIndexPolicy::Skip,
    };
    let open = |path: &PathBuf| {
        let doing = || format!("reading `{}`", path.display());
        let file = File::open(path).map_err(|error| Error::because(doing(), error))?;
        let options = ArrowReaderOptions::new().with_page_index_policy(policy);
        let metadata = ArrowReaderMetadata::load(&file, options);
        let metadata = metadata.map_err(|error| Error::because(doing(), error))?;
        Ok(OpenFile {
            path: path.clone(),
            file,
            metadata,
        })
    };
    files.iter().map(open).collect()
}

/// Asks a question.
pub(super) fn ask(
    files: &[PathBuf],
    questions: &Questions,
    ask: Ask,
    pool: &ThreadPool,
) -> Result<Answer> {
    let begun = Instant::now();
    let range = questions.range(ask);
    // Footers are read within the time, because every reader has to; the index of pages only where
    // a question can use it.
    let open = open(files, range.is_some())?;
    let groups = |file: &OpenFile| file.metadata.metadata().num_row_groups();
    let all: usize = open.iter().map(groups).sum();
    let mut pieces = Vec::with_capacity(all);
    for file in &open {
        for group in 0..groups(file) {
            match range {
                None => pieces.push(Piece {
                    file,
                    group,
                    selection: None,
                }),
                Some(range) => {
                    let rows = prune::rows(file, group, range)?;
                    pieces.extend(rows.map(|selection| Piece {
                        file,
                        group,
                        selection,
                    }));
                }
            }
        }
    }
    let skipped = range.map(|_| all - pieces.len());
    let column = (ask == Ask::OneColumn).then_some(questions.one_column.as_str());
    let rows = pool.install(|| {
        let read = |piece: Piece<'_>| piece.read(column, range);
        // A row group is the unit, as for other engines: smaller pieces would read a dictionary
        // more than once.
        pieces.into_par_iter().map(read).sum::<Result<u64>>()
    })?;
    Ok(Answer {
        time: begun.elapsed(),
        rows,
        skipped,
    })
}

impl Piece<'_> {
    fn read(self, column: Option<&str>, range: Option<&Range>) -> Result<u64> {
        let doing = |error: &dyn std::fmt::Display| Error::because("reading a row group", error);
        // A file opened anew: a cloned handle shares its position with the original, and other
        // threads read elsewhere in it at the same time.
        let file = File::open(&self.file.path).map_err(|error| doing(&error))?;
        let metadata = self.file.metadata.clone();
        let root = |name: &str| {
            let place = metadata.schema().index_of(name).unwrap_or(0);
            ProjectionMask::roots(metadata.parquet_schema(), [place])
        };
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata.clone());
        let mut builder = builder
            .with_row_groups(vec![self.group])
            .with_batch_size(BATCH_ROWS);
        if let Some(name) = column {
            builder = builder.with_projection(root(name));
        }
        if let Some(selection) = self.selection {
            builder = builder.with_row_selection(selection);
        }
        if let Some(range) = range {
            let (column, low, high) = (range.column.clone(), range.low.clone(), range.high.clone());
            let own = Range {
                column,
                low,
                high,
                rows: 0,
            };
            let holds = move |batch: arrow::array::RecordBatch| own.holds(batch.column(0));
            // Pages that may hold the value hold others, too; the filter drops those, so that all
            // readers find the same rows.
            let filter = ArrowPredicateFn::new(root(&range.column), holds);
            builder = builder.with_row_filter(RowFilter::new(vec![Box::new(filter)]));
        }
        let mut rows = 0;
        for batch in builder.build().map_err(|error| doing(&error))? {
            // Without `black_box` values that nobody reads need not be decoded.
            rows += black_box(batch.map_err(|error| doing(&error))?).num_rows() as u64;
        }
        Ok(rows)
    }
}
