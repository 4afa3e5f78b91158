//! Sessions at work, a thread each.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use super::drive::{Shared, Spent, drive};
use super::letters::Keep;
use super::queue::Queue;
use super::{Connect, Listener, Part, Piece, Session, SessionOptions, Tokio};
use crate::client::runtime::block_on;
use crate::error::{Error, Result};
use crate::report::Finished;
use crate::sync::lock;

/// The sessions of a sink.
pub struct Sessions<P: Part + 'static> {
    queue: Arc<Queue<P>>,
    threads: Mutex<Vec<JoinHandle<Spent>>>,
}

impl<P: Part + 'static> Sessions<P> {
    /// Starts them; each connects when it has something to send.
    ///
    /// # Errors
    /// The system gives no threads.
    pub fn start<C>(
        table: &str,
        connect: &Arc<C>,
        options: &SessionOptions,
        keep: &Arc<dyn Keep>,
        listener: Arc<dyn Listener>,
    ) -> Result<Self>
    where
        C: Connect<Session: Session<Chunk = P>>,
    {
        let sessions = Self {
            queue: Arc::new(Queue::new(options, listener)),
            threads: Mutex::default(),
        };
        sessions.queue.follow();
        for number in 0..options.sessions.max(1) {
            let (queue, keep) = (sessions.queue.clone(), keep.clone());
            let (connect, options) = (connect.clone(), options.clone());
            let work = move || work(number, &queue, connect.as_ref(), &options, keep.as_ref());
            // A thread for each session and not a task: its futures need not be `Send`, and what a
            // driver computes between two answers holds up no other session.
            let thread = std::thread::Builder::new()
                .name(format!("{table} {number}"))
                .spawn(work)
                .map_err(|error| Error::because("starting the thread of a session", error))?;
            lock(&sessions.threads).push(thread);
        }
        Ok(sessions)
    }

    /// The pieces of batch `number`, each with its session; every number from 0 comes once, in any
    /// order, from any thread.
    pub fn put(&self, number: u64, pieces: Vec<(usize, Piece<P>)>) {
        self.queue.put(number, pieces);
    }

    /// The same of a batch whose table goes on with row `behind`: changes of tables that wait for each other.
    pub fn put_before(&self, number: u64, pieces: Vec<(usize, Piece<P>)>, behind: u64) {
        self.queue.put_before(number, pieces, behind);
    }

    /// So many `batches` were put, and no more will come. `finish` says how that ended.
    pub fn close(&self, batches: u64) {
        if let Err(error) = self.queue.close(batches) {
            self.queue.fail(error);
        }
    }

    /// All `batches` were put: waits until everything is committed, or left to the next run where this one
    /// is to end, and says what the busiest session did.
    ///
    /// # Errors
    /// Why that cannot be; what was committed stays.
    pub fn finish(&self, batches: u64) -> Result<Finished> {
        self.close(batches);
        let Spent { busy, waited } = self.join();
        match self.queue.failure() {
            Some(error) => Err(error),
            // Over without a failure of its own: it was aborted because of another sink.
            None if self.queue.is_over() => Err(Error::run("the sink has stopped")),
            None => Ok(Finished {
                busy,
                waited,
                unsent: self.queue.unsent(),
                ..Finished::default()
            }),
        }
    }

    /// They cannot go on, because of what they are to send.
    pub fn fail(&self, error: Error) {
        self.queue.fail(error);
    }

    /// True once nothing more is taken.
    pub fn is_over(&self) -> bool {
        self.queue.is_over()
    }

    /// Stops without committing what is under way.
    pub fn abort(&self) {
        self.queue.abort();
        self.join();
    }

    fn join(&self) -> Spent {
        let threads = std::mem::take(&mut *lock(&self.threads)).into_iter();
        // A panic was told to the queue by `work` already, as the sink's failure.
        let spent = threads.filter_map(|thread| thread.join().ok());
        spent.max().unwrap_or_default()
    }
}

impl<P: Part + 'static> Drop for Sessions<P> {
    fn drop(&mut self) {
        self.abort();
    }
}

/// What the thread of a session does. A panic in it is a failure like any other.
fn work<C: Connect>(
    number: usize,
    queue: &Queue<<C::Session as Session>::Chunk>,
    connect: &C,
    options: &SessionOptions,
    keep: &dyn Keep,
) -> Spent {
    let clock = Tokio::new();
    let driving = || {
        let shared = Shared {
            connect,
            clock: &clock,
            queue,
            keep,
            options,
        };
        block_on(drive(shared, number))
    };
    // Without this a panic would end one thread in silence, and whoever waits for its rows would
    // wait for ever.
    match catch_unwind(AssertUnwindSafe(driving)) {
        Ok(Ok(spent)) => return spent,
        Ok(Err(error)) => queue.fail(error),
        Err(panic) => queue.fail(Error::of_panic("a session", panic.as_ref())),
    }
    Spent::default()
}
