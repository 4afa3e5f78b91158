//! Fetches messages, a channel for each queue, and acknowledges those that are safe. A connection that is
//! lost is made again: what was not acknowledged comes again by new channels.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::stream::{self, Stream, StreamExt, select_all};
use lapin::message::Delivery;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Connection};
use tokio::time::{sleep, timeout};

use super::flow::Shared;
use super::options::Until;
use super::pipe::Message;
use super::stream_queue;
use crate::batch::Turn;
use crate::client::rabbitmq::Refused;
use crate::client::runtime::block_on;
use crate::error::Error;
use crate::units::one_line;

/// How often is looked how much waits, and of a run that ends, whether nothing does.
// Choices, as all times here are; nothing was measured.
const LOOK: Duration = Duration::from_millis(500);

/// A broker that is there has answered by then.
const ANSWER: Duration = Duration::from_secs(10);

/// A run that ends waits no longer for a broker that is away.
// A run without end waits for a broker for ever; one that is to end once a queue is empty would not
// end.
const PATIENCE: Duration = Duration::from_secs(60);

/// The first wait before a new connection, and the longest.
const WAITS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// How many looks in a row find that nothing more can come, until more is asked for.
const STUCK: u32 = 2;

/// So many messages are passed on at once.
const TOGETHER: usize = 1024;

/// A queue that is read.
struct Line {
    channel: Channel,
    turn: Arc<Turn>,
    /// The last message that has come, and the last that was acknowledged.
    came: u64,
    acknowledged: u64,
    /// How many consumers the channel has, each with as many messages under way as `prefetch` says.
    consumers: u64,
    /// How often in a row nothing more could come and nothing was acknowledged.
    stuck: u32,
    /// Messages that nobody has been given, at the last look.
    ready: u64,
    /// It was asked whether the queue is a stream.
    probed: bool,
}

/// What happens next.
enum Happens {
    /// Messages of a queue have come.
    Came(usize, Vec<lapin::Result<Delivery>>),
    /// The broker has ended the reading of a queue.
    Ended(usize),
    /// There is something to acknowledge, or nothing more to do.
    Rung,
    /// Some time has passed.
    Passed,
}

type Events<'s> = Pin<Box<dyn Stream<Item = Happens> + Send + 's>>;

/// Fetches until nothing more is wanted.
pub fn run(shared: &Arc<Shared>) {
    if let Err(error) = block_on(fetch(shared)) {
        shared.pipe.fail(error);
    }
}

async fn fetch(shared: &Shared) {
    let (mut tries, mut since) = (0u32, Instant::now());
    while !shared.closed.load(Ordering::Acquire) {
        let begun = Instant::now();
        let Err(refused) = session(shared).await else {
            continue;
        };
        // A connection that has lasted is no repeated failure.
        if begun.elapsed() > ANSWER {
            (tries, since) = (0, Instant::now());
        }
        let given_up = shared.until != Until::Forever && since.elapsed() >= PATIENCE;
        if !refused.passes || given_up {
            shared.pipe.fail(refused.error);
            return;
        }
        // The first failure is a warning; a broker that is away for an hour would fill the log.
        if tries == 0 {
            tracing::warn!("{}; it is tried again", refused.error);
        }
        let said = one_line(&refused.error.to_string());
        shared.meter.trouble(0, Some(said));
        let wait = WAITS.0.saturating_mul(1 << tries.min(10)).min(WAITS.1);
        tries += 1;
        let _ = timeout(wait, closed(shared)).await;
    }
}

/// Until nothing more is wanted.
async fn closed(shared: &Shared) {
    while !shared.closed.load(Ordering::Acquire) {
        sleep(Duration::from_millis(20)).await;
    }
}

/// One connection, until it is lost or nothing more is wanted.
async fn session(shared: &Shared) -> Result<(), Refused> {
    let connection = shared.broker.connect(&shared.name).await?;
    let mut lines = Vec::new();
    let read = read(shared, &connection, &mut lines).await;
    // Delivery tags die with their channel. Rows that came by it and are not safe yet come again by
    // the next one, so that nothing of this turn may be acknowledged any more.
    for line in &lines {
        line.turn.end();
    }
    shared.meter.connected(0, false);
    let _ = timeout(Duration::from_secs(2), connection.close(200, "done".into())).await;
    read
}

