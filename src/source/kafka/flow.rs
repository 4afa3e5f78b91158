//! A topic in motion: members fetch, blocks are numbered, offsets are committed once they are safe.

use std::any::Any;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::topic_partition_list::TopicPartitionList;

use super::block::{Decode, Waiting};
use super::dead::DeadTopic;
use super::fetch::{self, Shared};
use super::lag;
use super::member::{Context, Member};
use super::offsets::Ledger;
use super::options::{Start, Until};
use super::pipe::{MESSAGE, Pipe};
use super::places::Places;
use super::reading::Reading;
use super::topic::Topic;
use super::until::Remaining;
use crate::client::kafka::{config, no_client};
use crate::error::{Error, Result};
use crate::source::{Begin, Block, Flow};
use crate::sync::{lock, spawn};

/// How long is tried at the end to tell the brokers what is safe.
// A choice, as `STEP` is. What is not committed by then is read again by the next run.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How long a member waits for more messages at most: its group is looked after in between.
const STEP: Duration = Duration::from_millis(20);

/// What one member may fetch ahead.
struct Ahead {
    /// librdkafka counts the bytes of messages, and not what it keeps of each besides: of small messages
    /// that is most of the memory (291 MiB where 64 were asked for, of messages of 150 bytes).
    messages: usize,
    kibibytes: usize,
    /// Bytes of an answer of a broker: it is asked for as long as there is any room.
    answer: usize,
}

impl Ahead {
    /// Of `bytes` a quarter waits for a batch. Half is for bytes of messages, a quarter for the rest.
    fn of(bytes: usize) -> Self {
        Self {
            messages: (bytes / 4 / MESSAGE).max(1),
            kibibytes: (bytes / 2 / 1024).max(1),
            // 50 MiB is librdkafka's own default. With it, and without a limit for messages, a
            // service with 64 MiB to fetch ahead held 291 MiB.
            answer: (bytes / 16).clamp(1 << 20, 50 << 20),
        }
    }
}

/// The group's members and what they have read.
pub struct Group {
    members: Mutex<Vec<Arc<Member>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    shared: Arc<Shared>,
    decode: Arc<Decode>,
    dead: Option<Arc<DeadTopic>>,
    /// The run is only measured: there is no group, and nothing is committed.
    measured: bool,
}

impl Group {
    /// Joins the group; a run that is only measured reads all partitions without one.
    ///
    /// # Errors
    /// The brokers cannot be reached, or do not have the topic.
    pub fn join(topic: &Topic, begin: &Begin) -> Result<Self> {
        let dead = topic.dead_topic.as_deref().filter(|_| !begin.measured);
        let dead = dead.map(|dead| DeadTopic::open(&topic.connection, dead));
        let dead = dead.transpose()?.map(Arc::new);
        // A fraction of the linger, or a member that waits would itself delay the batch.
        let step = (topic.linger / 4).clamp(Duration::from_millis(1), STEP);
        let room = topic.buffer / 4;
        let shared = Shared {
            topic: topic.name.clone(),
            ledger: Arc::new(Ledger::new(&topic.name)),
            pipe: Pipe::new(room, topic.linger, begin.wake.clone()),
            reading: Mutex::new(Reading::new(Remaining::All, topic.skips_tombstones())),
            meter: begin.meter.clone(),
            step,
            most_bytes: room / 4,
        };
        let group = Self {
            shared: Arc::new(shared),
            decode: Arc::new(topic.decode(dead.clone())),
            dead,
            members: Mutex::default(),
            threads: Mutex::default(),
            measured: begin.measured,
        };
        // Some members may have joined: they leave, or the group would wait 10 s for them.
        if let Err(error) = group.start(topic, begin) {
            group.close();
            return Err(error);
        }
        Ok(group)
    }

    fn start(&self, topic: &Topic, begin: &Begin) -> Result<()> {
        let resume = begin.resume.clone();
        let places = Places::new(&topic.name, topic.start, resume, begin.measured);
        let places = Arc::new(places);
        for _ in 0..topic.consumers {
            let member = member(topic, &self.shared.ledger, &places)?;
            lock(&self.members).push(member);
        }
        let members = lock(&self.members).clone();
        if !self.measured {
            tell(topic, begin.batch_rows);
            // The members join while the brokers are asked what there is.
            for member in &members {
                let joined = member.consumer().subscribe(&[&topic.name]);
                joined.map_err(|error| {
                    Error::because(format!("subscribing to topic `{}`", topic.name), error)
                })?;
            }
        }
        let partitions: Vec<i32> = (0..topic.partitions()?).collect();
        self.ask(topic, &places, &partitions)?;
        for (number, member) in members.into_iter().enumerate() {
            if self.measured {
                let mut own = TopicPartitionList::new();
                for partition in partitions.iter().skip(number).step_by(topic.consumers) {
                    own.add_partition(&topic.name, *partition);
                }
                let consumer = member.consumer();
                consumer.context().assign(consumer, &mut own)?;
            }
            let shared = self.shared.clone();
            let told = shared.clone();
            // A member that is gone fetches nothing more: batches would wait for it for ever.
            let panicked = move |panic: &(dyn Any + Send)| {
                told.pipe.fail(Error::of_panic("reading the topic", panic));
            };
            let fetch = move || fetch::run(&member, &shared, number);
            let thread = spawn(&format!("fetch {number}"), fetch, panicked)
                .map_err(|error| Error::because("starting a thread", error))?;
            lock(&self.threads).push(thread);
        }
        Ok(())
    }

