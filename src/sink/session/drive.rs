//! A session's work: it takes what waits for it, commits it, and makes it again until it is done.

use std::time::Duration;

use super::attempt::Trouble;
use super::clock::{Clock, First, first};
use super::letters::Keep;
use super::patience::{End, Patience};
use super::queue::Queue;
use super::size::Size;
use super::transaction::Transaction;
use super::{Connect, Failure, Session, SessionOptions};
use crate::client::backoff::Backoff;
use crate::error::Error;

/// How often a server is asked whether it is there while there is nothing for it.
// A choice, as are the two below; nothing was measured.
const IDLE: Duration = Duration::from_secs(2);

/// How often is looked meanwhile whether there will be anything at all: nobody wakes a session when a run is
/// to end.
const LOOK: Duration = Duration::from_millis(100);

/// A server that is there has answered by then.
// Not `stall_timeout`, which may be shorter, or `never`. Before there was a limit of its own, a
// server that let the sink in and then said nothing was waited for without end.
const ANSWER: Duration = Duration::from_secs(10);

/// What is said of one that has not.
pub(super) const SILENT: &str = "the server does not answer";

/// What the sessions of a connection send.
pub(super) type ChunkOf<C> = <<C as Connect>::Session as Session>::Chunk;

/// What a session works with.
pub(super) struct Shared<'a, C: Connect, K> {
    pub(super) connect: &'a C,
    pub(super) clock: &'a K,
    pub(super) queue: &'a Queue<ChunkOf<C>>,
    pub(super) keep: &'a dyn Keep,
    pub(super) options: &'a SessionOptions,
}

/// One session at work.
pub(super) struct Driver<'a, C: Connect, K> {
    pub(super) shared: &'a Shared<'a, C, K>,
    pub(super) number: usize,
    pub(super) session: Option<C::Session>,
    pub(super) patience: Patience<'a, ChunkOf<C>, K>,
    backoff: Backoff,
    spent: Spent,
}

/// Where the time of a session went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spent {
    /// To its server.
    pub(super) busy: Duration,
    /// To waiting for rows.
    pub(super) waited: Duration,
}

/// Works as session `number` until all is committed, or one of the sessions has failed.
pub(super) async fn drive<C: Connect, K: Clock>(shared: Shared<'_, C, K>, number: usize) -> Spent {
    let options = shared.options;
    // A seed of its own for each session: with one for all they would come back at the same moment
    // to a server that they lost together.
    let seed = options.seed.wrapping_add(number as u64);
    let mut driver = Driver {
        shared: &shared,
        number,
        session: None,
        patience: Patience::new(shared.clock, shared.queue, number, options.stall_timeout),
        backoff: Backoff::new(seed),
        spent: Spent::default(),
    };
    if let Err(End::Failed(error)) = driver.run().await {
        shared.queue.fail(error);
    }
    driver.disconnect();
    driver.spent
}

