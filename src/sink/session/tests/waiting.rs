//! How long a server is waited for, in time that is not real.

use std::collections::HashMap;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::super::drive::{Shared, drive};
use super::super::queue::Queue;
use super::super::{
    Clock, Connect, Failure, Letters, Listener, OnBadRow, Piece, Session, SessionOptions,
};
use super::executor::{Executor, Random, Time, pause};
use super::server::{Kind, Row, Rows};
use crate::batch::{RowNumbers, Span};
use crate::error::{Error, Result};

/// A server that is not there: it refuses connections, or does not answer.
struct Gone {
    refuses: bool,
}

/// A server that takes everything, and counts transactions.
struct Fast(Arc<AtomicU64>);

/// A server that takes everything, and does not answer what it is asked.
struct Mute;

struct Nobody {
    stopping: bool,
    retries: AtomicU64,
}

impl Connect for Gone {
    type Session = Fast;

    async fn connect(&self, _: usize) -> Result<Fast, Failure> {
        match self.refuses {
            true => Err(Failure::Again(Error::because("connecting", "refused"))),
            false => pending().await,
        }
    }
}

impl Session for Fast {
    type Chunk = Rows;

    async fn put(&mut self, _: &[Rows]) -> Result<(), Failure> {
        Ok(())
    }

    async fn commit(&mut self, _: &[Span]) -> Result<(), Failure> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Session for Mute {
    type Chunk = Rows;

    async fn put(&mut self, _: &[Rows]) -> Result<(), Failure> {
        Ok(())
    }

    async fn commit(&mut self, _: &[Span]) -> Result<(), Failure> {
        Ok(())
    }

    async fn offsets(&mut self, _: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        pending().await
    }
}

impl Listener for Nobody {
    fn accepted(&self, _: u64) {}
    fn durable(&self, _: u64) {}
    fn committed(&self, _: u64, _: u64, _: Duration) {}
    fn retried(&self, _session: usize, _error: &Error) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    fn recovered(&self, _session: usize) {}

    fn connected(&self, _session: usize, _open: bool) {}
    fn over(&self, _: bool) {}
    fn stopping(&self) -> bool {
        self.stopping
    }
}

/// A session with a queue, on a scheduler.
struct Setting {
    executor: Executor,
    queue: Arc<Queue<Rows>>,
    nobody: Arc<Nobody>,
}

fn piece(batch: u64) -> (usize, Piece<Rows>) {
    let row = Row {
        partition: 0,
        offset: batch as i64,
        kind: Kind::Good,
    };
    (
        0,
        Piece::new(batch, Rows(vec![row]), RowNumbers::From(batch), Vec::new()),
    )
}

impl Setting {
    fn new(
        connect: impl Connect<Session: Session<Chunk = Rows>>,
        options: SessionOptions,
        stopping: bool,
    ) -> Self {
        let retries = AtomicU64::new(0);
        let nobody = Arc::new(Nobody { stopping, retries });
        let queue = Arc::new(Queue::new(&options, nobody.clone()));
        let mut executor = Executor::new(Time::default());
        let (own, time) = (queue.clone(), executor.time.clone());
        executor.spawn(0, async move {
            let letters = Letters::new("bets", &OnBadRow::Stop, "".as_ref(), Arc::default());
            let shared = Shared {
                connect: &connect,
                clock: &time,
                queue: own.as_ref(),
                keep: &letters,
                options: &options,
            };
            drive(shared, 0).await;
        });
        Self {
            executor,
            queue,
            nobody,
        }
    }