    /// Asks which part of the topic belongs to the run.
    fn ask(&self, topic: &Topic, places: &Places, partitions: &[i32]) -> Result<()> {
        let until = match topic.until {
            // What is measured ends.
            Until::Forever if self.measured => Until::End,
            until => until,
        };
        let members = lock(&self.members);
        let first = members
            .first()
            .ok_or_else(|| Error::run("a group has no members"))?;
        // Without an end nobody needs to know what there is.
        let found = match until {
            Until::End => places.find(first.consumer(), partitions)?,
            _ => std::collections::HashMap::new(),
        };
        let left = Remaining::new(until, &found);
        self.shared.pipe.awaits(left.awaited());
        if left.is_nothing() {
            self.shared.pipe.end();
        }
        lock(&self.shared.reading).left = left;
        Ok(())
    }

    fn commit(&self) -> Result<()> {
        // No group: to join that of the pipeline would take partitions from its real run.
        if self.measured {
            return Ok(());
        }
        for member in lock(&self.members).iter() {
            let consumer = member.consumer();
            // Each member commits the partitions that it has itself: the brokers take no others
            // from it.
            let turns = consumer.context().turns();
            self.shared
                .ledger
                .commit(&turns, consumer)
                .map_err(|error| Error::because("committing offsets", error))?;
        }
        Ok(())
    }
}

impl Flow for Group {
    fn wait(&self, most: usize) -> Option<Duration> {
        self.shared.pipe.wait(most)
    }

    fn next(&self, number: u64, most: usize) -> Result<Option<Box<dyn Block>>> {
        let mut reading = lock(&self.shared.reading);
        if reading.left.is_nothing() {
            return Ok(None);
        }
        self.shared.pipe.begin();
        let gathered = reading.gather(&self.shared.pipe, most)?;
        if reading.left.is_nothing() {
            self.shared.pipe.end();
        }
        drop(reading);
        let spans = gathered.spans.into();
        // Before the block is handed on. A batch that is safe before the ledger knows it would
        // never be committed.
        self.shared.ledger.add(number, &spans);
        let block = Waiting::new(gathered.messages, spans, self.decode.clone());
        Ok(Some(Box::new(block)))
    }

    fn stop(&self) {
        self.shared.pipe.close();
    }

    fn durable(&self, batches: u64) -> Result<()> {
        // Messages that were left out are safe only once the brokers have their dead letters: a
        // commit before that would lose them, if the program were killed then.
        if let Some(dead) = &self.dead
            && !dead.flush()?
        {
            return Ok(());
        }
        self.shared.ledger.safe(batches);
        if let Err(error) = self.commit() {
            // It is tried again, and what was not told comes again.
            tracing::warn!("{error}");
        }
        Ok(())
    }

    fn freeze(&self) -> bool {
        self.shared.ledger.freeze()
    }

    fn close(&self) {
        self.stop();
        // First the threads, so that nobody fetches or commits beside what follows.
        for thread in lock(&self.threads).drain(..) {
            thread.join().ok();
        }
        for member in lock(&self.members).iter() {
            lag::tell(member, &self.shared);
        }
        let deadline = Instant::now() + LAST_WORDS;
        while let Err(error) = self.commit() {
            tracing::warn!("{error}");
            if Instant::now() >= deadline {
                break;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        self.shared.pipe.clear();
        // Whoever holds the last messages of a member lets it leave the group.
        for member in lock(&self.members).drain(..) {
            member.consumer().context().leave();
        }
    }
}

/// What a log has of a group that is about to be joined.
fn tell(topic: &Topic, batch_rows: usize) {
    tracing::info!(
        brokers = topic.connection.brokers,
        topic = topic.name,
        group_id = topic.group,
        worker_count = topic.consumers,
        batch_size = batch_rows,
        "Starting Kafka consumer"
    );
}

fn member(topic: &Topic, ledger: &Arc<Ledger>, places: &Arc<Places>) -> Result<Arc<Member>> {
    let mut settings = config(&topic.connection);
    let start = match (places.are_the_sink_s(), topic.start) {
        // What the brokers delete before it is read is missing in the sink.
        (true, _) => "error",
        (false, Start::Earliest) => "earliest",
        (false, Start::Latest) => "latest",
    };
    let ahead = Ahead::of(topic.buffer / topic.consumers);
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
        ("queued.min.messages", &ahead.messages.to_string()),
        ("queued.max.messages.kbytes", &ahead.kibibytes.to_string()),
        ("fetch.max.bytes", &ahead.answer.to_string()),
    ] {
        settings.set(name, value);
    }
    let settings = topic.connection.finish(settings);
    let context = Context::new(&topic.name, ledger, places);
    let consumer: BaseConsumer<Context> = settings
        .create_with_context(context)
        .map_err(|error| no_client("consumer", error))?;
    let member = Member::new(consumer);
    let member = member.ok_or_else(|| Error::run("there is no memory for a queue of Kafka"))?;
    let target = member.target();
    member.consumer().context().forward_to(target);
    Ok(member)
}
