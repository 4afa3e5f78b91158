//! Hundreds of loads of changes by chance: two tables that wait for each other, killed and cut off at every
//! point at which they wait, with other numbers of sessions each time; and in the end every change was done
//! once, those of a row in their order, and no block before its time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::drive::{Shared as Sending, drive};
use super::super::queue::Queue;
use super::super::{Clock, Letters, Listener, OnBadRow, Piece, SessionOptions};
use super::changes_server::{BLOCK, COUNT, Rows, Server, World};
use super::executor::{Executor, Random, Time, pause};
use crate::batch::Batch;
use crate::changes::{Changes, Mixed, Table, Target};
use crate::column::hash::Key;
use crate::error::Error;
use crate::sink::applied::{Applied, Changing, SHARDS, Together};
use crate::sync::lock;
use arrow::array::{Int64Array, RecordBatch};

const SEEDS: u64 = 400;

/// Nobody is told; once the run is to end, nothing more is begun in some of them.
#[derive(Default)]
struct Nobody {
    accepted: AtomicU64,
    leaves: bool,
    stop: Arc<AtomicBool>,
}

impl Listener for Nobody {
    fn accepted(&self, batches: u64) {
        self.accepted.fetch_max(batches, Ordering::Relaxed);
    }
    fn durable(&self, _: u64) {}
    fn committed(&self, _: u64, _: u64, _: Duration) {}
    fn retried(&self, _: usize, _: &Error) {}
    fn recovered(&self, _: usize) {}
    fn connected(&self, _: usize, _: bool) {}
    fn over(&self, _: bool) {}
    fn stopping(&self) -> bool {
        false
    }
    fn leaves(&self) -> bool {
        self.leaves && self.stop.load(Ordering::Relaxed)
    }
}

fn tables(seed: u64) -> Vec<Table> {
    let mixed = |name: &str, weights: [u64; 3], parents: Vec<usize>| Mixed {
        name: name.into(),
        weights,
        target: Target::default(),
        parents,
    };
    let mixed = [
        mixed("a", [2, 2, 1], vec![]),
        mixed("b", [3, 2, 0], vec![0]),
    ];
    let key = Key::new(&seed.to_string());
    Arc::new(Changes::new(key, &mixed, BLOCK, Some(COUNT))).tables()
}

/// Starts a process: for each table a task that makes batches and sessions that send them. `most` batches
/// are made, of those that there are.
fn start(
    executor: &mut Executor,
    process: usize,
    world: &Arc<Mutex<World>>,
    tables: &Arc<Vec<Table>>,
    random: &mut Random,
    whole: bool,
) {
    let together = Arc::new(Together::default());
    // Once a run is to end, no table gets another batch.
    let stop = Arc::new(AtomicBool::new(false));
    let leaves = random.once_in(2);
    let mut queues = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let changing = Changing {
            table: table.clone(),
            together: together.clone(),
            sinks: 1,
        };
        let seat = changing.join("d", table.name());
        let rows = table.rows().unwrap();
        let options = SessionOptions {
            sessions: 1 + random.below(5),
            rows: 1 + random.below(30)..=40,
            bytes: 1 << 20,
            keeps_offsets: true,
            reached: lock(world).next[index].clone().into_iter().collect(),
            applied: Some(Arc::new(Applied::new(&changing, seat, 0..rows))),
            ..SessionOptions::default()
        };
        let nobody = Arc::new(Nobody {
            leaves,
            stop: stop.clone(),
            ..Nobody::default()
        });
        let queue = Arc::new(Queue::new(&options, nobody.clone()));
        queue.follow();
        queues.push((queue, options, nobody, 1 + random.below(60) as u64));
    }
    for (index, (queue, options, nobody, size)) in queues.into_iter().enumerate() {
        let (rows, cut) = (tables[index].rows().unwrap(), 1 + random.below(12) as u64);
        let batches = rows.div_ceil(size);
        let cut = if whole { u64::MAX } else { cut };
        make(
            executor,
            process,
            (&queue, &options, nobody),
            (batches, size, rows),
            cut,
        );
        for session in 0..options.sessions {
            let (queue, options, time) = (queue.clone(), options.clone(), executor.time.clone());
            let server = Server {
                world: world.clone(),
                time: time.clone(),
                tables: tables.clone(),
                table: index,
            };
            executor.spawn(process, async move {
                let letters = Letters::new("t", &OnBadRow::Stop, "".as_ref(), Arc::default());
                let sending = Sending {
                    connect: &server,
                    clock: &time,
                    queue: &queue,
                    keep: &letters,
                    options: &options,
                };
                drive(sending, session).await;
                assert!(queue.failure().is_none());
                lock(&server.world).unsent |= queue.unsent() > 0;
            });
        }
    }
}

