//! A topic in motion: members fetch, blocks are numbered, offsets are committed once they are safe.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};

use super::block::{Decode, Waiting};
use super::dead::DeadTopic;
use super::fetch::{self, Fetched, Pipe, next};
use super::member::{Context, Member, Messages};
use super::offsets::{Covered, Ledger};
use super::topic::Topic;
use super::until::Left;
use crate::client::kafka::{config, no_client};
use crate::error::{Error, Result};
use crate::source::{Block, Flow};

/// What came within this time goes into one batch; without anything the batch is empty.
const LINGER: Duration = Duration::from_secs(1);

/// How long is tried at the end to tell the brokers what is safe.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The group's members and what they have read.
pub struct Group {
    topic: String,
    members: Mutex<Vec<Arc<Member>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    pipe: Arc<Pipe>,
    ledger: Arc<Ledger>,
    decode: Arc<Decode>,
    dead: Option<Arc<DeadTopic>>,
    reading: Mutex<Reading>,
    stopped: AtomicBool,
}

struct Reading {
    left: Left,
    /// What did not fit into the block before.
    rest: Option<Fetched>,
    looked: Instant,
}

impl Group {
    /// Joins the group.
    ///
    /// # Errors
    /// The brokers cannot be reached, or do not have the topic.
    pub fn join(topic: &Topic) -> Result<Self> {
        let dead = topic.dead_topic.as_deref();
        let dead = dead.map(|dead| DeadTopic::open(&topic.connection, dead));
        let dead = dead.transpose()?.map(Arc::new);
        let group = Self {
            topic: topic.name.clone(),
            pipe: Arc::new(Pipe::new(topic.consumers + 2)),
            ledger: Arc::new(Ledger::new(&topic.name)),
            decode: Arc::new(topic.decode(dead.clone())),
            dead,
            reading: Mutex::new(Reading {
                left: Left::All,
                rest: None,
                looked: Instant::now(),
            }),
            members: Mutex::default(),
            threads: Mutex::default(),
            stopped: AtomicBool::new(false),
        };
        // The members join while the brokers are asked what there is.
        let asked = group.start(topic).and_then(|()| group.ask(topic));
        if let Err(error) = asked {
            group.close();
            return Err(error);
        }
        Ok(group)
    }

    fn start(&self, topic: &Topic) -> Result<()> {
        for number in 0..topic.consumers {
            let member = member(topic, &self.ledger)?;
            member
                .consumer()
                .subscribe(&[&self.topic])
                .map_err(|error| {
                    Error::because(format!("subscribing to topic `{}`", self.topic), error)
                })?;
            let (pipe, topic, own) = (self.pipe.clone(), self.topic.clone(), member.clone());
            let ledger = self.ledger.clone();
            let thread = std::thread::Builder::new()
                .name(format!("fetch {number}"))
                .spawn(move || fetch::run(&own, &topic, &ledger, &pipe))
                .map_err(|error| Error::because("starting a thread", error))?;
            lock(&self.threads).push(thread);
            lock(&self.members).push(member);
        }
        Ok(())
    }

    /// Asks which part of the topic belongs to the run.
    fn ask(&self, topic: &Topic) -> Result<()> {
        let partitions = topic.partitions()?;
        let members = lock(&self.members);
        let first = members
            .first()
            .ok_or_else(|| Error::run("a group has no members"))?;
        let (until, start) = (topic.until, topic.start);
        let left = Left::new(until, start, first.consumer(), &topic.name, partitions);
        let left = left.map_err(|error| {
            Error::because(format!("asking what topic `{}` holds", topic.name), error)
        })?;
        lock(&self.reading).left = left;
        Ok(())
    }

    /// Messages of the run, until there are enough of them or enough time has passed.
    fn gather(&self, reading: &mut Reading, most: usize) -> Result<(Vec<Messages>, Vec<Covered>)> {
        let deadline = Instant::now() + LINGER;
        let (mut gathered, mut covered) = (Vec::new(), HashMap::new());
        let mut rows = 0;
        while rows < most && !reading.left.is_nothing() {
            let fetched = match reading.rest.take() {
                Some(rest) => Some(rest),
                None if self.stopped.load(Ordering::Relaxed) => None,
                None => self.pipe.take(deadline)?,
            };
            let Some(mut fetched) = fetched else {
                break;
            };
            if fetched.messages.len() > most - rows {
                reading.rest = Some(Fetched {
                    turns: fetched.turns.clone(),
                    messages: fetched.messages.split_off(most - rows),
                });
            }
            let reached = select(&mut reading.left, &mut fetched.messages);
            let reached = fetched.in_turn(reached).into_iter();
            covered.extend(reached.map(|one| (one.partition, one)));
            rows += fetched.messages.len();
            gathered.push(fetched.messages);
        }
        Ok((gathered, covered.into_values().collect()))
    }

