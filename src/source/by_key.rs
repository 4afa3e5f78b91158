//! Rows of a database in the order of a key: a statement for each batch, whose rows the server finds by an index.

use std::ops::RangeInclusive;

use super::database::SourceDialect;
use super::key_ranges::Ranges;
use super::pool::Pool;
use super::reading::Reading;
use crate::client::server::Server;
use crate::error::{Error, Result};

/// A key, where each row is in its order, and the connections that read by it.
pub(super) struct Key<C> {
    pub(super) name: String,
    pub(super) pool: Pool<C>,
    pub(super) ranges: Ranges,
}

/// What a statement asks for: so many rows of those whose keys are among these, behind others.
pub(super) struct Wanted {
    pub(super) keys: RangeInclusive<i64>,
    pub(super) offset: u64,
    pub(super) limit: usize,
    /// The row before, which shows whether two have the same key: each is then read once or twice.
    pub(super) extra: usize,
    first: u64,
}

impl<C> Key<C> {
    /// What finds these rows, where so many were `counted`.
    ///
    /// # Errors
    /// They are not there.
    pub(super) fn wanted<S: Server<Names: SourceDialect>>(
        &self,
        (first, count): (u64, usize),
        reading: Reading<'_, S>,
        counted: u64,
    ) -> Result<Wanted> {
        let cut = self.ranges.cut(first, count);
        let cut = cut.ok_or_else(|| reading.differs(counted, first + count as u64))?;
        let extra = usize::from(cut.before > 0);
        Ok(Wanted {
            keys: cut.keys,
            offset: cut.before - extra as u64,
            limit: count + extra,
            extra,
            first,
        })
    }

    /// The keys of the rows that were found, without that of the row before.
    ///
    /// # Errors
    /// There are fewer than were `counted`, or two have the same key.
    pub(super) fn checked<S: Server<Names: SourceDialect>>(
        &self,
        wanted: &Wanted,
        mut keys: Vec<i64>,
        reading: Reading<'_, S>,
        counted: u64,
    ) -> Result<Vec<i64>> {
        // Rows are counted and read as they are at one moment where the server allows it: fewer of
        // them are then those of a query that gives others each time.
        if keys.len() < wanted.limit {
            let found = (keys.len() as u64).saturating_sub(wanted.extra as u64);
            return Err(reading.differs(wanted.first + found, counted));
        }
        if let Some(pair) = keys.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(Error::run(reading.relation.twice(&self.name, pair[1])));
        }
        keys.drain(..wanted.extra);
        Ok(keys)
    }
}
