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
        transaction.begun = true;
        self.put_together(transaction).await?;
        for index in 0..transaction.pieces().len() {
            if self.is_stopped(transaction.pieces()) {
                break;
            }
            self.put(&mut transaction.pieces()[index]).await?;
        }
        let letters = transaction.new_letters();
        // On the disk before the offsets pass over them.
        self.shared.keep.keep(&letters)?;
        if transaction.has_ended_turns() {
            return Err(Trouble::Restart);
        }
        self.commit_once(transaction).await
    }

    /// True of changes, where the first one that is refused ends the run: those behind it may need it, and
    /// would be refused for another reason.
    fn stops(&self) -> bool {
        let options = self.shared.options;
        options.applied.is_some() && options.bad_rows == OnBadRow::Stop
    }

    fn is_stopped(&self, pieces: &[Piece<ChunkOf<C>>]) -> bool {
        self.stops() && pieces.iter().any(|piece| piece.narrow.has_new())
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
            None => transaction.in_doubt = false,
        }
        let left = transaction.size();
        let listener = self.shared.queue.listener();
        if rows > left.0 {
            listener.committed(rows - left.0, bytes - left.1, Duration::ZERO);
        }
        // What has moved on is where it should be.
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
            if !C::Session::SAVEPOINTS {
                return Err(Trouble::Restart);
            }
        }
        Ok(())
    }

    /// Puts the rows of a piece, and finds those that the server does not take.
    async fn put(&mut self, piece: &mut Piece<ChunkOf<C>>) -> Result<(), Trouble> {
        let stops = self.stops();
        let Some(session) = &mut self.session else {
            return Err(Trouble::Restart);
        };
        while let Some(rows) = piece.narrow.next() {
            if stops && piece.narrow.has_new() {
                break;
            }
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
        committed.map_err(Trouble::Failure)?;
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
