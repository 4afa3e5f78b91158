//! A binary COPY that sends rows.

use std::cell::Cell;
use std::pin::Pin;

use futures_util::StreamExt;
use tokio_postgres::{CopyOutStream, Error as Refusal};

use super::relation::Relation;
use super::session::{Held, patient};
use super::split::{Rows, Splitter};
use crate::client::postgres::Patience;
use crate::error::{Error, Result};

/// A COPY, and what came of it.
pub(super) struct Copy {
    stream: Pin<Box<CopyOutStream>>,
    splitter: Splitter,
    /// It has sent everything.
    ended: bool,
}

/// Whoever reads.
#[derive(Clone, Copy)]
pub(super) struct Reading<'r> {
    pub(super) patience: Patience<'r>,
    pub(super) relation: &'r Relation,
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
        let statement = format!("COPY ({select}) TO STDOUT (FORMAT binary)");
        let begun = held.client.copy_out(&statement);
        let stream = patient(&reading.patience, &reading.doing(), None, begun).await?;
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
    pub(super) async fn rows(&mut self, most: usize, reading: Reading<'_>) -> Result<Rows> {
        let moved = Cell::new(0);
        let doing = reading.doing();
        let filled = patient(
            &reading.patience,
            &doing,
            Some(&moved),
            self.fill(most, &moved),
        );
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

impl Reading<'_> {
    /// What is being done.
    pub(super) fn doing(&self) -> String {
        format!("reading {}", self.relation)
    }

    /// What the server sends makes no sense.
    pub(super) fn broken(&self, what: impl std::fmt::Display) -> Error {
        Error::because(
            format!("{} in {}", self.doing(), self.patience.database.name()),
            what,
        )
    }

    /// Rows that are counted are not there, or others are.
    pub(super) fn differs(&self, found: u64, counted: u64) -> Error {
        let what = format!("it has {found} rows, and had {counted} when they were counted");
        self.broken(what).hint(
            "it has to give the same rows each time: without `random()`, `limit` and the like",
        )
    }
}
