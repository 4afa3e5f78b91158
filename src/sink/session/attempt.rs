//! One attempt at a transaction.

use std::time::Duration;

use super::clock::Clock;
use super::drive::{ChunkOf, Driver};
use super::patience::End;
use super::piece::Piece;
use super::queue::Over;
use super::transaction::Transaction;
use super::{Connect, Failure, OnBadRow, Part, Session};
use crate::batch::Span;
use crate::error::Error;

/// How long a session whose row ends the run waits for other sessions, whose rows come before it.
// No measurement is behind the five seconds. Once they are over, the refused row is told though a
// row before it may be wrong, too.
const OTHERS: Duration = Duration::from_secs(5);

/// How often it looks meanwhile whether they are done.
const LOOK: Duration = Duration::from_millis(10);

/// Why an attempt did not succeed.
pub(super) enum Trouble {
    /// The session says so.
    Failure(Failure),
    /// What is wanted has changed.
    Restart,
    /// There will be no other one.
    End(End),
}

impl<C: Connect, K: Clock> Driver<'_, C, K> {
    /// Puts all rows of a transaction and commits them; how long the commit took.
    pub(super) async fn attempt(
        &mut self,
        transaction: &mut Transaction<ChunkOf<C>>,
    ) -> Result<Duration, Trouble> {
        self.connected().await?;
        if transaction.in_doubt {
            self.resolve(transaction).await?;
        }
        // Before anything is sent: only what has begun is undone at the server.
        transaction.begun = true;
        self.put_together(transaction).await?;
        // Mostly nothing is left to put here. Rows go piece by piece only where the server refused
        // them without naming one: then ranges are halved until the wrong rows are found.
        for index in 0..transaction.pieces().len() {
            if self.is_stopped(transaction.pieces()) {
                break;
            }
            self.put(&mut transaction.pieces()[index]).await?;
            if self.stops() {
                transaction.only_before_bad();
            }
        }
        let refused = transaction.first_bad();
        if refused.is_some() && self.is_elsewhere(transaction).await? {
            // A row that is there already is refused like a wrong one. Another run of this load
            // that has moved the offsets on has written these rows, and none of them is bad.
            transaction.look_again();
            return Err(Trouble::Restart);
        }
        let letters = transaction.new_letters();
        // On the disk before the commit that passes over them: a program that is killed between the
        // two writes the letters again, in the other order it would have lost the rows without a
        // word.
        if let Err(error) = self.shared.keep.keep(&letters) {
            self.after_others(refused).await?;
            return Err(error.into());
        }
        // A partition may have been given to another consumer while its rows were put. To commit
        // its offsets now would take those rows from that consumer.
        if transaction.has_ended_turns() {
            return Err(Trouble::Restart);
        }
        self.commit_once(transaction).await
    }

    /// True where the first row that is refused ends the run: no other one is looked for.
    fn stops(&self) -> bool {
        self.shared.options.bad_rows == OnBadRow::Stop
    }

    /// True of changes of which one was refused: those behind it may need it, and would be refused for
    /// another reason.
    fn is_stopped(&self, pieces: &[Piece<ChunkOf<C>>]) -> bool {
        let stops = self.stops() && self.shared.options.applied.is_some();
        stops && pieces.iter().any(|piece| piece.narrow.has_new())
    }

    /// True if the partitions of a table that is made are not where this transaction begins: another run of
    /// the load was here, while this one stood still.
    pub(super) async fn is_elsewhere(
        &mut self,
        transaction: &Transaction<ChunkOf<C>>,
    ) -> Result<bool, Trouble> {
        if !transaction.is_made() || !self.shared.options.keeps_offsets {
            return Ok(false);
        }
        let origin = transaction.origin()?;
        let partitions: Vec<i32> = origin.iter().map(|span| span.partition).collect();
        let Some(session) = &mut self.session else {
            return Err(Trouble::Restart);
        };
        let asked = self.patience.wait(session.offsets(&partitions)).await?;
        let next = asked.map_err(without_doubt)?.unwrap_or_default();
        let elsewhere = |span: &Span| {
            let next = next.get(&span.partition);
            next.is_some_and(|next| *next != span.from)
        };
        Ok(origin.iter().any(elsewhere))
    }

    /// A row ends the run: those of batches before its own come first, which may have one, too. Changes wait
    /// for each other.
    async fn after_others(&self, batch: Option<u64>) -> Result<(), End> {
        let (queue, clock) = (self.shared.queue, self.shared.clock);
        let batch = batch.filter(|_| self.stops() && self.shared.options.applied.is_none());
        let since = clock.now();
        while batch.is_some_and(|batch| queue.durable() < batch)
            && clock.now().saturating_sub(since) < OTHERS
        {
            self.patience.sleep(LOOK).await?;
        }
        Ok(())
    }

    pub(super) async fn connected(&mut self) -> Result<&mut C::Session, Trouble> {
        if self.session.is_none() {
            let connecting = self.shared.connect.connect(self.number);
            let made = self.patience.wait(connecting).await?;
            self.session = Some(made.map_err(without_doubt)?);
            self.shared.queue.listener().connected(self.number, true);
        }
        self.session.as_mut().ok_or(Trouble::Restart)
    }

    /// Asks what became of a commit whose answer was lost.
    async fn resolve(&mut self, transaction: &mut Transaction<ChunkOf<C>>) -> Result<(), Trouble> {
        let origin = transaction.origin()?;
        let partitions: Vec<i32> = origin.iter().map(|span| span.partition).collect();
        let (rows, bytes) = transaction.size();
        let Some(session) = &mut self.session else {
            return Err(Trouble::Restart);
        };
        let asked = self.patience.wait(session.offsets(&partitions)).await?;
        let mut fenced = std::mem::take(&mut transaction.fenced);
        match asked.map_err(without_doubt)? {
            Some(next) => fenced.extend(transaction.resolve(&next)?),
            // A sink that keeps no offsets cannot say what became of the commit. It is made again,
            // and the rows may be there twice.
            None => transaction.in_doubt = false,
        }
        let left = transaction.size();
        let listener = self.shared.queue.listener();
        // Counted only where it was this run's own commit. What another run has written is left out
        // of this run's report.
        if rows > left.0 && transaction.asked {
            listener.committed(rows - left.0, bytes - left.1, Duration::ZERO);
        }
        // Spans that begin elsewhere now were cut to where the sink is. A partition that was fenced
        // is given up only if what is left of it begins where it did before.
        let left = transaction.origin()?;
        let stays = |span: &Span| {
            let mut origin = origin.iter();
            origin.any(|before| before.is_of(span) && before.from == span.from)
        };
        fenced.retain(|one| {
            left.iter()
                .any(|span| span.partition == *one && stays(span))
        });
        match fenced.is_empty() && !transaction.is_settled() {
            true => Ok(()),
            // Nothing was put since the last restart.
            false if fenced.is_empty() => Err(Trouble::Restart),
            false => {
                self.fence(transaction, &fenced)?;
                Err(Trouble::Restart)
            }
        }
    }

    /// Puts all rows at once, as long as the server names those that it does not take: an answer for each
    /// piece would take longer than the rows where the server is far away.
    async fn put_together(
        &mut self,
        transaction: &mut Transaction<ChunkOf<C>>,
    ) -> Result<(), Trouble> {
        // Measured at a server 12 ms away, with a COPY for each piece: a transaction of eight
        // pieces waited 100 ms for answers alone.
        while let Some(together) = transaction.together() {
            if self.is_stopped(transaction.pieces()) {
                break;
            }
            let Some(session) = &mut self.session else {
                return Err(Trouble::Restart);
            };
            let chunks = transaction.chunks(&together);
            match self.patience.wait(session.put(&chunks)).await? {
                Ok(()) => {
                    transaction.took_all();
                    return Ok(());
                }
                Err(Failure::Rows(rows)) => transaction.refused(&together, &rows, "refused"),
                Err(Failure::Refused(reason)) => transaction.refused(&together, &[], &reason),
                Err(failure) => return Err(without_doubt(failure)),
            }
            if self.stops() {
                transaction.only_before_bad();
            }
            // Without savepoints the refusal has undone the rows before it, too.
            if !C::Session::SAVEPOINTS {
                return Err(Trouble::Restart);
            }
        }
        Ok(())
    }

    /// Puts the rows of a piece, and finds those that the server does not take.
    async fn put(&mut self, piece: &mut Piece<ChunkOf<C>>) -> Result<(), Trouble> {
        let stops = self.stops();
        while let Some(rows) = piece.narrow.next() {
            if self.is_stopped(std::slice::from_ref(piece)) {
                break;
            }
            let Some(session) = &mut self.session else {
                return Err(Trouble::Restart);
            };
            // A slice and no copy; halving a refused range costs answers of the server, not memory.
            let chunk = [piece.chunk().part(rows)];
            match self.patience.wait(session.put(&chunk)).await? {
                Ok(()) => {
                    piece.narrow.took();
                    continue;
                }
                Err(Failure::Rows(rows)) => piece.narrow.refused_rows(rows),
                Err(Failure::Refused(reason)) => piece.narrow.refused(&reason),
                Err(failure) => return Err(without_doubt(failure)),
            }
            if stops {
                piece.narrow.only_before_bad();
            }
            if !C::Session::SAVEPOINTS {
                return Err(Trouble::Restart);
            }
        }
        Ok(())
    }

    async fn commit_once(
        &mut self,
        transaction: &mut Transaction<ChunkOf<C>>,
    ) -> Result<Duration, Trouble> {
        let origin = transaction.origin()?;
        let (rows, bytes) = transaction.size();
        let session = self.session.as_mut().ok_or(Trouble::Restart)?;
        let asked = self.shared.clock.now();
        let committed = self.patience.wait(session.commit(&origin)).await?;
        // Here a lost answer stays `Unknown`: the server may have committed. Only the attempt after
        // this one can ask.
        committed.map_err(Trouble::Failure)?;
        // The time of the commit alone. Its share of the whole attempt says whether larger
        // transactions would help (`size`).
        let took = self.shared.clock.now().saturating_sub(asked);
        self.shared.queue.listener().committed(rows, bytes, took);
        Ok(took)
    }
}

/// Before a commit there is no doubt: what was put is undone with its connection.
fn without_doubt(failure: Failure) -> Trouble {
    Trouble::Failure(match failure {
        Failure::Unknown(error) => Failure::Again(error),
        failure => failure,
    })
}

impl From<End> for Trouble {
    fn from(end: End) -> Self {
        Self::End(end)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::End(End::Failed(error))
    }
}

impl From<Over> for End {
    fn from(_: Over) -> Self {
        Self::Over
    }
}
