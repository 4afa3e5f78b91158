//! A sink of sessions as the engine sees it: ready once its server was asked, then one lane.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;

use super::{
    Ask, Connect, Keep, Letters, Listener, Part, Piece, Session, SessionOptions, Sessions, split,
};
use crate::batch::{Batch, Resume};
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::report::{Clock, Finished, Meter};
use crate::sink::applied::{Applied, Keyed, SHARDS, Share};
use crate::sink::{Found, Lane, Ready, RunHandle, Target};
use crate::units::one_line;

/// A sink that is connected.
struct Sessionful<C, F> {
    target: Target,
    connect: Arc<C>,
    options: SessionOptions,
    encode: Arc<F>,
}

struct SessionLane<P: Part + 'static, F> {
    sessions: Sessions<P>,
    count: usize,
    /// Rows of a transaction at most.
    most: usize,
    applied: Option<Arc<Applied>>,
    encode: Arc<F>,
    marks: Arc<Marks>,
}

/// After a run was told to end, rows that were made already are still sent for so long. What is
/// left then is left to the next run, which makes or reads it again.
// A choice; less than the 10 s after which a silent server is given up (`patience`).
const LAST_ROWS: Duration = Duration::from_secs(5);

/// What the sink leaves unsent when a run is told to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaves {
    /// Everything that has not begun: changes, for each shard says where it is.
    AtOnce,
    /// What takes too long: it is made, or read, again. Until then a table has all rows before its last one.
    InTime,
    /// As before, but only where the run is cut short: without progress the next run does not go on.
    Interrupted,
}

impl Leaves {
    fn of(target: &Target, options: &SessionOptions) -> Self {
        match options.applied {
            Some(_) => Self::AtOnce,
            None if options.keeps_offsets || target.is_stream => Self::InTime,
            None => Self::Interrupted,
        }
    }
}

/// The lane's marks, for everybody to see.
struct Marks {
    accepted: AtomicU64,
    durable: AtomicU64,
    over: AtomicBool,
    meter: Arc<Meter>,
    run: Arc<dyn RunHandle>,
    leaves: Leaves,
    /// Since when the run is to end.
    stopping: OnceLock<Instant>,
    /// Transactions are timed: against when their rows are due, where a rate is asked for.
    timed: bool,
    pace: Option<Arc<Pace>>,
    first_row: u64,
}

/// What `Sink::connect` of a sink of sessions returns: the server was asked where it is, and
/// `encode` makes, on the workers, what a session sends of the rows it is given.
///
/// # Errors
/// The server cannot be asked.
pub fn sink<C, F>(target: &Target, connect: C, options: SessionOptions, encode: F) -> Result<Found>
where
    C: Connect,
    F: Fn(&Batch) -> Result<<C::Session as Session>::Chunk> + Send + Sync + 'static,
{
    let encode = move |batch: &Batch, _: &Keyed| encode(batch);
    changes(target, connect, options, encode)
}

/// The same of a sink that applies changes, where `options` say so: `encode` is given the rows of one
/// session and one block, those of a shard together, and what they do.
///
/// # Errors
/// The server cannot be asked.
pub fn changes<C, F>(
    target: &Target,
    connect: C,
    mut options: SessionOptions,
    encode: F,
) -> Result<Found>
where
    C: Connect,
    F: Fn(&Batch, &Keyed) -> Result<<C::Session as Session>::Chunk> + Send + Sync + 'static,
{
    let connect = Arc::new(connect);
    // The sink's own limit wins over that of the run.
    options.stall_timeout = options.stall_timeout.or_else(|| target.stall_timeout());
    if options.keeps_offsets {
        // A load goes on; the partitions of a stream are asked for when they are assigned.
        let partitions = options
            .applied
            .as_ref()
            .map_or(options.sessions, |_| SHARDS);
        let partitions: Vec<i32> = (0..partitions as i32).collect();
        options.reached = Ask::new(connect.clone()).offsets(&partitions)?;
    }
    let (target, encode) = (target.clone(), Arc::new(encode));
    Ok(Found::ready(Sessionful {
        target,
        connect,
        options,
        encode,
    }))
}