fn make(
    executor: &mut Executor,
    process: usize,
    (queue, options, nobody): (&Arc<Queue<Rows>>, &SessionOptions, Arc<Nobody>),
    (batches, size, rows): (u64, u64, u64),
    cut: u64,
) {
    let (queue, applied, time) = (
        queue.clone(),
        options.applied.clone().unwrap(),
        executor.time.clone(),
    );
    let (sessions, stop) = (options.sessions, nobody.stop.clone());
    executor.spawn(process, async move {
        let mut made = 0;
        while made < batches {
            let number = made;
            while number > nobody.accepted.load(Ordering::Relaxed) + 3
                && !stop.load(Ordering::Relaxed)
            {
                time.sleep(Duration::from_millis(3)).await;
            }
            if number >= cut {
                stop.store(true, Ordering::Relaxed);
            }
            if stop.load(Ordering::Relaxed) {
                break;
            }
            made += 1;
            let first = number * size;
            let count = size.min(rows - first) as i64;
            let values = Arc::new(Int64Array::from_iter_values(0..count)) as _;
            let batch = RecordBatch::try_from_iter([("v", values)]).unwrap();
            let batch = Batch::new(number, first, batch);
            let pieces = applied
                .split(&batch, sessions, 40)
                .unwrap()
                .into_iter()
                .map(|share| {
                    let numbers = (0..share.keyed.len()).map(|row| share.batch.place.row(row));
                    let chunk = numbers
                        .zip(share.keyed.rows().iter().map(|(_, key)| *key))
                        .collect();
                    let piece = Piece::new(number, Rows(chunk), share.batch.place.clone(), vec![]);
                    (
                        share.session,
                        piece.of_block(share.block, first, share.shards),
                    )
                });
            queue.put_before(number, pieces.collect(), Applied::behind(&batch));
            pause().await;
        }
        queue.close(made).unwrap();
    });
}

/// One load, by several processes, each of which is killed or stops early but for the last one: how many
/// answers were lost, and whether a process left changes that it had.
fn one(seed: u64) -> (usize, bool) {
    let (mut random, tables) = (Random::new(seed), Arc::new(tables(seed)));
    let world = Arc::new(Mutex::new(World {
        random: Some(Random::new(!seed)),
        ..World::default()
    }));
    let mut executor = Executor::new(Time::default());
    executor.busy = true;
    let processes = 1 + random.below(4);
    for process in 0..processes {
        let last = process + 1 == processes;
        lock(&world).calm = last && random.once_in(2);
        start(
            &mut executor,
            process,
            &world,
            &tables,
            &mut random,
            last || process % 2 == 0,
        );
        let kill = (!last && process % 2 == 0).then(|| random.below(3_000));
        for at in 0.. {
            assert!(at < 400_000, "seed {seed}: it does not end");
            if kill == Some(at) {
                executor.kill(process);
            }
            if !executor.has(process) {
                break;
            }
            assert!(
                executor.step(&mut random),
                "seed {seed}: all wait for each other"
            );
        }
    }
    let world = lock(&world);
    for (table, done) in tables.iter().zip(&world.done) {
        let mut rows: Vec<u64> = done.iter().map(|(row, _)| *row).collect();
        let mut by_key = BTreeMap::<u64, Vec<u64>>::new();
        done.iter()
            .for_each(|(row, key)| by_key.entry(*key).or_default().push(*row));
        assert!(
            by_key.values().all(|rows| rows.is_sorted()),
            "seed {seed}: rows see changes in their order"
        );
        assert!(by_key.keys().any(|key| *key >= SHARDS as u64));
        rows.sort_unstable();
        assert!(
            rows.iter().copied().eq(0..table.rows().unwrap()),
            "seed {seed}: each change once"
        );
    }
    (world.lost, world.unsent)
}

#[test]
fn every_change_is_done_once_and_in_its_time() {
    let ended: Vec<(usize, bool)> = (0..SEEDS).map(one).collect();
    let lost: usize = ended.iter().map(|(lost, _)| lost).sum();
    assert!(lost >= 40, "{lost} answers were lost");
    let unsent = ended.iter().filter(|(_, unsent)| *unsent).count();
    assert!(
        unsent >= 20,
        "changes were left to the next run {unsent} times"
    );
}
