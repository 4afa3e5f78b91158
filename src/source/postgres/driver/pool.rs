//! Connections that workers share: each has one while it reads a batch.

use std::sync::{Condvar, Mutex, PoisonError};

use super::session::{Held, Snapshot};
use crate::client::postgres::Patience;
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Result};
use crate::sync::lock;

/// At most so many connections, made when they are wanted.
pub(super) struct Pool {
    pub(super) snapshot: Snapshot,
    most: usize,
    state: Mutex<State>,
    /// One is free, or may be made.
    free: Condvar,
}

#[derive(Default)]
struct State {
    idle: Vec<Held>,
    /// Those, and those that are in use.
    open: usize,
    /// What went wrong: nobody waits for the server again.
    failed: Option<Error>,
}

impl Pool {
    pub(super) fn new(snapshot: Snapshot, most: usize) -> Self {
        Self {
            snapshot,
            most,
            state: Mutex::default(),
            free: Condvar::new(),
        }
    }

    /// Does something with a connection. Once that has failed it fails for everybody.
    ///
    /// # Errors
    /// Those of the work, or no connection can be made.
    pub(super) fn with<T: Send>(
        &self,
        patience: &Patience<'_>,
        work: impl AsyncFnOnce(&Held) -> Result<T> + Send,
    ) -> Result<T> {
        let idle = self.take()?;
        let done = apart("reading rows", || {
            block_on(async {
                let held = match idle {
                    Some(held) => held,
                    None => self.snapshot.reader(patience).await?,
                };
                let done = work(&held).await?;
                Ok((done, held))
            })?
        });
        let mut state = lock(&self.state);
        let done = match done {
            Ok((done, held)) => {
                state.idle.push(held);
                Ok(done)
            }
            Err(error) => {
                state.failed = Some(error.clone());
                Err(error)
            }
        };
        drop(state);
        self.free.notify_all();
        done
    }

    /// A connection that is free; nothing where one may be made.
    fn take(&self) -> Result<Option<Held>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(error) = &state.failed {
                return Err(error.clone());
            }
            if let Some(held) = state.idle.pop() {
                return Ok(Some(held));
            }
            if state.open < self.most {
                state.open += 1;
                return Ok(None);
            }
            let waited = self.free.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }
}