async fn read(
    shared: &Shared,
    connection: &Connection,
    lines: &mut Vec<Line>,
) -> Result<(), Refused> {
    // One stream of all that can happen, so that messages and acknowledgements of all queues take
    // turns on one thread.
    let mut all: Vec<Events<'_>> = vec![bell(shared), clock()];
    for (number, queue) in shared.queues.iter().enumerate() {
        let (line, events) = consume(shared, connection, number, queue).await?;
        lines.push(line);
        all.push(events);
    }
    shared.meter.connected(0, true);
    shared.meter.trouble(0, None);
    let mut events = select_all(all);
    let mut idle = 0;
    while let Some(event) = events.next().await {
        match event {
            Happens::Came(number, deliveries) => {
                idle = 0;
                take(shared, number, &mut lines[number], deliveries)?;
            }
            Happens::Ended(number) => return Err(ended(shared, number)),
            Happens::Rung => acknowledge(shared, lines).await?,
            Happens::Passed => {
                let waits = look(shared, lines).await?;
                for (number, line) in lines.iter_mut().enumerate() {
                    if line.is_silent() {
                        stream_queue::check(shared, connection, number).await?;
                    }
                    if line.is_stuck(shared) {
                        events.push(widen(shared, number, line).await?);
                    }
                }
                idle = if waits { 0 } else { idle + 1 };
                // Two looks in a row: at the first one the last messages may have left the queue
                // and not be here.
                if idle >= 2 && shared.until == Until::Empty {
                    for (number, line) in lines.iter_mut().enumerate() {
                        // A stream does not always tell how many messages it has.
                        if line.is_unasked() {
                            stream_queue::check(shared, connection, number).await?;
                        }
                    }
                    shared.pipe.end();
                }
            }
        }
        if lines.iter().any(|line| line.turn.is_over()) {
            // A new connection makes the broker send again what was not acknowledged.
            return Err(shared.broker.silent("a sink has given up its rows"));
        }
        if shared.closed.load(Ordering::Acquire) {
            return acknowledge(shared, lines).await;
        }
    }
    Ok(())
}

fn bell(shared: &Shared) -> Events<'_> {
    Box::pin(stream::unfold(shared, async |shared| {
        shared.bell.notified().await;
        Some((Happens::Rung, shared))
    }))
}

fn clock<'s>() -> Events<'s> {
    Box::pin(stream::unfold((), async |()| {
        sleep(LOOK).await;
        Some((Happens::Passed, ()))
    }))
}

/// Begins to read a queue by a channel of its own.
async fn consume<'s>(
    shared: &'s Shared,
    connection: &Connection,
    number: usize,
    queue: &str,
) -> Result<(Line, Events<'s>), Refused> {
    let doing = format!("reading queue `{queue}`");
    let said = |error: lapin::Error| shared.broker.refused(&doing, &error);
    let begin = async {
        let channel = connection.create_channel().await?;
        let each = BasicQosOptions::default();
        // The only bound on what is in memory here: the broker sends no more before some is
        // acknowledged.
        channel.basic_qos(shared.prefetch, each).await?;
        Ok(channel)
    };
    let begun = timeout(ANSWER, begin).await;
    let begun = begun.map_err(|_| shared.broker.silent(&doing))?;
    let mut line = Line {
        channel: begun.map_err(said)?,
        turn: Arc::new(Turn::of(queue)),
        came: 0,
        acknowledged: 0,
        consumers: 0,
        stuck: 0,
        ready: 0,
        probed: false,
    };
    let events = widen(shared, number, &mut line).await?;
    Ok((line, events))
}

/// One more consumer of a queue.
async fn widen<'s>(
    shared: &'s Shared,
    number: usize,
    line: &mut Line,
) -> Result<Events<'s>, Refused> {
    let queue = shared.queues[number].as_str();
    let doing = format!("reading queue `{queue}`");
    let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
    let begin = line
        .channel
        .basic_consume(queue.into(), "".into(), options, arguments);
    let begun = timeout(ANSWER, begin).await;
    let begun = begun.map_err(|_| shared.broker.silent(&doing))?;
    let consumer = begun.map_err(|error| shared.broker.refused(&doing, &error))?;
    line.consumers += 1;
    let came = consumer
        .ready_chunks(TOGETHER)
        .map(move |deliveries| Happens::Came(number, deliveries));
    let ended = stream::once(async move { Happens::Ended(number) });
    Ok(Box::pin(came.chain(ended)))
}

impl Line {
    /// True once, when nothing has come though there is something.
    fn is_silent(&mut self) -> bool {
        self.ready > 0 && self.is_unasked()
    }

    /// True once, when nothing has come.
    fn is_unasked(&mut self) -> bool {
        self.came == 0 && !std::mem::replace(&mut self.probed, true)
    }

