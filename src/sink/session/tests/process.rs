//! A simulated process: workers at a gate, a source, a queue and sessions.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use super::super::drive::{Shared as Sending, drive};
use super::super::queue::Queue;
use super::super::{Clock, Connect, Listener, Piece, Session, SessionOptions};
use super::executor::{Executor, Time};
use super::server::{Disk, Row, Rows, Shared, step};
use super::stream::Source;
use crate::batch::{RowNumbers, Span};
use crate::engine::Stop;
use crate::engine::gate::{Gate, GateView};
use crate::error::Error;
use crate::pace::Pace;
use crate::sync::lock;

/// How a process is made.
pub struct Plan {
    pub number: usize,
    pub workers: usize,
    pub window: u64,
    pub options: SessionOptions,
    /// Rows a batch and batches of a table that is made.
    pub made: Option<(usize, u64)>,
}

/// What the parts of a process share.
struct Parts {
    world: Shared,
    time: Time,
    gate: Gate,
    source: Source,
    queue: Queue<Rows>,
    marks: Arc<Marks>,
    sessions: usize,
    working: AtomicUsize,
}

/// The lane's marks, which are true whenever they are told.
struct Marks {
    world: Shared,
    stop: Stop,
    accepted: AtomicU64,
    durable: AtomicU64,
    /// The spans of each batch, in the order of their numbers.
    spans: Mutex<HashMap<u64, Vec<Span>>>,
}

impl Listener for Marks {
    fn accepted(&self, batches: u64) {
        self.accepted.fetch_max(batches, Ordering::Relaxed);
    }

    fn durable(&self, batches: u64) {
        let before = self.durable.fetch_max(batches, Ordering::Relaxed);
        let world = lock(&self.world);
        for number in before..batches {
            for span in lock(&self.spans).get(&number).into_iter().flatten() {
                let next = world.next.get(&span.partition).copied().unwrap_or(0);
                assert!(
                    span.turn.is_over() || next >= span.to,
                    "batch {number} is told to be safe, and partition {} is at {next} and not at {}",
                    span.partition,
                    span.to
                );
            }
        }
    }

    fn committed(&self, _: u64, _: u64, _: Duration) {}
    fn retried(&self, _session: usize, _error: &Error) {}

    fn recovered(&self, _session: usize) {}

    fn connected(&self, _session: usize, _open: bool) {}
    fn over(&self, _: bool) {
        self.accepted.store(u64::MAX, Ordering::Relaxed);
    }
    fn stopping(&self) -> bool {
        self.stop.requested()
    }
}

impl GateView for Marks {
    fn accepted(&self, _: usize) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }
    fn first_row(&self, _: usize, number: u64) -> u64 {
        number
    }
    fn pace(&self, _: usize) -> Option<&Pace> {
        None
    }
    fn wait(&self, _: usize, _: u64) -> Option<Duration> {
        None
    }
}

/// Starts all tasks of a process; it ends by itself once `stop` is requested, or its table is made.
pub fn start<C>(executor: &mut Executor, world: &Shared, connect: C, plan: Plan) -> Stop
where
    C: Connect<Session: Session<Chunk = Rows>>,
{
    let stop = Stop::default();
    let marks = Arc::new(Marks {
        world: world.clone(),
        stop: stop.clone(),
        accepted: AtomicU64::new(0),
        durable: AtomicU64::new(0),
        spans: Mutex::default(),
    });
    let gate = Gate::new(plan.window, stop.clone(), None);
    gate.begin(&[(0, plan.made.map(|(_, batches)| batches))]);
    let made = plan.made.map(|(rows, _)| rows);
    let parts = Arc::new(Parts {
        world: world.clone(),
        time: executor.time.clone(),
        gate,
        source: Source::new(plan.number, world.clone(), stop.clone(), made),
        queue: Queue::new(&plan.options, marks.clone()),
        marks,
        sessions: plan.options.sessions,
        working: AtomicUsize::new(plan.workers + plan.options.sessions),
    });
    for worker in 0..plan.workers {
        let parts = parts.clone();
        executor.spawn(plan.number, async move { parts.work(worker).await });
    }
    let connect = Arc::new(connect);
    for session in 0..plan.options.sessions {
        let (parts, connect, options) = (parts.clone(), connect.clone(), plan.options.clone());
        executor.spawn(plan.number, async move {
            parts.send(connect.as_ref(), &options, session).await;
        });
    }
    executor.spawn(plan.number, async move { parts.follow().await });
    stop
}

impl Parts {
    /// A worker, as the engine's.
    async fn work(&self, worker: usize) {
        loop {
            match self.gate.try_next(worker, self.marks.as_ref()) {
                Poll::Pending => self.time.sleep(Duration::from_millis(2)).await,
                Poll::Ready(None) => break,
                Poll::Ready(Some(ticket)) => {
                    match self.source.take(ticket.number, &self.time).await {
                        Some((rows, spans)) => {
                            lock(&self.marks.spans).insert(ticket.number, spans.clone());
                            step(&self.world, &self.time).await;
                            self.queue
                                .put(ticket.number, self.split(ticket.number, &rows, &spans));
                        }
                        None => self.gate.ended(ticket),
                    }
                }
            }
        }
        if self.working.fetch_sub(1, Ordering::Relaxed) == self.sessions + 1 {
            self.queue.close(self.gate.given(0)).unwrap();
        }
    }

    fn split(&self, number: u64, rows: &[Row], spans: &[Span]) -> Vec<(usize, Piece<Rows>)> {
        let place = |row: &Row| (i64::from(row.partition) * 1000 + row.offset) as u64;
        if spans.is_empty() {
            let session = number as usize % self.sessions;
            let mine = |row: &Row| Row {
                partition: session as i32,
                ..*row
            };
            let rows: Vec<Row> = rows.iter().map(mine).collect();
            let first = rows.first().map_or(0, |row| row.offset as u64);
            return vec![(
                session,
                Piece::new(number, Rows(rows), RowNumbers::From(first), vec![]),
            )];
        }
        let mut pieces = Vec::new();
        for session in 0..self.sessions {
            let (mut own, mut origin) = (Vec::new(), Vec::new());
            let mine = |span: &&Span| span.partition as usize % self.sessions == session;
            for span in spans.iter().filter(mine) {
                let first = own.len();
                own.extend(&rows[span.rows.clone()]);
                let rows = first..own.len();
                origin.push(Span {
                    rows,
                    ..span.clone()
                });
            }
            if !origin.is_empty() {
                let place = RowNumbers::List(own.iter().map(place).collect());
                pieces.push((session, Piece::new(number, Rows(own), place, origin)));
            }
        }
        pieces
    }

    async fn send<C>(&self, connect: &C, options: &SessionOptions, session: usize)
    where
        C: Connect<Session: Session<Chunk = Rows>>,
    {
        let disk = Disk(self.world.clone());
        let sending = Sending {
            connect,
            clock: &self.time,
            queue: &self.queue,
            keep: &disk,
            options,
        };
        drive(sending, session).await;
        if let Some(error) = self.queue.failure() {
            panic!("a session failed: {error}");
        }
        self.working.fetch_sub(1, Ordering::Relaxed);
    }

    /// The source follows its group until everything is committed.
    async fn follow(&self) {
        let follow = self.source.follow(&self.time);
        let done = async {
            while self.working.load(Ordering::Relaxed) > 0 {
                self.time.sleep(Duration::from_millis(5)).await;
            }
        };
        super::super::clock::first(done, follow).await;
        let batches = self.gate.given(0);
        assert_eq!(
            self.marks.durable.load(Ordering::Relaxed),
            batches,
            "all are safe"
        );
    }
}
