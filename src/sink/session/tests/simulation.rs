//! Ten thousand runs by chance: processes are killed, taken over from and cut off at every point at
//! which they wait, and in the end every row is there once and in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::super::{OnBadRow, SessionOptions};
use super::executor::{Executor, Random, Time};
use super::process::{Plan, start};
use super::server::{Kind, Server, Shared, Told, World};
use crate::engine::Stop;
use crate::sync::lock;

/// How many runs there are. One that fails says its seed; `ROWGEN_SEED` runs it alone.
const SEEDS: u64 = 10_000;

/// A run has far fewer steps; one that has more does not end.
const MOST_STEPS: usize = 400_000;

/// Says which seed it was if a run fails.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "seed {} failed: ROWGEN_SEED={} runs it alone",
                self.0, self.0
            );
        }
    }
}

/// One run: its world and the processes in it.
struct Run {
    random: Random,
    executor: Executor,
    world: Shared,
    made: bool,
    sessions: usize,
    batch_rows: usize,
    processes: Vec<(usize, Stop)>,
    started: usize,
}

#[test]
fn no_row_is_lost_doubled_or_out_of_order() {
    let alone = std::env::var("ROWGEN_SEED").ok();
    if let Some(seed) = alone.and_then(|seed| seed.parse().ok()) {
        one(seed);
        return;
    }
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let told: Vec<Told> = std::thread::scope(|scope| {
        // Each run is on one thread.
        let seeds = (0..threads).map(|first| (first..SEEDS).step_by(threads as usize));
        let threads = seeds.map(|seeds| scope.spawn(move || seeds.map(one).collect::<Vec<_>>()));
        let threads: Vec<_> = threads.collect();
        let told = threads.into_iter().map(|thread| thread.join());
        told.flat_map(|told| told.expect("a run failed")).collect()
    });
    // A world in which nothing happens proves nothing.
    type What = (&'static str, fn(&Told) -> usize);
    let all: [What; 6] = [
        ("kills", |told| told.kills),
        ("moved partitions", |told| told.moves),
        ("fenced commits", |told| told.fences),
        ("refusals", |told| told.refusals),
        ("lost answers", |told| told.late),
        ("lost commits", |told| told.lost),
    ];
    for (what, count) in all {
        let count: usize = told.iter().map(count).sum();
        println!("{what}: {count}");
        assert!(count >= 1000, "{count} {what} in {SEEDS} runs");
    }
}

/// One run.
fn one(seed: u64) -> Told {
    let seed = Seed(seed);
    let mut run = Run::new(seed.0);
    let faults = run.random.below(1500);
    for step in 0.. {
        assert!(step < MOST_STEPS, "it does not end");
        if step == faults {
            lock(&run.world).calm = true;
        }
        let calm = step >= faults;
        run.meddle(calm);
        if calm && run.is_over() {
            break;
        }
        let moved = run.executor.step(&mut run.random);
        assert!(moved || run.processes.is_empty(), "all wait for each other");
    }
    run.check();
    lock(&run.world).told
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let made = random.once_in(4);
        let partitions = if made { 1 } else { 1 + random.below(4) };
        let log = (0..partitions).map(|_| log(&mut random, made)).collect();
        let mut executor = Executor::new(Time::default());
        executor.busy = true;
        let (sessions, batch_rows) = (1 + random.below(3), 1 + random.below(4));
        let shape = made.then_some((batch_rows, sessions));
        let world = World::new(Random::new(!seed), log, shape);
        Self {
            sessions,
            batch_rows,
            random,
            executor,
            world: Arc::new(Mutex::new(world)),
            made,
            processes: Vec::new(),
            started: 0,
        }
    }

    /// The world around the processes: they start, are killed, and partitions change hands.
    fn meddle(&mut self, calm: bool) {
        let executor = &self.executor;
        self.processes.retain(|(process, _)| executor.has(*process));
        let most = if self.made || calm { 1 } else { 2 };
        let begun = !self.is_finished();
        if begun && self.processes.len() < most && (calm || self.random.once_in(30)) {
            self.start();
        }
        if !calm
            && lock(&self.world).told.kills < 4
            && !self.processes.is_empty()
            && self.random.once_in(150)
        {
            lock(&self.world).told.kills += 1;
            let chosen = self.random.below(self.processes.len());
            let (process, _) = self.processes.swap_remove(chosen);
            self.executor.kill(process);
        }
        if self.random.once_in(20) {
            lock(&self.world).deliver();
        }
        self.assign(calm);
    }

    /// The group gives partitions to processes; those of a dead one to another, after a while.
    fn assign(&mut self, calm: bool) {
        if self.processes.is_empty() {
            return;
        }
        let mut world = lock(&self.world);
        for partition in 0..world.owners.len() {
            let owner = world.owners[partition];
            let lives = self
                .processes
                .iter()
                .any(|(process, _)| Some(*process) == owner);
            let moves = match lives {
                true => !calm && self.random.once_in(120),
                false => calm || self.random.once_in(20),
            };
            if moves {
                let chosen = self.random.below(self.processes.len());
                world.told.moves += usize::from(lives);
                world.owners[partition] = Some(self.processes[chosen].0);
            }
        }
    }

    fn start(&mut self) {
        let number = self.started;
        self.started += 1;
        let rows = lock(&self.world).log[0].len();
        let next: HashMap<i32, i64> = lock(&self.world).next.clone().into_iter().collect();
        let random = &mut self.random;
        let plan = Plan {
            number,
            workers: 1 + random.below(3),
            window: 2 + random.below(5) as u64,
            options: SessionOptions {
                sessions: self.sessions,
                rows: 1 + random.below(20)..=20 + random.below(20),
                bytes: 10 + random.below(300),
                linger: Duration::from_millis([0, 0, 4][random.below(3)]),
                stall_timeout: None,
                seed: random.below(usize::MAX) as u64,
                bad_rows: OnBadRow::Skip,
                keeps_offsets: true,
                reached: next,
                ..SessionOptions::default()
            },
            made: self
                .made
                .then_some((self.batch_rows, rows.div_ceil(self.batch_rows) as u64)),
        };
        let (world, time) = (self.world.clone(), self.executor.time.clone());
        let stop = match random.once_in(4) {
            true => {
                let server = Server::<false> { world, time };
                start(&mut self.executor, &self.world, server, plan)
            }
            false => {
                let server = Server::<true> { world, time };
                start(&mut self.executor, &self.world, server, plan)
            }
        };
        self.processes.push((number, stop));
    }

    /// Everything was committed.
    fn is_finished(&self) -> bool {
        let world = lock(&self.world);
        world.next == world.ends()
    }

    /// Everything was committed and all processes have ended.
    fn is_over(&mut self) -> bool {
        if self.is_finished() {
            for (_, stop) in &self.processes {
                stop.request();
            }
        }
        self.processes.is_empty() && self.is_finished()
    }

    /// Every good row is there once and in order, and every refused one is a dead letter.
    fn check(&self) {
        let world = lock(&self.world);
        for (partition, end) in world.ends() {
            let of = |wanted: &dyn Fn(Kind) -> bool| -> Vec<i64> {
                let offsets = 0..end;
                offsets
                    .filter(|offset| wanted(world.kind(partition, *offset)))
                    .collect()
            };
            let found = world.rows.get(&partition).cloned().unwrap_or_default();
            assert_eq!(found, of(&|kind| kind == Kind::Good), "rows of {partition}");
            let letters = world.letters.iter().filter(|(one, _)| *one == partition);
            let letters: Vec<i64> = letters.map(|(_, offset)| *offset).collect();
            assert_eq!(letters, of(&Kind::is_refused), "letters of {partition}");
        }
    }
}

/// What there is to read. A table that is made has no markers.
fn log(random: &mut Random, made: bool) -> Vec<Kind> {
    let records = 1 + random.below(24);
    let kind = |_| match random.below(24) {
        0 => Kind::Named,
        1 => Kind::Unnamed,
        2 | 3 if !made => Kind::Marker,
        _ => Kind::Good,
    };
    (0..records).map(kind).collect()
}
