//! Simulated sources: the partitions of a stream that a process has, and a table that is made.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::Clock;
use super::executor::Time;
use super::server::{Kind, Row, Shared, step};
use crate::batch::{Offsets, Span, Turn};
use crate::engine::Stop;
use crate::sync::lock;

/// What a batch has: its rows, sorted by partition, and their spans.
pub type Block = (Vec<Row>, Vec<Span>);

/// A process's view of a stream, or of a table that it makes.
pub struct Source {
    pub process: usize,
    pub world: Shared,
    pub stop: Stop,
    /// Rows a batch of a table that is made; none for a stream.
    pub made: Option<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The batch that takes the next rows.
    next: u64,
    held: BTreeMap<i32, Held>,
}

struct Held {
    turn: Arc<Turn>,
    next: i64,
}

impl Source {
    pub fn new(process: usize, world: Shared, stop: Stop, made: Option<usize>) -> Self {
        Self {
            process,
            world,
            stop,
            made,
            state: Mutex::default(),
        }
    }

    /// Waits for what batch `number` has; nothing when there is no such batch.
    pub async fn take(&self, number: u64, time: &Time) -> Option<Block> {
        if let Some(rows) = self.made {
            return Some(self.make(number as usize, rows));
        }
        loop {
            if self.stop.requested() {
                return None;
            }
            if lock(&self.state).next == number
                && let Some(block) = self.read()
            {
                lock(&self.state).next += 1;
                return Some(block);
            }
            time.sleep(Duration::from_millis(3)).await;
        }
    }

    /// Rows by their number: they come from their session, the sinks know that.
    fn make(&self, number: usize, rows: usize) -> Block {
        let world = lock(&self.world);
        let all = &world.log[0];
        let end = all.len().min((number + 1) * rows);
        let row = |row: usize| Row {
            partition: 0,
            offset: row as i64,
            kind: all[row],
        };
        ((number * rows..end).map(row).collect(), Vec::new())
    }

    /// Some of what its partitions have; now and then nothing at all.
    fn read(&self) -> Option<Block> {
        let mut state = lock(&self.state);
        let mut world = lock(&self.world);
        let (mut rows, mut spans) = (Vec::new(), Vec::new());
        for (partition, held) in &mut state.held {
            let left = world.log[*partition as usize].len() as i64 - held.next;
            if left <= 0 || held.turn.is_over() || world.random.once_in(3) {
                continue;
            }
            let from = held.next;
            let first = rows.len();
            held.next += 1 + world.random.below(left.min(4) as usize) as i64;
            for offset in from..held.next {
                let kind = world.log[*partition as usize][offset as usize];
                if kind != Kind::Marker {
                    let partition = *partition;
                    rows.push(Row {
                        partition,
                        offset,
                        kind,
                    });
                }
            }
            spans.push(Span {
                turn: held.turn.clone(),
                partition: *partition,
                from,
                to: held.next,
                rows: first..rows.len(),
                offsets: Offsets::default(),
            });
        }
        (!spans.is_empty() || world.random.once_in(20)).then_some((rows, spans))
    }

    /// Follows the group, late: turns end, others begin where the sink's table says.
    pub async fn follow(&self, time: &Time) {
        loop {
            let mine = |owner: &Option<usize>| *owner == Some(self.process);
            let owners = lock(&self.world).owners.clone();
            lock(&self.state).held.retain(|partition, held| {
                let stays = mine(&owners[*partition as usize]);
                if !stays {
                    held.turn.end();
                }
                stays
            });
            for partition in (0..owners.len() as i32).filter(|one| mine(&owners[*one as usize])) {
                let state = lock(&self.state)
                    .held
                    .get(&partition)
                    .map(|held| held.turn.is_over());
                if state != Some(false) {
                    self.begin(partition, time).await;
                }
            }
            let wait = lock(&self.world).random.below(80) as u64 + 1;
            time.sleep(Duration::from_millis(wait)).await;
        }
    }

    async fn begin(&self, partition: i32, time: &Time) {
        step(&self.world, time).await;
        let told = lock(&self.world).next.get(&partition).copied();
        step(&self.world, time).await;
        let held = Held {
            turn: Arc::new(Turn::new()),
            next: told.unwrap_or(0),
        };
        lock(&self.state).held.insert(partition, held);
    }
}
