//! A simulated server that changes are applied to: it looks whether each comes in its time.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::{Clock, Connect, Failure, Part, Session};
use super::executor::{Random, Time, pause};
use crate::batch::Span;
use crate::changes::Table;
use crate::error::Error;
use crate::sync::lock;

/// Changes of a load, and of a block of it.
pub const COUNT: u64 = 600;
pub const BLOCK: u64 = 50;

/// Changes as they are sent: their places in the table, and their rows.
#[derive(Clone)]
pub struct Rows(pub Vec<(u64, u64)>);

impl Part for Rows {
    fn rows(&self) -> usize {
        self.0.len()
    }
    fn bytes(&self) -> usize {
        self.0.len()
    }
    fn part(&self, rows: Range<usize>) -> Self {
        Self(self.0[rows].to_vec())
    }
}

/// What outlives a process: by table, the changes that were committed in their order, and how far shards are.
#[derive(Default)]
pub struct World {
    pub done: [Vec<(u64, u64)>; 2],
    pub next: [BTreeMap<i32, i64>; 2],
    pub random: Option<Random>,
    pub calm: bool,
    pub lost: usize,
    /// A process has left changes that it had.
    pub unsent: bool,
}

impl World {
    fn breaks(&mut self, times: usize) -> bool {
        let calm = self.calm;
        self.random
            .as_mut()
            .is_some_and(|random| !calm && random.once_in(times))
    }

    /// Everything of the blocks before `block` of both tables is committed.
    fn has_all_before(&self, tables: &[Table], block: u64) -> bool {
        tables.iter().enumerate().all(|(index, table)| {
            let rows = table.before((block * BLOCK).min(COUNT));
            let done = &self.done[index];
            done.iter().filter(|(row, _)| *row < rows).count() as u64 == rows
        })
    }

    fn commit(
        &mut self,
        tables: &[Table],
        table: usize,
        rows: &[(u64, u64)],
        origin: &[Span],
    ) -> Result<(), Failure> {
        let other = |span: &&Span| {
            let next = self.next[table].get(&span.partition);
            next.is_some_and(|next| *next != span.from)
        };
        let fenced: Vec<i32> = origin
            .iter()
            .filter(other)
            .map(|span| span.partition)
            .collect();
        if !fenced.is_empty() {
            return Err(Failure::Fenced(fenced));
        }
        for (row, _) in rows {
            let block = tables[table].number(*row) / BLOCK;
            assert!(
                block < 2 || self.has_all_before(tables, block - 1),
                "block {block} was begun before its time"
            );
        }
        for span in origin {
            self.next[table].insert(span.partition, span.to);
        }
        self.done[table].extend(rows);
        Ok(())
    }
}

pub struct Server {
    pub world: Arc<Mutex<World>>,
    pub time: Time,
    pub tables: Arc<Vec<Table>>,
    pub table: usize,
}

pub struct Connection {
    pub world: Arc<Mutex<World>>,
    pub time: Time,
    pub tables: Arc<Vec<Table>>,
    pub table: usize,
    pub rows: Vec<(u64, u64)>,
}

async fn step(world: &Mutex<World>, time: &Time) {
    let chance = lock(world)
        .random
        .as_mut()
        .map_or(5, |random| random.below(6));
    match chance {
        0 => time.sleep(Duration::from_millis(7)).await,
        1 | 2 => pause().await,
        _ => {}
    }
}

fn broken() -> Failure {
    Failure::Again(Error::run("connection reset"))
}

impl Connect for Server {
    type Session = Connection;

    async fn connect(&self, _: usize) -> Result<Connection, Failure> {
        step(&self.world, &self.time).await;
        if lock(&self.world).breaks(10) {
            return Err(broken());
        }
        Ok(Connection {
            world: self.world.clone(),
            time: self.time.clone(),
            tables: self.tables.clone(),
            table: self.table,
            rows: Vec::new(),
        })
    }
}

impl Session for Connection {
    type Chunk = Rows;

    async fn put(&mut self, chunks: &[Rows]) -> Result<(), Failure> {
        step(&self.world, &self.time).await;
        if lock(&self.world).breaks(15) {
            return Err(broken());
        }
        self.rows
            .extend(chunks.iter().flat_map(|chunk| chunk.0.clone()));
        Ok(())
    }

    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        step(&self.world, &self.time).await;
        let rows = std::mem::take(&mut self.rows);
        let done = {
            let mut world = lock(&self.world);
            if world.breaks(15) {
                // It never arrives.
                return Err(Failure::Unknown(Error::run("connection reset")));
            }
            world.commit(&self.tables, self.table, &rows, origin)
        };
        step(&self.world, &self.time).await;
        let mut world = lock(&self.world);
        if done.is_ok() && world.breaks(15) {
            world.lost += 1;
            return Err(Failure::Unknown(Error::run("connection reset")));
        }
        done
    }

    async fn offsets(&mut self, partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        step(&self.world, &self.time).await;
        let world = lock(&self.world);
        let next = partitions.iter();
        let next = next.filter_map(|one| Some((*one, *world.next[self.table].get(one)?)));
        Ok(Some(next.collect()))
    }
}
