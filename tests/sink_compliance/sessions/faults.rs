//! A session in front of another one that breaks when it is told to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use rowgen::batch::Span;
use rowgen::error::Error;
use rowgen::sink::session::{Connect, Failure, Session};

/// What a session is asked to do, and how often something was asked before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Connect(u64),
    Put(u64),
    Commit(u64),
}

/// What goes wrong then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is not done, and the session says so.
    Refused,
    /// The connection breaks before it is done, and nobody knows.
    Lost,
    /// It is done, and then the connection breaks.
    AnswerLost,
    /// The session panics.
    Panic,
}

/// When something goes wrong.
pub type Faults = Arc<dyn Fn(Asked) -> Option<Fault> + Send + Sync>;

/// Nothing goes wrong.
pub fn none() -> Faults {
    Arc::new(|_| None)
}

/// One thing goes wrong.
pub fn at(when: Asked, fault: Fault) -> Faults {
    Arc::new(move |asked| (asked == when).then_some(fault))
}

/// Something goes wrong one time in twelve, the same things in the same order for the same seed.
pub fn by_chance(seed: u64) -> Faults {
    let state = Mutex::new(seed);
    Arc::new(move |_| {
        let mut state = state.lock().unwrap();
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        match (*state >> 33) % 36 {
            0 => Some(Fault::Refused),
            1 => Some(Fault::Lost),
            2 => Some(Fault::AnswerLost),
            _ => None,
        }
    })
}

/// Sessions of another connection, with faults.
pub struct Faulty<C> {
    inner: C,
    faults: Faults,
    counts: Arc<[AtomicU64; 3]>,
}

pub struct FaultySession<S> {
    inner: Option<S>,
    faults: Faults,
    counts: Arc<[AtomicU64; 3]>,
}

impl<C> Faulty<C> {
    pub fn new(inner: C, faults: &Faults) -> Self {
        Self {
            inner,
            faults: faults.clone(),
            counts: Arc::default(),
        }
    }
}

fn broken() -> Error {
    Error::run("the connection broke")
}

fn ask(faults: &Faults, count: &AtomicU64, asked: fn(u64) -> Asked) -> Option<Fault> {
    let fault = faults(asked(count.fetch_add(1, Ordering::Relaxed)));
    assert_ne!(fault, Some(Fault::Panic), "as asked");
    fault
}

impl<C: Connect> Connect for Faulty<C> {
    type Session = FaultySession<C::Session>;

    async fn connect(&self, number: usize) -> Result<Self::Session, Failure> {
        if ask(&self.faults, &self.counts[0], Asked::Connect).is_some() {
            return Err(Failure::Again(broken()));
        }
        Ok(FaultySession {
            inner: Some(self.inner.connect(number).await?),
            faults: self.faults.clone(),
            counts: self.counts.clone(),
        })
    }
}

impl<S: Session> FaultySession<S> {
    fn inner(&mut self) -> Result<&mut S, Failure> {
        self.inner.as_mut().ok_or_else(|| Failure::Again(broken()))
    }
}

impl<S: Session> Session for FaultySession<S> {
    type Chunk = S::Chunk;
    const SAVEPOINTS: bool = S::SAVEPOINTS;

    async fn put(&mut self, chunks: &[S::Chunk]) -> Result<(), Failure> {
        match ask(&self.faults, &self.counts[1], Asked::Put) {
            None => self.inner()?.put(chunks).await,
            Some(_) => {
                self.inner = None;
                Err(Failure::Again(broken()))
            }
        }
    }

    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        match ask(&self.faults, &self.counts[2], Asked::Commit) {
            None => return self.inner()?.commit(origin).await,
            Some(Fault::Refused) => {
                self.inner = None;
                return Err(Failure::Again(broken()));
            }
            Some(Fault::AnswerLost) => self.inner()?.commit(origin).await?,
            Some(_) => {}
        }
        self.inner = None;
        Err(Failure::Unknown(broken()))
    }

    async fn roll_back(&mut self) -> bool {
        match &mut self.inner {
            Some(inner) => inner.roll_back().await,
            None => false,
        }
    }

    async fn offsets(&mut self, partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        self.inner()?.offsets(partitions).await
    }
}