    /// Runs until the session has ended, or so much time has passed: how much it was.
    fn run(&mut self, most: Duration) -> Duration {
        let mut random = Random::new(1);
        while self.executor.has(0) && self.executor.time.now() < most {
            assert!(self.executor.step(&mut random), "all wait for each other");
        }
        self.executor.time.now()
    }
}

#[track_caller]
fn is_about(time: Duration, seconds: u64) {
    let wanted = Duration::from_secs(seconds);
    assert!(
        time >= wanted && time < wanted + Duration::from_millis(300),
        "{time:?}"
    );
}

#[test]
fn a_dead_server_is_waited_for_ten_seconds_once_the_run_is_to_end() {
    for (refuses, causes) in [
        (false, ""),
        (true, "\n  caused by: connecting\n  caused by: refused"),
    ] {
        let mut setting = Setting::new(Gone { refuses }, SessionOptions::default(), true);
        setting.queue.put(0, vec![piece(0)]);
        setting.queue.close(1).unwrap();
        is_about(setting.run(Duration::from_secs(3600)), 10);
        let error = setting.queue.failure().unwrap().to_string();
        let what = "error: the server took nothing for 10 s after the run was to end";
        assert_eq!(error, format!("{what}{causes}"));
    }
}

#[test]
fn an_endless_run_waits_as_long_as_it_takes() {
    let mut setting = Setting::new(Gone { refuses: true }, SessionOptions::default(), false);
    setting.queue.put(0, vec![piece(0)]);
    is_about(setting.run(Duration::from_secs(3600)), 3600);
    assert!(setting.queue.failure().is_none());
    let retries = setting.nobody.retries.load(Ordering::Relaxed);
    assert!(
        (720..1600).contains(&retries),
        "{retries} tries, at most 5 s apart"
    );
    // Whoever aborts it does not wait.
    setting.queue.abort();
    let now = setting.executor.time.now();
    assert!(setting.run(Duration::MAX) <= now + Duration::from_secs(1));
}

#[test]
fn a_stall_timeout_ends_it() {
    let options = SessionOptions {
        stall_timeout: Some(Duration::from_secs(60)),
        ..SessionOptions::default()
    };
    let mut setting = Setting::new(Gone { refuses: false }, options, false);
    setting.queue.put(0, vec![piece(0)]);
    is_about(setting.run(Duration::from_secs(3600)), 60);
    assert_eq!(
        setting.queue.failure().unwrap().to_string(),
        "error: the server took nothing for 60.00 s\n  hint: see `stall_timeout` under `run:`"
    );
}

#[test]
fn a_server_that_falls_silent_while_there_is_nothing_for_it_is_noticed() {
    let connect = |_| async { Ok(Mute) };
    let mut setting = Setting::new(connect, SessionOptions::default(), false);
    // It is asked after 2 s, and has 10 s to answer.
    setting.run(Duration::from_secs(11));
    assert_eq!(setting.nobody.retries.load(Ordering::Relaxed), 0);
    setting.run(Duration::from_secs(13));
    assert_eq!(setting.nobody.retries.load(Ordering::Relaxed), 1);
    // What comes meanwhile is taken, and whoever ends it does not wait.
    setting.queue.put(0, vec![piece(0)]);
    setting.run(Duration::from_secs(40));
    assert!(setting.queue.failure().is_none());
    setting.queue.abort();
    let now = setting.executor.time.now();
    assert!(setting.run(Duration::MAX) <= now + Duration::from_secs(1));
}

#[test]
fn where_there_is_nothing_to_commit_nothing_stalls() {
    let options = SessionOptions {
        stall_timeout: Some(Duration::from_secs(5)),
        ..SessionOptions::default()
    };
    let mut setting = Setting::new(|_| async { Ok(Mute) }, options, false);
    setting.run(Duration::from_secs(60));
    assert!(setting.queue.failure().is_none());
    assert!(setting.nobody.retries.load(Ordering::Relaxed) > 1);
}

#[test]
fn what_comes_within_the_linger_shares_a_transaction() {
    for (linger, expected) in [(0, 3), (25, 1)] {
        let commits = Arc::new(AtomicU64::new(0));
        let own = commits.clone();
        let connect = move |_| {
            let own = own.clone();
            async move { Ok(Fast(own)) }
        };
        let options = SessionOptions {
            linger: Duration::from_millis(linger),
            ..SessionOptions::default()
        };
        let mut setting = Setting::new(connect, options, false);
        let (queue, time) = (setting.queue.clone(), setting.executor.time.clone());
        setting.executor.spawn(1, async move {
            for batch in 0..3 {
                queue.put(batch, vec![piece(batch)]);
                time.sleep(Duration::from_millis(10)).await;
                pause().await;
            }
            queue.close(3).unwrap();
        });
        setting.run(Duration::from_secs(1));
        assert_eq!(commits.load(Ordering::Relaxed), expected);
    }
}
