//! One cell's files, written by rowgen's own Parquet writer: encoded by all threads, put down by one more, as a
//! run does.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use rayon::ThreadPool;

use super::sweep::Cell;
use super::table::Table;
use crate::batch::Batch;
use crate::engine::Stop;
use crate::error::{Error, Result};
use crate::format::{Body, FileChunk, FileEncoder, FileEnds, FileWriter, Format};
use crate::sync::lock;

/// What was written.
pub(super) struct Written {
    pub(super) files: Vec<PathBuf>,
    pub(super) bytes: u64,
    pub(super) time: Duration,
}

/// Writes the files of a cell into a folder that is not there yet.
pub(super) fn write(
    cell: &Cell,
    table: &Table,
    folder: &Path,
    (pool, stop): (&ThreadPool, &Stop),
) -> Result<Written> {
    let batch_rows = cell.batch_rows(table.row_bytes()) as usize;
    let (rows, shape) = table.in_order(cell.order, batch_rows);
    std::fs::create_dir(folder).map_err(|error| failed(folder, error))?;
    // Choosing encodings by a trial is a part of writing, but happens once a run, not once a file.
    let encoder = cell.options.open(&shape)?;
    let begun = Instant::now();
    encoder.plan_files(FileEnds {
        before: Vec::new(),
        bytes: cell.file_bytes,
    });
    let batches = rows.num_rows().div_ceil(batch_rows) as u64;
    let (next, wrong) = (AtomicU64::new(0), Mutex::new(None));
    // The channel has no bound: the rows are in memory already, and what waits here is their
    // encoded form.
    let (put, chunks) = channel();
    let encoder = encoder.as_ref();
    let files = std::thread::scope(|scope| {
        let files = scope.spawn(move || put_down(encoder, chunks, folder));
        let work = || -> Result<()> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= batches || stop.requested() {
                    return Ok(());
                }
                // It fails only when the writer has ended with an error, which `put_down` returns.
                let put = |number, chunk| drop(put.send((number, chunk)));
                encoder.encode(&batch(rows, number, batch_rows), &put)?;
            }
        };
        pool.broadcast(|_| {
            if let Err(error) = work() {
                lock(&wrong).get_or_insert(error);
            }
        });
        // A file that a signal cut short has no footer; nobody reads it, and the folder is removed.
        let whole = next.load(Ordering::Relaxed) >= batches && !stop.requested();
        let ended = match whole {
            true => encoder.end(batches, &|number, chunk| drop(put.send((number, chunk)))),
            false => Ok(()),
        };
        // The writer's loop ends when the last sender is gone.
        drop(put);
        let files = files
            .join()
            .unwrap_or_else(|_| Err(Error::run("the writer of files has panicked")));
        ended.and(files)
    });
    let time = begun.elapsed();
    if let Some(error) = wrong.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let files = files?;
    let bytes = bytes_of(&files).map_err(|error| failed(folder, error))?;
    Ok(Written { files, bytes, time })
}

fn batch(rows: &RecordBatch, number: u64, batch_rows: usize) -> Batch {
    let first = number as usize * batch_rows;
    let part = rows.slice(first, batch_rows.min(rows.num_rows() - first));
    Batch::new(number, first as u64, part)
}

fn bytes_of(files: &[PathBuf]) -> std::io::Result<u64> {
    let sizes = files.iter().map(std::fs::metadata);
    sizes.map(|found| Ok(found?.len())).sum()
}

/// Puts chunks down in their order, and ends a file with the row group that the format ends it with, as a sink
/// does: what comes before is cut to the size that is asked for.
fn put_down(
    encoder: &dyn FileEncoder,
    chunks: Receiver<(u64, FileChunk)>,
    folder: &Path,
) -> Result<Vec<PathBuf>> {
    let (mut files, mut open) = (Vec::new(), None::<Box<dyn FileWriter>>);
    let (mut waiting, mut next) = (BTreeMap::new(), 0);
    for (number, chunk) in chunks {
        waiting.insert(number, chunk);
        while let Some(chunk) = waiting.remove(&next) {
            next += 1;
            let ends = match &chunk.body {
                Body::RowGroup(group) => group.ends_file(),
                Body::Block(_) | Body::Open => false,
            };
            let mut file = match open.take() {
                Some(file) => file,
                None => begin(encoder, folder, &mut files)?,
            };
            file.write(chunk)?;
            open = match ends {
                true => file.finish().map(|()| None)?,
                false => Some(file),
            };
        }
    }
    match open {
        Some(file) => file.finish()?,
        // No rows are one file without rows, as `run` writes it.
        None if files.is_empty() => begin(encoder, folder, &mut files)?.finish()?,
        None => {}
    }
    Ok(files)
}

fn begin(
    encoder: &dyn FileEncoder,
    folder: &Path,
    files: &mut Vec<PathBuf>,
) -> Result<Box<dyn FileWriter>> {
    let path = folder.join(format!("part-{:05}.parquet", files.len()));
    let file = File::create(&path).map_err(|error| failed(&path, error))?;
    files.push(path);
    encoder.begin(Box::new(file))
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    Error::because(format!("writing `{}`", path.display()), error)
}
