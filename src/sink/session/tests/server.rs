//! A simulated server of transactions, with connections that break at every step.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Map, Value};

use super::super::{Clock, Connect, Failure, Keep, Letter, Part, Session};
use super::executor::{Random, Time, pause};
use crate::batch::Span;
use crate::error::{Error, Result};
use crate::sync::lock;

/// A row as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub partition: i32,
    pub offset: i64,
    pub kind: Kind,
}

/// What becomes of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Good,
    /// It is refused by its number.
    Named,
    /// It is refused with all that comes with it.
    Unnamed,
    /// It is no row: the source passes over it.
    Marker,
}

impl Kind {
    pub fn is_refused(self) -> bool {
        matches!(self, Self::Named | Self::Unnamed)
    }
}

/// The chunk of the simulation.
pub struct Rows(pub Vec<Row>);

impl Part for Rows {
    fn rows(&self) -> usize {
        self.0.len()
    }
    fn bytes(&self) -> usize {
        10 * self.0.len()
    }
    fn part(&self, rows: Range<usize>) -> Self {
        Self(self.0[rows].to_vec())
    }
    fn letter(&self, row: usize) -> Map<String, Value> {
        let mut kept = Map::new();
        kept.insert("partition".into(), self.0[row].partition.into());
        kept.insert("offset".into(), self.0[row].offset.into());
        kept
    }
}

/// Everything that outlives a process.
pub struct World {
    pub random: Random,
    /// Nothing breaks any more.
    pub calm: bool,
    /// What there is to read, by partition.
    pub log: Vec<Vec<Kind>>,
    /// Rows a batch and sessions of a table that is made: its partitions are the sessions.
    pub made: Option<(usize, usize)>,
    /// What was committed: offsets by partition, in this order.
    pub rows: BTreeMap<i32, Vec<i64>>,
    /// The table of offsets.
    pub next: BTreeMap<i32, i64>,
    pub letters: BTreeSet<(i32, i64)>,
    /// Which process reads a partition.
    pub owners: Vec<Option<usize>>,
    /// Commits on their way to the server.
    flight: Vec<Commit>,
    /// Those that arrived.
    answers: BTreeMap<u64, Result<(), Failure>>,
    commits: u64,
    pub told: Told,
}

/// What a run went through.
#[derive(Debug, Clone, Copy, Default)]
pub struct Told {
    pub kills: usize,
    pub moves: usize,
    pub fences: usize,
    pub refusals: usize,
    /// Commits whose answer was lost: those that were sent, and those that were not.
    pub late: usize,
    pub lost: usize,
}

struct Commit {
    number: u64,
    rows: Vec<Row>,
    origin: Vec<(i32, i64, i64)>,
}

/// The world, shared by all that is simulated.
pub type Shared = Arc<Mutex<World>>;

impl World {
    pub fn new(random: Random, log: Vec<Vec<Kind>>, made: Option<(usize, usize)>) -> Self {
        Self {
            random,
            calm: false,
            owners: vec![None; log.len()],
            log,
            made,
            rows: BTreeMap::new(),
            next: BTreeMap::new(),
            letters: BTreeSet::new(),
            flight: Vec::new(),
            answers: BTreeMap::new(),
            commits: 0,
            told: Told::default(),
        }
    }

    /// The partitions of the table of offsets, and how far each goes.
    pub fn ends(&self) -> BTreeMap<i32, i64> {
        let Some((_, sessions)) = self.made else {
            let ends = self.log.iter().map(|log| log.len() as i64);
            return (0..).zip(ends).collect();
        };
        let rows = 0..self.log[0].len() as i64;
        let of = |session| rows.clone().filter(move |row| self.is_of(session, *row));
        let ends = (0..sessions as i32).filter_map(|one| Some((one, of(one).max()? + 1)));
        ends.collect()
    }

    /// True of a record that a partition has.
    fn is_of(&self, partition: i32, offset: i64) -> bool {
        self.made
            .is_none_or(|(rows, sessions)| offset as usize / rows % sessions == partition as usize)
    }

    /// What a partition has there.
    pub fn kind(&self, partition: i32, offset: i64) -> Kind {
        match (self.made, self.is_of(partition, offset)) {
            (None, _) => self.log[partition as usize][offset as usize],
            (Some(_), true) => self.log[0][offset as usize],
            (Some(_), false) => Kind::Marker,
        }
    }

    /// True now and then, until all is calm.
    fn breaks(&mut self, times: usize) -> bool {
        !self.calm && self.random.once_in(times)
    }

    /// Something that is on its way to the server arrives there.
    pub fn deliver(&mut self) {
        if self.flight.is_empty() {
            return;
        }
        let chosen = self.random.below(self.flight.len());
        let commit = self.flight.swap_remove(chosen);
        let number = commit.number;
        let answer = match self.breaks(10) {
            true => Err(Failure::Again(Error::run("deadlock"))),
            false => self.commit(commit),
        };
        self.answers.insert(number, answer);
    }

    /// A transaction of the server: every offset is where it should be, or nothing happens.
    fn commit(&mut self, commit: Commit) -> Result<(), Failure> {
        let other = |(partition, from, _): &&(i32, i64, i64)| {
            self.next.get(partition).is_some_and(|next| next != from)
        };
        let fenced: Vec<i32> = commit
            .origin
            .iter()
            .filter(other)
            .map(|span| span.0)
            .collect();
        if !fenced.is_empty() {
            self.told.fences += 1;
            return Err(Failure::Fenced(fenced));
        }
        for (partition, from, to) in commit.origin {
            self.check_letters(partition, from..to);
            self.next.insert(partition, to);
        }
        for row in commit.rows {
            self.rows.entry(row.partition).or_default().push(row.offset);
        }
        Ok(())
    }