    /// True when no more can come before something is acknowledged, and nothing is though all that has come
    /// was taken: some sinks have nothing safe before they have all, as a file that is whole or absent. What
    /// they have is in no memory here, so that more may come: by one more consumer, whose messages stand
    /// behind those that came.
    fn is_stuck(&mut self, shared: &Shared) -> bool {
        // With as many under way as the broker gives, and none of them here: nothing will happen
        // until somebody acknowledges.
        let full = self.came - self.acknowledged >= u64::from(shared.prefetch) * self.consumers;
        self.stuck = match full && shared.pipe.waiting().is_empty() {
            true => self.stuck + 1,
            false => 0,
        };
        let stuck = self.stuck >= STUCK;
        if stuck {
            self.stuck = 0;
        }
        stuck
    }
}

/// Passes on what has come.
fn take(
    shared: &Shared,
    number: usize,
    line: &mut Line,
    deliveries: Vec<lapin::Result<Delivery>>,
) -> Result<(), Refused> {
    let arrived = Instant::now();
    if let Some(first) = deliveries.iter().flatten().next() {
        // Of the first message only: either all messages of a queue are of a stream, or none is.
        stream_queue::check_delivery(shared, number, first)?;
    }
    let last = deliveries.iter().flatten().next_back();
    line.came = last.map_or(line.came, |last| line.came.max(last.delivery_tag));
    let mut failed = None;
    let messages = deliveries
        .into_iter()
        .filter_map(|delivery| match delivery {
            Ok(delivery) => Some(Message {
                queue: number as i32,
                turn: line.turn.clone(),
                tag: i64::try_from(delivery.delivery_tag).unwrap_or(i64::MAX),
                redelivered: delivery.redelivered,
                routing_key: delivery.routing_key.to_string(),
                timestamp: delivery
                    .properties
                    .timestamp()
                    .and_then(|seconds| i64::try_from(seconds).ok()),
                body: delivery.data,
                arrived,
            }),
            Err(error) => {
                failed = Some(error);
                None
            }
        });
    shared.pipe.put(messages);
    match failed {
        Some(error) => Err(shared.broker.refused("reading", &error)),
        None => Ok(()),
    }
}

fn ended(shared: &Shared, number: usize) -> Refused {
    let queue = &shared.queues[number];
    let mut refused = shared.broker.silent(&format!("reading queue `{queue}`"));
    refused.error = Error::because(
        format!(
            "reading queue `{queue}` at RabbitMQ at {}",
            shared.broker.name()
        ),
        "the broker has ended it",
    );
    refused
}

/// Acknowledges what is safe.
async fn acknowledge(shared: &Shared, lines: &mut [Line]) -> Result<(), Refused> {
    for (queue, turn, last) in shared.ledger.take() {
        let line = usize::try_from(queue).ok();
        let line = line.and_then(|queue| lines.get_mut(queue));
        // Tags of another channel would acknowledge other messages here, or close the channel.
        let Some(line) = line.filter(|line| Arc::ptr_eq(&line.turn, &turn)) else {
            continue;
        };
        let told = line
            .channel
            .basic_ack(last, BasicAckOptions { multiple: true });
        match timeout(ANSWER, told).await {
            Ok(Ok(())) => (line.acknowledged, line.stuck) = (last, 0),
            Ok(Err(error)) => return Err(shared.broker.refused("acknowledging", &error)),
            Err(_) => return Err(shared.broker.silent("acknowledging")),
        }
    }
    Ok(())
}

/// Tells how much waits of each queue; true if anything does.
async fn look(shared: &Shared, lines: &mut [Line]) -> Result<bool, Refused> {
    let here = shared.pipe.waiting();
    let mut any = !here.is_empty();
    for (number, (line, queue)) in lines.iter_mut().zip(&shared.queues).enumerate() {
        let doing = format!("looking at queue `{queue}`");
        // Passive: AMQP 0-9-1 has no other question for the number of messages, and this one makes
        // no queue.
        let asked = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let asked = line
            .channel
            .queue_declare(queue.as_str().into(), asked, FieldTable::default());
        let found = match timeout(ANSWER, asked).await {
            Ok(found) => found.map_err(|error| shared.broker.refused(&doing, &error))?,
            Err(_) => return Err(shared.broker.silent(&doing)),
        };
        let ready = u64::from(found.message_count());
        any |= ready > 0;
        line.ready = ready;
        let number = number as i32;
        let lag = ready + here.get(&number).copied().unwrap_or(0);
        shared.meter.lag(number, lag);
    }
    Ok(any)
}
