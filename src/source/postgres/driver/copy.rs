//! A binary COPY that sends rows.

use std::cell::Cell;
use std::pin::Pin;

use futures_util::StreamExt;
use tokio_postgres::{CopyOutStream, Error as Refusal};

use super::Reading;
use super::session::{Held, Snapshot};
use super::split::{Splitter, UndecodedRows};
use crate::error::{Error, Result};
use crate::source::sequence::{Reads, Stretch};

/// A COPY, and what came of it.
pub(super) struct Copy {
    stream: Pin<Box<CopyOutStream>>,
    splitter: Splitter,
    /// It has sent everything.
    ended: bool,
}

/// A COPY of all rows, on a connection of its own.
pub(super) struct Sent {
    held: Option<Held>,
    copy: Copy,
}

/// Whoever reads all rows, by such a `SELECT` of `width` expressions.
pub(super) struct Whole<'r> {
    pub(super) snapshot: &'r Snapshot,
    pub(super) select: &'r str,
    pub(super) width: usize,
    pub(super) reading: Reading<'r>,
}

impl Copy {
    /// Begins to send what a `SELECT` gives, rows of `width` fields.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn begin(
        held: &Held,
        select: &str,
        width: usize,
        reading: Reading<'_>,
    ) -> Result<Self> {
        // A COPY comes in messages of bytes, which are cut where they lie. Of a `SELECT` the driver
        // would make an object for each row.
        let statement = format!("COPY ({select}) TO STDOUT (FORMAT binary)");
        let begun = held.client.copy_out(&statement);
        let stream = reading.read(None, begun).await?;
        Ok(Self {
            stream: Box::pin(stream),
            splitter: Splitter::new(width),
            ended: false,
        })
    }

    /// The next rows: so many, or as many as there are.
    ///
    /// # Errors
    /// What the server says.
    pub(super) async fn rows(
        &mut self,
        most: usize,
        reading: Reading<'_>,
    ) -> Result<UndecodedRows> {
        let moved = Cell::new(0);
        let filled = reading.read(Some(&moved), self.fill(most, &moved));
        filled.await?.map_err(|what| reading.broken(what))?;
        Ok(self.splitter.take(self.splitter.rows().min(most)))
    }

    async fn fill(
        &mut self,
        most: usize,
        moved: &Cell<u64>,
    ) -> Result<Result<(), String>, Refusal> {
        while !self.ended && self.splitter.rows() < most {
            moved.set(moved.get() + 1);
            match self.stream.next().await.transpose()? {
                Some(message) => {
                    if let Err(what) = self.splitter.push(&message) {
                        return Ok(Err(what));
                    }
                }
                None if self.splitter.has_ended() => self.ended = true,
                None => return Ok(Err("the rows have no end".into())),
            }
        }
        Ok(Ok(()))
    }
}

impl Reads for Whole<'_> {
    type Cursor = Sent;
    type Rows = UndecodedRows;

    async fn begin(&self) -> Result<Sent> {
        let held = self.snapshot.reader(&self.reading.patience).await?;
        let copy = Copy::begin(&held, self.select, self.width, self.reading).await?;
        let held = Some(held);
        Ok(Sent { held, copy })
    }

    async fn next(&self, sent: &mut Sent, rows: usize) -> Result<UndecodedRows> {
        sent.copy.rows(rows, self.reading).await
    }

    fn differs(&self, found: u64, counted: u64) -> Error {
        self.reading.differs(found, counted)
    }
}

/// A connection on which rows are still to come is of no use.
impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(held) = self.held.take().filter(|_| !self.copy.ended) {
            held.abandon();
        }
    }
}

impl Stretch for UndecodedRows {
    fn len(&self) -> usize {
        self.len()
    }

    fn behind(&mut self, rows: usize) -> Self {
        self.behind(rows)
    }
}
