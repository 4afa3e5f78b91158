//! How long a server is waited for.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::time::Duration;

use super::Part;
use super::clock::{Clock, First, first};
use super::queue::Queue;
use crate::error::{Error, Problem};
use crate::units::show_duration;

/// A server that does not answer is waited for so long once the run is to end.
// A choice: a run that somebody ends is not to wait for `stall_timeout`, which may be `never`.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How often it is looked meanwhile whether the run is to end, or time is up.
const LOOK: Duration = Duration::from_millis(100);

/// A session's view of the time that passes.
pub(super) struct Patience<'a, C, K> {
    clock: &'a K,
    queue: &'a Queue<C>,
    session: usize,
    stall_timeout: Option<Duration>,
    /// Since when there is something to commit and nothing was committed.
    since: Cell<Duration>,
    /// Since when the run is to end.
    stopping: Cell<Option<Duration>>,
    /// What went wrong last.
    trouble: RefCell<Option<Error>>,
}

/// Why a session ends.
#[derive(Debug)]
pub(super) enum End {
    /// It cannot go on.
    Failed(Error),
    /// Nobody wants it to.
    Over,
}

impl<'a, C: Part, K: Clock> Patience<'a, C, K> {
    pub(super) fn new(
        clock: &'a K,
        queue: &'a Queue<C>,
        session: usize,
        stall_timeout: Option<Duration>,
    ) -> Self {
        Self {
            clock,
            queue,
            session,
            stall_timeout,
            since: Cell::new(clock.now()),
            stopping: Cell::new(None),
            trouble: RefCell::new(None),
        }
    }

    /// There is something to commit, or something was committed.
    pub(super) fn restart(&self) {
        self.since.set(self.clock.now());
        self.trouble.replace(None);
    }

    /// Something went wrong: it is the cause if patience ends.
    pub(super) fn note(&self, error: Error) {
        self.trouble.replace(Some(error));
    }

    /// Waits for the server to do something.
    pub(super) async fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, End> {
        match first(what, self.ends()).await {
            First::One(done) => Ok(done),
            First::Other(end) => Err(end),
        }
    }

    /// Waits some time.
    pub(super) async fn sleep(&self, time: Duration) -> Result<(), End> {
        self.wait(self.clock.sleep(time)).await
    }

    async fn ends(&self) -> End {
        loop {
            // Looked at by the clock, because nobody wakes a session when a run is told to end.
            if let Some(error) = self.too_long() {
                return End::Failed(error);
            }
            if let First::One(_) =
                first(self.queue.over(self.session), self.clock.sleep(LOOK)).await
            {
                return End::Over;
            }
        }
    }

    fn too_long(&self) -> Option<Error> {
        let (now, since) = (self.clock.now(), self.since.get());
        if self.queue.listener().stopping() {
            let stopping = self.stopping.get().unwrap_or(now);
            self.stopping.set(Some(stopping));
            // From the later of the two moments: a server that still commits in time is not dead.
            if now.saturating_sub(stopping.max(since)) >= LAST_WORDS {
                let seconds = LAST_WORDS.as_secs();
                return Some(self.error(format!(
                    "the server took nothing for {seconds} s after the run was to end"
                )));
            }
        }
        let stall = self.stall_timeout?;
        (now.saturating_sub(since) >= stall).then(|| {
            self.error(format!(
                "the server took nothing for {}",
                show_duration(stall)
            ))
            .hint("see `stall_timeout` under `run:`")
        })
    }

    fn error(&self, what: String) -> Error {
        let mut problem = Problem::new(what);
        if let Some(trouble) = self.trouble.borrow().as_ref() {
            let causes = trouble.problems.iter();
            for one in causes {
                // "The server took nothing" helps nobody who does not read what it said last.
                problem = problem.cause(&one.message);
                problem.causes.extend(one.causes.iter().cloned());
            }
        }
        Error::run(problem)
    }
}
