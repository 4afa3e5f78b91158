//! Reads a side on every core: each worker takes the next piece, so that what is packed is unpacked in
//! its order.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rayon::ThreadPool;

use super::side::{ComparedRows, Side};
use crate::error::{Error, Result};
use crate::sync::{lock, workers};

/// How far a comparison is, for whoever shows it.
#[derive(Debug, Default)]
pub struct Progress {
    /// Rows that were read, of both sides.
    pub done: AtomicU64,
    /// Rows that are to be read, as far as that is known.
    pub total: AtomicU64,
}

/// The threads that read.
pub(super) struct Workers<'w> {
    pool: ThreadPool,
    progress: &'w Progress,
}

/// What a worker does with a piece: `T` is its own.
type Work<'w, T> = &'w (dyn Fn(&mut T, u64, ComparedRows) -> Result<()> + Sync);

impl<'w> Workers<'w> {
    /// So many threads.
    ///
    /// # Errors
    /// The system gives none.
    pub(super) fn new(threads: usize, progress: &'w Progress) -> Result<Self> {
        let pool = workers("verify", threads)
            .map_err(|error| Error::because("starting the workers", error))?;
        Ok(Self { pool, progress })
    }

    /// Does something with every piece that is `wanted`; what each worker has made of its own.
    ///
    /// # Errors
    /// A piece cannot be read, or the work fails.
    pub(super) fn each<T: Send>(
        &self,
        side: &dyn Side,
        wanted: &(dyn Fn(u64) -> bool + Sync),
        begin: &(dyn Fn() -> T + Sync),
        work: Work<'_, T>,
    ) -> Result<Vec<T>> {
        // Pieces are pulled in ascending order rather than dealt out as ranges: a compressed CSV or
        // JSON file is unpacked once from its start, and whoever reads far ahead would wait for
        // that or unpack it again.
        let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
        let failure = Mutex::new(None);
        let made = self.pool.broadcast(|_| {
            let mut own = begin();
            while !stop.load(Ordering::Relaxed) {
                let piece = next.fetch_add(1, Ordering::Relaxed);
                if piece >= side.pieces() {
                    break;
                }
                if !wanted(piece) {
                    continue;
                }
                if let Err(error) = self.one(side, piece, &mut own, work) {
                    stop.store(true, Ordering::Relaxed);
                    // The first error is told; what other workers met after it is mostly its
                    // consequence.
                    lock(&failure).get_or_insert(error);
                }
            }
            own
        });
        match lock(&failure).take() {
            Some(error) => Err(error),
            None => Ok(made),
        }
    }

    fn one<T>(&self, side: &dyn Side, piece: u64, own: &mut T, work: Work<'_, T>) -> Result<()> {
        let one = AssertUnwindSafe(|| {
            let rows = side.read(piece)?;
            let count = rows.count as u64;
            work(own, piece, rows)?;
            self.progress.done.fetch_add(count, Ordering::Relaxed);
            Ok(())
        });
        // Readers are libraries that meet other people's files: a panic in one of them is the error
        // of that file and must not end the process.
        catch_unwind(one)
            .unwrap_or_else(|panic| Err(Error::of_panic("comparing rows", panic.as_ref())))
    }

    /// How many threads there are.
    pub(super) fn count(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Does something with each on all threads; the results in their order.
    pub(super) fn all<T: Sync, R: Send>(
        &self,
        all: &[T],
        work: impl Fn(&T) -> R + Sync + Send,
    ) -> Vec<R> {
        use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
        self.pool.install(|| all.par_iter().map(work).collect())
    }

    /// Sets how many rows are left to be read.
    pub(super) fn left(&self, rows: u64) {
        let done = self.progress.done.load(Ordering::Relaxed);
        self.progress.total.store(done + rows, Ordering::Relaxed);
    }

    /// Adds rows that are to be read.
    pub(super) fn more(&self, rows: u64) {
        self.progress.total.fetch_add(rows, Ordering::Relaxed);
    }

    /// Sorts on every thread.
    pub(super) fn sort<T: Ord + Send>(&self, values: &mut [T]) {
        use rayon::slice::ParallelSliceMut;
        self.pool.install(|| values.par_sort_unstable());
    }
}