/// Sends rows as they are, for sessions that bind values.
///
/// # Errors
/// None.
pub fn rows(batch: &Batch) -> Result<RecordBatch> {
    Ok(batch.rows.clone())
}

impl<C, F> Ready for Sessionful<C, F>
where
    C: Connect,
    F: Fn(&Batch, &Keyed) -> Result<<C::Session as Session>::Chunk> + Send + Sync + 'static,
{
    fn resume(&self) -> Option<Arc<dyn Resume>> {
        let keeps = self.options.keeps_offsets;
        keeps.then(|| Arc::new(Ask::new(self.connect.clone())) as Arc<dyn Resume>)
    }

    fn begins_at(&self) -> Option<u64> {
        self.options.applied.as_ref()?;
        let reached = |shard: usize| self.options.reached.get(&(shard as i32)).copied();
        let next = (0..SHARDS).map(|shard| reached(shard).unwrap_or_default());
        next.min().map(i64::unsigned_abs)
    }

    fn open(&self, _lane: usize) -> Result<Arc<dyn Lane>> {
        let Target {
            shape,
            out,
            meter,
            run,
            ..
        } = &self.target;
        let (table, options) = (&shape.table, &self.options);
        let marks = Arc::new(Marks {
            accepted: AtomicU64::new(0),
            durable: AtomicU64::new(0),
            over: AtomicBool::new(false),
            meter: meter.clone(),
            run: run.clone(),
            leaves: Leaves::of(&self.target, options),
            stopping: OnceLock::new(),
            timed: options.applied.is_some(),
            pace: self.target.pace.clone(),
            first_row: self.target.first_row,
        });
        let letters = Letters::new(table, &options.bad_rows, out, meter.clone());
        let letters = letters.of_changes(options.applied.clone());
        let keep: Arc<dyn Keep> = Arc::new(letters);
        Ok(Arc::new(SessionLane {
            sessions: Sessions::start(table, &self.connect, options, &keep, marks.clone())?,
            count: options.sessions,
            most: *options.rows.end(),
            applied: options.applied.clone(),
            encode: self.encode.clone(),
            marks,
        }))
    }
}

impl<P, F> SessionLane<P, F>
where
    P: Part + 'static,
    F: Fn(&Batch, &Keyed) -> Result<P> + Send + Sync,
{
    fn encode(&self, batch: &Batch) -> Result<Vec<(usize, Piece<P>)>> {
        if let Some(applied) = &self.applied {
            let shares = applied.split(batch, self.count, self.most)?.into_iter();
            let begins = match batch.rows.num_rows() {
                // A batch without rows has no first row to ask for.
                0 => 0,
                _ => batch.place.row(0),
            };
            let shares = shares.map(|share| self.encode_changes(share, begins));
            return shares.collect();
        }
        let (shares, none) = (split(batch, self.count)?.into_iter(), Keyed::new([]));
        shares
            .map(|share| {
                let chunk = (self.encode)(&share.batch, &none)?;
                let Batch {
                    number,
                    place,
                    origin,
                    ..
                } = share.batch;
                Ok((
                    share.session,
                    Piece::new(number, chunk, place, origin.to_vec()),
                ))
            })
            .collect()
    }

    fn encode_changes(&self, share: Share, begins: u64) -> Result<(usize, Piece<P>)> {
        let chunk = (self.encode)(&share.batch, &share.keyed)?;
        let Batch { number, place, .. } = share.batch;
        let piece = Piece::new(number, chunk, place, Vec::new());
        Ok((
            share.session,
            piece.of_block(share.block, begins, share.shards),
        ))
    }
}

