//! A sink of sessions that has something to make before its first row: a table, or room in it.

use std::sync::Arc;

use crate::batch::Resume;
use crate::error::Result;
use crate::sink::{Found, Lane, Ready};

struct Prepared<F> {
    inner: Box<dyn Ready>,
    prepare: F,
}

/// What was found, which is `prepare`d when its lane is opened: whether it removes rows that are there, and
/// what whoever runs it should know.
pub fn prepared(
    found: Found,
    (replaces, told): (bool, Option<String>),
    prepare: impl Fn() -> Result<()> + Send + 'static,
) -> Found {
    let Found::Ready { sink: inner, .. } = found else {
        return found;
    };
    Found::Ready {
        replaces,
        told: told.into_iter().collect(),
        sink: Box::new(Prepared { inner, prepare }),
    }
}

impl<F: Fn() -> Result<()> + Send> Ready for Prepared<F> {
    fn resume(&self) -> Option<Arc<dyn Resume>> {
        self.inner.resume()
    }

    fn begins_at(&self) -> Option<u64> {
        self.inner.begins_at()
    }

    fn open(&self, lane: usize) -> Result<Arc<dyn Lane>> {
        // Now and not when the sink was connected: `check --connect` connects, too, and changes
        // nothing, and a mistake in another sink still ends the run before anybody's rows are
        // removed.
        (self.prepare)()?;
        self.inner.open(lane)
    }
}
