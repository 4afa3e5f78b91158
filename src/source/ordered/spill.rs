//! Entries that are more than there is memory for: dealt to ranges of keys in a file, each of which has room.
//!
//! That takes one pass over the keys, one write and one read, whatever the number of ranges is: to make the
//! keys again for each range costs more than that from the third range on.

use std::cmp::Ordering;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering as Access};

use rayon::prelude::*;
use rustix::io::Errno;

use super::entry::Entry;
use super::folders::FolderCounts;
use super::{CHUNK, SAMPLED, SortContext, Sorter, stopped};
use crate::column::rows::Rows;
use crate::error::{Error, Problem, Result};
use crate::sync::lock;
use crate::units::show_bytes;

/// The part of the memory that a range takes on average: ranges are cut by a sample.
// Ranges cut by 256 rows of a sample each differ: the largest of a hundred is about a fifth larger
// than their mean.
const FILLED: (u64, u64) = (3, 4);

/// What waits for being written of all ranges together is at most this part of the memory.
// A choice, as the two sizes below are.
const WAITING: u64 = 4;

/// At most so many bytes of a range wait for being written.
const AT_ONCE: u64 = 1 << 20;

/// At least so many do: less would be too many calls.
const LEAST_AT_ONCE: u64 = 4 << 10;

/// In how many ranges so many entries are sorted.
pub(super) fn ranges(entries: u64, bytes: u64, memory: u64) -> u64 {
    if entries.saturating_mul(bytes) <= memory {
        return 1;
    }
    let room = memory / bytes * FILLED.0 / FILLED.1;
    entries.div_ceil(room.max(1))
}

/// Why so many entries cannot be sorted with so little memory, if they cannot.
pub(super) fn too_little(entries: u64, bytes: u64, memory: u64) -> Option<Problem> {
    let least = |memory: u64| memory / WAITING / ranges(entries, bytes, memory) >= LEAST_AT_ONCE;
    if least(memory) {
        return None;
    }
    let enough = (0..64)
        .map(|bits| 1u64 << bits)
        .find(|memory| least(*memory));
    let enough = show_bytes(enough.unwrap_or(u64::MAX));
    Some(
        Problem::new(format!(
            "`sort_memory` is too little for {} of keys",
            show_bytes(entries.saturating_mul(bytes))
        ))
        .hint(format!("{enough} are enough")),
    )
}

/// Entries in a file, range after range.
pub(super) struct Spilled {
    file: File,
    /// In reverse order: the next one is the last.
    ranges: Vec<Range>,
}

/// What a file has of a range.
#[derive(Default)]
struct Range {
    /// Where in the file its pieces begin, and how long each is.
    pieces: Vec<(u64, u64)>,
    /// What is not in the file yet.
    waiting: Vec<u8>,
}

/// The first key of a range.
struct Splitter<E> {
    entry: E,
    /// All bytes of the columns without a code.
    tail: Vec<u8>,
}

/// A file that ranges are written to from many threads.
struct Writing<E> {
    file: File,
    end: AtomicU64,
    ranges: Vec<Mutex<Range>>,
    splitters: Vec<Splitter<E>>,
    at_once: usize,
}

impl Spilled {
    /// The entries of the next range behind some others, in no order; nothing behind the last one.
    pub(super) fn next<E: Entry>(&mut self, kept: Vec<E>) -> Result<Option<Vec<E>>> {
        let Some(range) = self.ranges.pop() else {
            return Ok(None);
        };
        let bytes: u64 = range.pieces.iter().map(|(_, length)| length).sum();
        let bytes = bytes as usize + range.waiting.len();
        let mut entries = kept;
        let before = entries.len();
        entries.resize(before + bytes / E::BYTES, E::default());
        let (mut pieces, mut rest) = (Vec::new(), &mut entries[before..]);
        for (from, length) in &range.pieces {
            let (out, behind) = rest.split_at_mut(*length as usize / E::BYTES);
            pieces.push((*from, out));
            rest = behind;
        }
        take(&range.waiting, rest);
        let file = &self.file;
        let read = pieces.into_par_iter().try_for_each(|(from, out)| {
            let mut bytes = vec![0; out.len() * E::BYTES];
            file.read_exact_at(&mut bytes, from)?;
            take(&bytes, out);
            Ok::<(), std::io::Error>(())
        });
        read.map_err(|error| Error::because("reading what was sorted", error))?;
        Ok(Some(entries))
    }
}

fn take<E: Entry>(bytes: &[u8], out: &mut [E]) {
    for (entry, bytes) in out.iter_mut().zip(bytes.chunks_exact(E::BYTES)) {
        *entry = E::read(bytes);
    }
}