    /// What a commit passes over is on the disk.
    fn check_letters(&self, partition: i32, offsets: Range<i64>) {
        for offset in offsets {
            let kind = self.kind(partition, offset);
            let kept = self.letters.contains(&(partition, offset));
            assert!(
                kept || !kind.is_refused(),
                "partition {partition} passed over {offset}, which is no dead letter yet"
            );
        }
    }
}

/// Makes sessions with the simulated server.
pub struct Server<const SAVEPOINTS: bool> {
    pub world: Shared,
    pub time: Time,
}

/// A connection to it.
pub struct Connection<const SAVEPOINTS: bool> {
    world: Shared,
    time: Time,
    rows: Vec<Row>,
}

/// Time passes, others go on, what is on its way arrives.
pub async fn step(world: &Shared, time: &Time) {
    let chance = lock(world).random.below(6);
    match chance {
        0 => {
            let wait = lock(world).random.below(30) as u64;
            time.sleep(Duration::from_millis(wait)).await;
        }
        1 | 2 => pause().await,
        _ => {}
    }
    let mut world = lock(world);
    if world.random.once_in(3) {
        world.deliver();
    }
}

fn broken() -> Failure {
    Failure::Again(Error::run("connection reset"))
}

impl<const SAVEPOINTS: bool> Connect for Server<SAVEPOINTS> {
    type Session = Connection<SAVEPOINTS>;

    async fn connect(&self, _: usize) -> Result<Self::Session, Failure> {
        step(&self.world, &self.time).await;
        if lock(&self.world).breaks(8) {
            return Err(broken());
        }
        Ok(Connection {
            world: self.world.clone(),
            time: self.time.clone(),
            rows: Vec::new(),
        })
    }
}

impl<const SAVEPOINTS: bool> Session for Connection<SAVEPOINTS> {
    type Chunk = Rows;
    const SAVEPOINTS: bool = SAVEPOINTS;

    async fn put(&mut self, chunk: &Rows) -> Result<(), Failure> {
        step(&self.world, &self.time).await;
        if lock(&self.world).breaks(20) {
            return Err(broken());
        }
        let refused = |kind| (0..).zip(&chunk.0).filter(move |(_, row)| row.kind == kind);
        let mut named = refused(Kind::Named).map(|(row, _)| (row, "named".to_string()));
        if let Some(first) = named.next() {
            let one = lock(&self.world).random.once_in(2);
            lock(&self.world).told.refusals += 1;
            let rest = named.filter(|_| !one);
            return Err(Failure::Rows(std::iter::once(first).chain(rest).collect()));
        }
        if refused(Kind::Unnamed).next().is_some() {
            return Err(Failure::Refused("unnamed".into()));
        }
        self.rows.extend(&chunk.0);
        step(&self.world, &self.time).await;
        Ok(())
    }

    async fn commit(&mut self, origin: &[Span]) -> Result<(), Failure> {
        let over = |span: &Span| span.turn.is_over();
        assert!(!origin.iter().any(over), "a turn that is over is committed");
        step(&self.world, &self.time).await;
        let number = {
            let mut world = lock(&self.world);
            if world.breaks(20) {
                // It never arrives.
                world.told.lost += 1;
                return Err(Failure::Unknown(Error::run("connection reset")));
            }
            world.commits += 1;
            let number = world.commits;
            let origin = origin.iter();
            world.flight.push(Commit {
                number,
                rows: std::mem::take(&mut self.rows),
                origin: origin
                    .map(|span| (span.partition, span.from, span.to))
                    .collect(),
            });
            number
        };
        loop {
            step(&self.world, &self.time).await;
            pause().await;
            let mut world = lock(&self.world);
            // Whether it has arrived or will do so, nobody knows.
            if world.breaks(10) {
                world.told.late += 1;
                return Err(Failure::Unknown(Error::run("connection reset")));
            }
            if let Some(answer) = world.answers.remove(&number) {
                return answer;
            }
        }
    }

    async fn roll_back(&mut self) -> bool {
        step(&self.world, &self.time).await;
        self.rows.clear();
        !lock(&self.world).breaks(4)
    }

    async fn offsets(&mut self, partitions: &[i32]) -> Result<Option<HashMap<i32, i64>>, Failure> {
        step(&self.world, &self.time).await;
        let next = {
            let mut world = lock(&self.world);
            if world.breaks(10) {
                return Err(broken());
            }
            let known = partitions.iter();
            let known = known.filter_map(|one| Some((*one, *world.next.get(one)?)));
            known.collect()
        };
        // What is told may be of the past by then.
        step(&self.world, &self.time).await;
        Ok(Some(next))
    }
}

/// Dead letters on the simulated disk.
pub struct Disk(pub Shared);

impl Keep for Disk {
    fn keep(&self, letters: &[Letter]) -> Result<()> {
        let mut world = lock(&self.0);
        for letter in letters {
            let of = |name: &str| letter.kept[name].as_i64().unwrap();
            let (partition, offset) = (of("partition"), of("offset"));
            let first = if world.made.is_some() {
                0
            } else {
                partition * 1000
            };
            assert_eq!(letter.row as i64, first + offset, "its number in the table");
            let position = letter.position.as_ref();
            let told = position.map(|position| position.partition);
            let made = world.made.is_some();
            assert_eq!(told, (!made).then_some(partition as i32));
            world.letters.insert((partition as i32, offset));
        }
        Ok(())
    }
}