impl<P, F> Lane for SessionLane<P, F>
where
    P: Part + 'static,
    F: Fn(&Batch, &Keyed) -> Result<P> + Send + Sync,
{
    fn submit_timed(&self, batch: &Batch, clock: &mut Clock) -> Result<()> {
        // Before the rows are encoded: nobody would take them.
        if self.failed() {
            return Err(stopped());
        }
        // A panic in an encoder ends its sink and not the worker, which has batches of other sinks
        // to make.
        let encoded = catch_unwind(AssertUnwindSafe(|| self.encode(batch)));
        self.marks.meter.encode(clock.encoded());
        match encoded {
            Ok(Ok(pieces)) => {
                let behind = Applied::behind(batch);
                self.sessions.put_before(batch.number, pieces, behind);
            }
            // To the sessions and not to the worker: the first failure of a sink is the one that
            // the report tells, whichever thread it came from.
            Ok(Err(error)) => self.sessions.fail(error),
            Err(panic) => {
                let error = Error::of_panic("the encoder", panic.as_ref());
                self.sessions.fail(error);
            }
        }
        match self.failed() {
            true => Err(stopped()),
            false => Ok(()),
        }
    }

    fn accepted(&self) -> u64 {
        self.marks.accepted.load(Ordering::Acquire)
    }

    fn durable(&self) -> u64 {
        self.marks.durable.load(Ordering::Acquire)
    }

    fn failed(&self) -> bool {
        self.marks.over.load(Ordering::Acquire)
    }

    fn close(&self, batches: u64) {
        self.sessions.close(batches);
    }

    fn finish(&self, batches: u64) -> Result<Finished> {
        let finished = self.sessions.finish(batches)?;
        Ok(Finished {
            begins_again: finished.unsent > 0 && self.marks.leaves == Leaves::Interrupted,
            ..finished
        })
    }

    fn abort(&self) {
        self.sessions.abort();
    }
}

impl Listener for Marks {
    fn accepted(&self, batches: u64) {
        // The highest mark wins. Sessions tell their marks after they have let go of the queue's
        // lock, so that an older one may come after a newer one.
        self.accepted.fetch_max(batches, Ordering::Release);
        self.run.moved();
    }

    fn durable(&self, batches: u64) {
        self.durable.fetch_max(batches, Ordering::Release);
        self.run.moved();
    }

    fn committed(&self, rows: u64, bytes: u64, took: Duration) {
        self.meter.add(rows, bytes);
        self.meter.commit(took);
        tracing::debug!(
            // These names and this text are those of the service that `pipelines/seed_status.yaml`
            // follows; people look for them in its log.
            records_written = rows,
            duration = ?took,
            throughput_per_sec = rows as f64 / took.as_secs_f64().max(1e-9),
            "Batch write completed"
        );
    }

    fn transacted(&self, row: Option<u64>, service: Duration) {
        if let (true, Some(row)) = (self.timed, row) {
            // The response time counts from the moment at which the row was due, the service time
            // from when a session took it. Only the first of the two shows that rows have piled up
            // before the sink.
            let late = |pace: &Arc<Pace>| pace.late(row.saturating_sub(self.first_row));
            self.meter
                .transaction(service, self.pace.as_ref().map(late));
        }
    }

    fn retried(&self, session: usize, error: &Error) {
        self.meter.retry();
        // An error has several lines, and who shows the trouble of a session has one.
        self.meter
            .trouble(session, Some(one_line(&error.to_string())));
    }

    fn recovered(&self, session: usize) {
        self.meter.trouble(session, None);
    }

    fn connected(&self, session: usize, open: bool) {
        self.meter.connected(session, open);
    }

    fn over(&self, failed: bool) {
        if failed {
            self.meter.error("failed");
        }
        self.over.store(true, Ordering::Release);
        // The slowest sink paces its table. One that has failed must hold nobody back.
        self.accepted.store(u64::MAX, Ordering::Release);
        self.run.moved();
    }

    fn stopping(&self) -> bool {
        self.run.stopping()
    }

    fn leaves(&self) -> bool {
        if !self.run.stopping() {
            return false;
        }
        let since = self.stopping.get_or_init(Instant::now);
        match self.leaves {
            Leaves::AtOnce => true,
            Leaves::InTime => since.elapsed() >= LAST_ROWS,
            Leaves::Interrupted => self.run.interrupted() && since.elapsed() >= LAST_ROWS,
        }
    }
}

fn stopped() -> Error {
    Error::run("the sink has stopped")
}