impl Sorter {
    /// Deals the entries of all rows to ranges of keys.
    pub(super) fn spill<E: Entry>(
        &self,
        ranges: u64,
        counts: Option<&FolderCounts>,
        context: &SortContext<'_>,
    ) -> Result<Spilled> {
        let at_once = self.plan().memory / WAITING / ranges;
        let writing = Writing {
            // A file without a name: the system removes it with its last handle, also after a kill.
            file: unnamed(context.folder)?,
            end: AtomicU64::new(0),
            ranges: (0..ranges).map(|_| Mutex::default()).collect(),
            splitters: self.splitters::<E>(ranges)?,
            at_once: at_once.clamp(LEAST_AT_ONCE, AT_ONCE) as usize,
        };
        let (first, rows) = self.plan().rows;
        let chunks = (0..rows.div_ceil(CHUNK)).into_par_iter();
        let begin = || {
            (
                vec![E::default(); CHUNK as usize],
                vec![Vec::new(); writing.ranges.len()],
            )
        };
        chunks.try_for_each_init(begin, |(entries, dealt), chunk| {
            if (context.stopping)() {
                return Err(stopped());
            }
            let from = chunk * CHUNK;
            let count = (rows - from).min(CHUNK) as usize;
            let entries = &mut entries[..count];
            let rows = Rows::Range {
                first: first + from,
                count,
            };
            let keys = self.fill(rows, entries)?;
            if let Some(counts) = counts {
                counts.add(&self.layout, &keys, entries)?;
            }
            for (row, entry) in entries.iter().enumerate() {
                let tail = keys.tail.as_ref().map(|tail| tail.row(row));
                let tail = tail.as_ref().map_or(&[][..], |row| row.data());
                entry.write(&mut dealt[self.range_of(&writing.splitters, *entry, tail)]);
            }
            writing.put(dealt, context.folder)
        })?;
        let ranges = writing.ranges.into_iter().rev();
        let ranges = ranges.map(|range| range.into_inner().unwrap_or_default());
        Ok(Spilled {
            file: writing.file,
            ranges: ranges.collect(),
        })
    }

    /// Keys that cut all rows into ranges of about the same size.
    fn splitters<E: Entry>(&self, ranges: u64) -> Result<Vec<Splitter<E>>> {
        let sample = self.sample(ranges * SAMPLED);
        let sorted = self.sorted_rows::<E>(&sample)?;
        let at = |range: u64| {
            let place = u128::from(range) * sorted.len() as u128 / u128::from(ranges);
            sorted[place as usize]
        };
        let rows: Vec<u64> = (1..ranges).map(at).collect();
        let mut entries = vec![E::default(); rows.len()];
        let keys = self.fill(Rows::List(&rows), &mut entries)?;
        let splitters = entries.into_iter().enumerate();
        let tail = |row| keys.tail.as_ref().map(|tail| tail.row(row).data().to_vec());
        let splitters = splitters.map(|(row, entry)| Splitter {
            entry,
            tail: tail(row).unwrap_or_default(),
        });
        Ok(splitters.collect())
    }

    fn range_of<E: Entry>(&self, splitters: &[Splitter<E>], entry: E, tail: &[u8]) -> usize {
        if !self.layout.has_tail() {
            return splitters.partition_point(|splitter| splitter.entry <= entry);
        }
        splitters.partition_point(|splitter| {
            let lead = |entry: E| self.layout.lead(entry);
            let row = |entry: E| self.layout.row(entry);
            let order = lead(splitter.entry).cmp(&lead(entry));
            let order = order.then_with(|| splitter.tail.as_slice().cmp(tail));
            order.then_with(|| row(splitter.entry).cmp(&row(entry))) != Ordering::Greater
        })
    }
}

impl<E> Writing<E> {
    /// Takes what was dealt to each range.
    fn put(&self, dealt: &mut [Vec<u8>], folder: &Path) -> Result<()> {
        for (range, bytes) in self.ranges.iter().zip(dealt) {
            let mut range = lock(range);
            range.waiting.append(bytes);
            if range.waiting.len() < self.at_once {
                continue;
            }
            let from = self
                .end
                .fetch_add(range.waiting.len() as u64, Access::Relaxed);
            let written = self.file.write_all_at(&range.waiting, from);
            written.map_err(|error| unwritten(folder, &error))?;
            let length = range.waiting.len() as u64;
            range.pieces.push((from, length));
            range.waiting.clear();
        }
        Ok(())
    }
}

/// A file that is gone with the process, however that ends.
fn unnamed(folder: &Path) -> Result<File> {
    let there = folder.ancestors().find(|folder| folder.is_dir());
    let file = tempfile::tempfile_in(there.unwrap_or(Path::new(".")));
    file.map_err(|error| unwritten(folder, &error))
}

fn unwritten(folder: &Path, error: &std::io::Error) -> Error {
    let hint = match Errno::from_io_error(error) {
        Some(Errno::FBIG) => {
            "a file may not become larger here: raise that with `ulimit -f`, or give it more `sort_memory`"
        }
        _ => "free some space, write elsewhere with `--out`, or give it more `sort_memory`",
    };
    let problem = Problem::new(format!("sorting in a file in `{}`", folder.display()));
    Error::run(problem.hint(hint).cause(error))
}
