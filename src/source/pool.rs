//! Connections that workers share: each has one while it reads a batch.

use std::sync::{Condvar, Mutex};

use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Result};
use crate::sync::{lock, wait_while};

/// At most so many connections, made when they are wanted.
pub struct Pool<H> {
    most: usize,
    state: Mutex<State<H>>,
    /// One is free, or may be made.
    free: Condvar,
}

struct State<H> {
    idle: Vec<H>,
    /// Those, and those that are in use.
    open: usize,
    /// What went wrong: nobody waits for the server again.
    failed: Option<Error>,
}

impl<H: Send> Pool<H> {
    /// A pool of at most so many connections, with some that are made already.
    pub fn new(idle: Vec<H>, most: usize) -> Self {
        let state = State {
            open: idle.len(),
            idle,
            failed: None,
        };
        Self {
            most,
            state: Mutex::new(state),
            free: Condvar::new(),
        }
    }

    /// Does something with a connection, which `make` makes. Once that has failed it fails for everybody.
    ///
    /// # Errors
    /// Those of the work, or no connection can be made.
    pub fn with<T: Send>(
        &self,
        make: impl AsyncFnOnce() -> Result<H> + Send,
        work: impl AsyncFnOnce(&mut H) -> Result<T> + Send,
    ) -> Result<T> {
        let idle = self.take()?;
        let done = apart("reading rows", || {
            block_on(async {
                let mut held = match idle {
                    Some(held) => held,
                    None => make().await?,
                };
                let done = work(&mut held).await?;
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
                // For all: batches come out in their order, so that the others would each wait for
                // a server in vain, one time-out after the other.
                state.failed = Some(error.clone());
                Err(error)
            }
        };
        drop(state);
        self.free.notify_all();
        done
    }

    /// A connection that is free; nothing where one may be made.
    fn take(&self) -> Result<Option<H>> {
        let is_full = |state: &mut State<H>| {
            state.failed.is_none() && state.idle.is_empty() && state.open >= self.most
        };
        let mut state = wait_while(&self.free, lock(&self.state), is_full);
        if let Some(error) = &state.failed {
            return Err(error.clone());
        }
        if let Some(held) = state.idle.pop() {
            return Ok(Some(held));
        }
        state.open += 1;
        Ok(None)
    }
}
