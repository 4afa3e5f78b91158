//! Changes that are applied to a database: which connection does which of them, and in what order.
//!
//! ```text
//! rows of a table are spread over shards by their numbers      shards
//! a shard belongs to one session, whatever else changes        shards
//! a block waits for the block before the last, of all tables   barrier
//! a transaction's changes become a few statements              keyed
//! what a pipeline cannot ask of changes                        options
//! which columns a table has of them                            columns
//! ```
//!
//! A shard is a partition of the sink's table of offsets, and its offset the place of its next change among
//! those of the table. So a killed load goes on, with another number of connections, too.

mod barrier;
mod columns;
mod keyed;
mod options;
mod shards;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

pub use barrier::{Barrier, Does, Seat, Stir, Told};
pub use columns::AppliedColumns;
pub use keyed::{At, Keyed, Statement, statements};
pub use options::{another_load, of_table};
pub use shards::{Applied, SHARDS, Share, shard_of};

use super::Target;
#[cfg(feature = "sessions")]
use super::session::Leader;
use crate::changes::Table;
use crate::sync::lock;

/// The changes that a sink is given.
#[derive(Clone)]
pub struct Changing {
    /// The table among those that change.
    pub table: Table,
    /// What the sinks of the run share.
    pub together: Arc<Together>,
    /// How many sinks of this kind apply changes in the run: they share what is said of connections.
    pub sinks: usize,
}

/// What those know of each other that apply changes in one run, by their databases.
#[derive(Default)]
pub struct Together(Mutex<HashMap<String, Database>>);

#[derive(Default, Clone)]
struct Database {
    barrier: Arc<Barrier>,
    #[cfg(feature = "sessions")]
    leader: Arc<Leader>,
    /// Tables of the pipeline, and what they are called there.
    tables: Vec<(String, String)>,
}

impl Target {
    /// The changes of a table that go to this database, where it is called `name`; nothing for rows that are
    /// no changes. From now on the others wait for it.
    pub fn applied(&self, database: &str, name: &str) -> Option<Arc<Applied>> {
        let changing = self.changes.as_ref()?;
        let end = self.shape.rows.map(|rows| self.first_row + rows);
        let rows = self.first_row..end.unwrap_or(u64::MAX);
        let seat = changing.join(database, name);
        Some(Arc::new(Applied::new(changing, seat, rows)))
    }
}

impl Changing {
    /// The connections of a table, where so many are for all of them; each table has one.
    pub fn share_of(&self, connections: usize) -> usize {
        // More sessions than shards would have nothing to do.
        (connections / self.sinks.max(1)).clamp(1, SHARDS)
    }

    /// The table goes to this database, where it is called `name`: from now on the others wait for it.
    pub fn join(&self, database: &str, name: &str) -> Seat {
        let mut all = lock(&self.together.0);
        let there = all.entry(database.to_string()).or_default();
        let table = self.table.name().to_string();
        there.tables.push((table, name.to_string()));
        there.barrier.join()
    }

    /// Which session of all tables in this database holds the load.
    #[cfg(feature = "sessions")]
    pub fn leader(&self, database: &str) -> Arc<Leader> {
        let mut all = lock(&self.together.0);
        all.entry(database.to_string()).or_default().leader.clone()
    }

    /// What a table of the pipeline is called in this database, if its changes go there. All of them have
    /// joined once the first of them is opened.
    pub fn called(&self, database: &str, table: &str) -> Option<String> {
        let all = lock(&self.together.0);
        let mut tables = all.get(database)?.tables.iter();
        let (_, name) = tables.find(|(of_pipeline, _)| of_pipeline == table)?;
        Some(name.clone())
    }

    /// What all tables are called whose changes go to this database.
    pub fn beside(&self, database: &str) -> Vec<String> {
        let all = lock(&self.together.0);
        let tables = all.get(database).map(|there| there.tables.iter());
        let names = tables.into_iter().flatten().map(|(_, name)| name.clone());
        names.collect()
    }
}
