//! Whoever reads rows of a database: waits for them as long as it is there, and says what he was doing.

use std::cell::Cell;
use std::collections::HashMap;
use std::future::Future;

use super::database::SourceDialect;
use super::relation::Relation;
use crate::client::offsets::{KeepsOffsets, Offsets};
use crate::client::patience::Patience;
use crate::client::server::Server;
use crate::error::{Error, Problem, Result, did_you_mean};

/// Before the run, whoever wants no more of it ends the process.
pub(super) const NEVER: fn() -> bool = || false;

/// Whoever reads.
pub(super) struct Reading<'r, S: Server> {
    pub(super) patience: Patience<'r, S>,
    pub(super) relation: &'r Relation<S::Names>,
}

impl<S: Server> Clone for Reading<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Server> Copy for Reading<'_, S> {}

/// Waits for the server to do something, as long as it is there. `moved` is something that changes while
/// rows come.
///
/// # Errors
/// What the server says, with what was being done; or it does not answer any more.
pub(super) async fn patient<S: Server, T>(
    patience: &Patience<'_, S>,
    doing: &str,
    moved: Option<&Cell<u64>>,
    work: impl Future<Output = Result<T, S::Refusal>>,
) -> Result<T> {
    let database = patience.database;
    match patience.wait(moved, work).await {
        Ok(done) => done.map_err(|error| {
            let said = database.error(doing, &error);
            match S::is_of_a_lock(&error) {
                true => said.hint("somebody is changing the table, or waits to: try again later"),
                false => said,
            }
        }),
        Err(why) => Err(database.unanswered(doing, &why)),
    }
}

impl<S: Server<Names: SourceDialect>> Reading<'_, S> {
    /// Waits for rows. `moved` changes while they come.
    pub(super) async fn read<T>(
        &self,
        moved: Option<&Cell<u64>>,
        work: impl Future<Output = Result<T, S::Refusal>>,
    ) -> Result<T> {
        patient(&self.patience, &self.doing(), moved, work).await
    }

    /// Waits for what is asked of what there is to read, before that.
    pub(super) async fn ask<T>(
        &self,
        asked: impl Future<Output = Result<T, S::Refusal>>,
    ) -> Result<T> {
        let doing = format!("looking at {}", self.relation);
        let answer = patient(&self.patience, &doing, None, asked).await;
        answer.map_err(|error| error.at(&self.relation.place))
    }

    /// Waits for its rows to be counted.
    pub(super) async fn count<T>(
        &self,
        counted: impl Future<Output = Result<T, S::Refusal>>,
    ) -> Result<T> {
        let doing = format!("counting the rows of {}", self.relation);
        patient(&self.patience, &doing, None, counted).await
    }

    /// How far a load into it is.
    pub(super) async fn progress(
        &self,
        connection: &mut S::Connection,
        load: &str,
    ) -> Result<Option<HashMap<i32, i64>>>
    where
        S: KeepsOffsets,
    {
        let Some(table) = self.relation.table() else {
            return Ok(None);
        };
        let offsets = Offsets::<S>::new(table, load);
        self.ask(offsets.read(connection)).await.map(Some)
    }

    /// There is no table of the name that it says, but there are others.
    pub(super) fn absent(&self, name: impl std::fmt::Display, others: &[String]) -> Error {
        let near = did_you_mean(&name.to_string(), others.iter().map(String::as_str));
        let database = self.patience.database.name();
        let problem = Problem::new(format!("there is no table {name} in {database}"));
        Error::user(problem.maybe_hint(near).at(&self.relation.place))
    }

    /// What the server sends makes no sense.
    pub(super) fn broken(&self, what: impl std::fmt::Display) -> Error {
        let doing = format!("{} in {}", self.doing(), self.patience.database.name());
        Error::because(doing, what)
    }

    /// Rows that are counted are not there, or others are.
    pub(super) fn differs(&self, found: u64, counted: u64) -> Error {
        let what = format!("it has {found} rows, and had {counted} when they were counted");
        let hint = format!(
            "it has to give the same rows each time: without `{}`, `limit` and the like",
            S::Names::RANDOM
        );
        self.broken(what).hint(hint)
    }

    fn doing(&self) -> String {
        format!("reading {}", self.relation)
    }
}
