//! Where a sink's own table says a stream goes on, asked on a connection of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::clock::{First, first};
use super::drive::SILENT;
use super::{Clock, Connect, Failure, Resume, Session, Tokio};
use crate::client::backoff::Backoff;
use crate::client::runtime::{apart, block_on};
use crate::error::{Error, Problem, Result};

/// How long a server is asked that does not answer.
// For one try and for all of them. A choice: without a limit a server that took the connection and
// then said nothing was waited for without end, before the first row.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the sessions of a sink.
pub struct Ask<C>(Arc<C>);

impl<C: Connect> Ask<C> {
    /// Asks sessions that are made so.
    pub fn new(connect: Arc<C>) -> Self {
        Self(connect)
    }
}

impl<C: Connect> Resume for Ask<C> {
    fn offsets(&self, partitions: &[i32]) -> Result<HashMap<i32, i64>> {
        // Whoever asks may be within a runtime, where waiting is not possible, or hold a lock of a
        // client.
        apart("asking the sink", || {
            block_on(ask(self.0.as_ref(), partitions, &Tokio::new()))?
        })
    }
}

async fn ask<C: Connect>(
    connect: &C,
    partitions: &[i32],
    clock: &impl Clock,
) -> Result<HashMap<i32, i64>> {
    let mut backoff = Backoff::new(0);
    loop {
        let asked = match first(once(connect, partitions), clock.sleep(PATIENCE)).await {
            First::One(asked) => asked,
            First::Other(()) => Err(Failure::Stop(Error::run(SILENT))),
        };
        let error = match asked {
            Ok(offsets) => return Ok(offsets),
            Err(Failure::Again(error) | Failure::Unknown(error)) if clock.now() < PATIENCE => error,
            Err(failure) => return Err(why(failure).context("asking the sink where it is")),
        };
        tracing::debug!("{error}; asked again");
        clock.sleep(backoff.wait()).await;
    }
}

async fn once<C: Connect>(connect: &C, partitions: &[i32]) -> Result<HashMap<i32, i64>, Failure> {
    let mut session = connect.connect(0).await?;
    let offsets = session.offsets(partitions).await?;
    let mut offsets = offsets.ok_or_else(|| Failure::Stop(Error::run("it keeps no offsets")))?;
    // A driver may read its whole table of offsets, other partitions included.
    offsets.retain(|partition, _| partitions.contains(partition));
    Ok(offsets)
}

fn why(failure: Failure) -> Error {
    match failure {
        Failure::Again(error) | Failure::Unknown(error) | Failure::Stop(error) => error,
        Failure::Refused(reason) => Error::run(Problem::new(reason)),
        Failure::Rows(_) | Failure::Fenced(_) => {
            Error::run("it answers about rows, which is a bug of rowgen")
        }
    }
}