    /// Partitions that other runs of the group read are theirs to finish.
    fn look(&self, reading: &mut Reading) {
        if reading.looked.elapsed() < LINGER * 2 {
            return;
        }
        reading.looked = Instant::now();
        let members = lock(&self.members);
        let joined = members
            .iter()
            .all(|member| member.consumer().context().joined());
        if let Some(member) = members.first().filter(|_| joined)
            && let Err(error) = reading.left.look(member.consumer(), &self.topic)
        {
            tracing::debug!(%error, "the group's offsets are not known");
        }
    }

    fn commit(&self) -> Result<()> {
        for member in lock(&self.members).iter() {
            let consumer = member.consumer();
            let turns = consumer.context().turns();
            self.ledger
                .commit(&turns, consumer)
                .map_err(|error| Error::because("committing offsets", error))?;
        }
        Ok(())
    }
}

/// Keeps the messages that belong to the run, and says how far it has read partitions with them.
fn select(left: &mut Left, messages: &mut Messages) -> HashMap<i32, i64> {
    let mut reached = HashMap::new();
    messages.retain(|message| {
        let (partition, offset) = (message.partition, message.offset);
        let keep = message.error.is_none() && left.takes(partition, offset);
        let next = left.reached(partition, next(&message));
        reached.extend(next.map(|next| (partition, next)));
        if keep {
            left.took();
        }
        keep
    });
    reached
}

impl Flow for Group {
    fn next(&self, number: u64, most: usize) -> Result<Option<Box<dyn Block>>> {
        let mut reading = lock(&self.reading);
        if reading.left.is_nothing() {
            return Ok(None);
        }
        let (messages, covered) = self.gather(&mut reading, most)?;
        if messages.is_empty() {
            self.look(&mut reading);
        }
        self.ledger.add(number, covered);
        let block = Waiting::new(messages, self.decode.clone());
        Ok(Some(Box::new(block)))
    }

    fn stop(&self) {
        if !self.stopped.swap(true, Ordering::Relaxed) {
            self.pipe.close();
        }
    }

    fn durable(&self, batches: u64) -> Result<()> {
        // What was left out is safe once the brokers have its letters.
        if let Some(dead) = &self.dead
            && !dead.flush()?
        {
            return Ok(());
        }
        self.ledger.safe(batches);
        if let Err(error) = self.commit() {
            // It is tried again, and what was not told comes again.
            tracing::warn!("{error}");
        }
        Ok(())
    }

    fn close(&self) {
        self.stop();
        for thread in lock(&self.threads).drain(..) {
            thread.join().ok();
        }
        let deadline = Instant::now() + LAST_WORDS;
        while let Err(error) = self.commit() {
            tracing::warn!("{error}");
            if Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        lock(&self.reading).rest = None;
        // Whoever holds the last messages of a member lets it leave the group.
        for member in lock(&self.members).drain(..) {
            member.consumer().context().leave();
        }
    }
}

fn member(topic: &Topic, ledger: &Arc<Ledger>) -> Result<Arc<Member>> {
    let mut settings = config(&topic.connection);
    let start = match topic.start {
        super::options::Start::Earliest => "earliest",
        super::options::Start::Latest => "latest",
    };
    for (name, value) in [
        ("group.id", topic.group.as_str()),
        ("auto.offset.reset", start),
        ("enable.auto.commit", "false"),
        ("enable.auto.offset.store", "false"),
        ("enable.partition.eof", "true"),
        ("allow.auto.create.topics", "false"),
        ("check.crcs", "true"),
        // Somebody else goes on with the partitions of a run that was killed after so long.
        ("session.timeout.ms", "10000"),
        // A full queue is asked again after so many milliseconds, not after a second.
        ("fetch.queue.backoff.ms", "5"),
        ("queued.min.messages", "200000"),
        ("queued.max.messages.kbytes", "65536"),
    ] {
        settings.set(name, value);
    }
    let settings = topic.connection.finish(settings);
    let context = Context::new(ledger.clone());
    let consumer: BaseConsumer<Context> = settings
        .create_with_context(context)
        .map_err(|error| no_client("consumer", error))?;
    let member = Member::new(consumer);
    let member = member.ok_or_else(|| Error::run("there is no memory for a queue of Kafka"))?;
    let target = member.target();
    member.consumer().context().forward_to(target);
    Ok(member)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