impl<C: Connect, K: Clock> Driver<'_, C, K> {
    async fn run(&mut self) -> Result<(), End> {
        let (queue, clock) = (self.shared.queue, self.shared.clock);
        let mut since = clock.now();
        while self.ready().await? {
            self.linger().await?;
            let begun = clock.now();
            self.spent.waited += begun.saturating_sub(since);
            let mut transaction = Transaction::new(queue.take(self.number));
            // From here on there is something to commit; until then the server could not be late.
            self.patience.restart();
            let committed = self.commit(&mut transaction).await;
            since = clock.now();
            self.spent.busy += since.saturating_sub(begun);
            committed?;
            let service = since.saturating_sub(begun);
            queue.listener().transacted(transaction.begins(), service);
            // Last of all. Once the queue knows, the source may commit its offsets past these rows,
            // and a killed program would not read them again.
            queue.safe(transaction.parts());
        }
        Ok(())
    }

    /// Waits for rows; false once there will be none. A server is asked now and then meanwhile: that it
    /// is away is known before there is something for it.
    async fn ready(&mut self) -> Result<bool, End> {
        let (queue, clock) = (self.shared.queue, self.shared.clock);
        let mut asked = clock.now();
        loop {
            match first(queue.ready(self.number), clock.sleep(LOOK)).await {
                First::One(ready) => return Ok(ready?),
                First::Other(()) if clock.now().saturating_sub(asked) < IDLE => {}
                First::Other(()) => {
                    self.look().await?;
                    asked = clock.now();
                }
            }
        }
    }

    /// Whether the server is there.
    async fn look(&mut self) -> Result<(), End> {
        // An idle session has nothing that could be late. Without this line a silent server failed
        // a sink that had nothing to commit, where `stall_timeout` was shorter than `ANSWER`.
        self.patience.restart();
        match self.ask().await {
            Err(Trouble::End(End::Over)) => return Err(End::Over),
            Ok(()) => self.recovered(),
            // The next look, or the next rows, are the next try: nothing waits that could stall.
            Err(
                Trouble::End(End::Failed(error))
                | Trouble::Failure(Failure::Again(error) | Failure::Unknown(error)),
            ) => {
                self.retry(&error);
            }
            // What it refuses is found out with rows.
            Err(_) => {}
        }
        Ok(())
    }

    /// Has the server answer to what costs it nothing.
    async fn ask(&mut self) -> Result<(), Trouble> {
        self.connected().await?;
        let Some(session) = &mut self.session else {
            return Err(Trouble::Restart);
        };
        // The offsets of no partition: the least that every driver can be asked for.
        let answer = first(session.offsets(&[]), self.shared.clock.sleep(ANSWER));
        let answered = match self.patience.wait(answer).await? {
            First::One(answered) => answered.map(drop),
            First::Other(()) => Err(Failure::Again(Error::run(SILENT))),
        };
        answered.map_err(Trouble::Failure)
    }

    fn recovered(&mut self) {
        if self.backoff.tries() > 0 {
            tracing::info!(session = self.number, "the server answers again");
            self.backoff.reset();
            self.shared.queue.listener().recovered(self.number);
        }
    }

    fn disconnect(&mut self) {
        self.session = None;
        self.shared.queue.listener().connected(self.number, false);
    }

    /// Waits for `linger`, so that more rows can share the transaction.
    async fn linger(&self) -> Result<(), End> {
        let linger = self.shared.options.linger;
        if linger.is_zero() {
            return Ok(());
        }
        let full = self.shared.queue.full(self.number);
        match first(full, self.shared.clock.sleep(linger)).await {
            First::One(full) => Ok(full?),
            First::Other(()) => Ok(()),
        }
    }

    /// Commits a transaction, as often as that takes.
    async fn commit(&mut self, transaction: &mut Transaction<ChunkOf<C>>) -> Result<(), End> {
        loop {
            // Also drops rows of partitions that were given to another consumer since the last
            // attempt. What is left may be nothing.
            transaction.restart();
            if transaction.is_settled() {
                break;
            }
            let begun = self.shared.clock.now();
            match self.attempt(transaction).await {
                Ok(commit) => {
                    let took = self.shared.clock.now().saturating_sub(begun);
                    let rows = transaction.size().0 as usize;
                    let queue = self.shared.queue;
                    queue.learn(self.number, |size| size.committed(rows, took, commit));
                    break;
                }
                Err(Trouble::End(end)) => return Err(end),
                Err(Trouble::Restart) => self.undo(transaction).await?,
                Err(Trouble::Failure(failure)) => self.face(failure, transaction).await?,
            }
        }
        self.recovered();
        Ok(())
    }

    /// What an attempt has left at the server is undone.
    async fn undo(&mut self, transaction: &Transaction<ChunkOf<C>>) -> Result<(), End> {
        // Nothing was sent, so that the connection can stay.
        if !transaction.begun {
            return Ok(());
        }
        if let Some(session) = &mut self.session
            && !self.patience.wait(session.roll_back()).await?
        {
            self.disconnect();
        }
        Ok(())
    }

    /// Finds out what a failure asks for.
    async fn face(
        &mut self,
        failure: Failure,
        transaction: &mut Transaction<ChunkOf<C>>,
    ) -> Result<(), End> {
        match failure {
            Failure::Again(error) => self.again(error).await,
            Failure::Unknown(error) => {
                // The server may have committed, or may do so later. The next attempt asks its
                // table of offsets before it sends a row, so that no row is there twice.
                (transaction.in_doubt, transaction.asked) = (true, true);
                self.again(error).await
            }
            Failure::Fenced(partitions) => {
                self.undo(transaction).await?;
                if !transaction.has(&partitions) {
                    return Err(End::Failed(Error::run(
                        "a session gave up partitions that it does not write, which is a bug of rowgen",
                    )));
                }
                // Of a table that is made, an earlier commit may have moved the offsets: this
                // session's own, whose answer was lost, or the last one of a killed run. Then the
                // rows are the same, and the sink is asked first.
                transaction.in_doubt |= transaction.is_made();
                match transaction.in_doubt {
                    true => transaction.fenced = partitions,
                    false => self.fence(transaction, &partitions)?,
                }
                Ok(())
            }
            Failure::Stop(error) => {
                self.undo(transaction).await?;
                match self.is_elsewhere(transaction).await {
                    // What is wrong may be that another run has done these rows.
                    Ok(true) => {
                        transaction.look_again();
                        Ok(())
                    }
                    _ => Err(End::Failed(error)),
                }
            }
            Failure::Rows(_) | Failure::Refused(_) => Err(End::Failed(Error::run(
                "a session refused rows when it committed, which it has to do before",
            ))),
        }
    }

    /// Somebody else writes these partitions: they are given up.
    pub(super) fn fence(
        &self,
        transaction: &mut Transaction<ChunkOf<C>>,
        partitions: &[i32],
    ) -> Result<(), End> {
        // Rows of a table that is made are the same whoever writes them. If the offsets still do
        // not fit after the sink was asked, it has been loaded with other batches or sessions, and
        // nobody knows which rows are missing.
        if transaction.is_made() {
            return Err(End::Failed(
                Error::run("the sink has other rows of the table than this run makes")
                    .hint("a load goes on with the batches and sessions that it began with"),
            ));
        }
        tracing::warn!(?partitions, "another writer has taken over");
        transaction.fence(partitions);
        Ok(())
    }

    /// There will be a new connection; how long is to be waited before.
    fn retry(&mut self, error: &Error) -> Duration {
        self.disconnect();
        self.shared.queue.listener().retried(self.number, error);
        self.backoff.wait()
    }

    /// Waits before it is tried again, on a new connection.
    async fn again(&mut self, error: Error) -> Result<(), End> {
        // All of it is sent again, which costs less where it is smaller.
        self.shared.queue.learn(self.number, Size::lessen);
        let wait = self.retry(&error);
        // The first failure is a warning, those after it are not: a server that is away for an hour
        // would fill the log.
        match self.backoff.tries() {
            1 => tracing::warn!(session = self.number, "{error}; it is tried again"),
            _ => tracing::debug!(session = self.number, ?wait, "{error}"),
        }
        self.patience.note(error);
        self.patience.sleep(wait).await
    }
}
