//! Members fetch on threads of their own.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::lag::Lag;
use super::member::{Member, Messages, same_turn};
use super::offsets::Ledger;
use super::pipe::{Fetched, Pipe};
use super::presence::Presence;
use super::reading::{Reading, next};
use crate::error::Error;
use crate::report::Meter;
use crate::sync::lock;

/// Messages that a member takes at once.
// A choice, the size of a usual batch; nothing was measured.
const MOST_MESSAGES: usize = 16_384;

/// How often is looked what other runs of the group have read.
const LOOK: Duration = Duration::from_secs(2);

/// What the members of a group and the batches share.
pub struct Shared {
    /// The topic.
    pub topic: String,
    /// What is safe.
    pub ledger: Arc<Ledger>,
    /// What was fetched.
    pub pipe: Pipe,
    /// What of it belongs to the run.
    pub reading: Mutex<Reading>,
    /// Is told how much waits.
    pub meter: Arc<Meter>,
    /// How long a member waits for more messages before it looks after its group.
    pub step: Duration,
    /// About the most bytes that a member takes at once.
    pub most_bytes: usize,
}

/// What a member does until the pipe is closed. The first one also looks at what others have read.
pub fn run(member: &Arc<Member>, shared: &Shared, number: usize) {
    let first = number == 0;
    // Few at first: how large messages are is known once some have come.
    let mut most = MOST_MESSAGES / 64;
    let mut looked = Instant::now();
    let mut lag = Lag::default();
    let mut presence = Presence::of(number);
    while !shared.pipe.is_closed() {
        // Before each take, so that a group is answered while messages come, too.
        if !attend(member, shared) {
            return;
        }
        if first && looked.elapsed() >= LOOK {
            look(member, shared);
            looked = Instant::now();
        }
        lag.tell(member, shared);
        presence.tell(member, shared);
        let mut messages = member.take(most, shared.step);
        messages.retain(|message| match message.error {
            // The end of a partition is kept: it is how offsets without a message (markers of
            // transactions) are read. Without them two runs of one group waited for each other for
            // ever.
            None | Some(RDKafkaErrorCode::PartitionEOF) => true,
            Some(code) => {
                complain(&KafkaError::MessageConsumption(code), shared);
                false
            }
        });
        if messages.is_empty() {
            continue;
        }
        let fetched = Fetched::new(member.consumer().context().turns(), messages);
        most = next_most(&fetched, shared.most_bytes);
        if !hand_over(member, shared, fetched) {
            return;
        }
    }
}

/// Puts messages into the pipe as soon as there is room; false when the member cannot go on.
fn hand_over(member: &Arc<Member>, shared: &Shared, fetched: Fetched) -> bool {
    let mut fetched = Some(fetched);
    while let Some(waiting) = fetched {
        let (turns, reached) = (waiting.turns.clone(), reached(&waiting.messages));
        // Waits in steps: a member that stood at a full pipe without polling would lose its group.
        fetched = shared.pipe.put(waiting, &reached, shared.step);
        match &mut fetched {
            // Only what is in the pipe counts as read. Another member of this run that gets the
            // partition goes on from there.
            None => shared.ledger.read(&turns, &reached),
            Some(_) if !attend(member, shared) => return false,
            Some(back) => forget(back, member),
        }
    }
    true
}

/// How far messages go in each partition.
fn reached(messages: &Messages) -> Vec<(i32, i64)> {
    let mut reached: Vec<(i32, i64)> = Vec::new();
    let mut last = 0;
    for message in messages.iter() {
        let here = |one: &(i32, i64)| one.0 == message.partition;
        // Messages of a partition come in long runs, so that the last entry is mostly the right
        // one.
        if !reached.get(last).is_some_and(here) {
            last = reached.iter().position(here).unwrap_or(reached.len());
        }
        match reached.get_mut(last) {
            Some(one) => one.1 = next(&message),
            None => reached.push((message.partition, next(&message))),
        }
    }
    reached
}

/// Lets go of partitions that the member lost before its messages were on their way.
fn forget(fetched: &mut Fetched, member: &Member) {
    let (now, then) = (member.consumer().context().turns(), fetched.turns.clone());
    if !Arc::ptr_eq(&now, &then) {
        let kept = |partition: i32| same_turn(now.get(&partition), then.get(&partition));
        fetched.messages.retain(|message| kept(message.partition));
    }
}

/// Answers what the group asks, and begins again what a sink has ended; false when the member cannot
/// go on.
fn attend(member: &Arc<Member>, shared: &Shared) -> bool {
    let consumer = member.consumer();
    if let Some(Err(error)) = consumer.poll(Duration::ZERO)
        && !complain(&error, shared)
    {
        return false;
    }
    let context = consumer.context();
    if let Err(error) = context.begin_again(consumer) {
        shared.pipe.fail(error);
        return false;
    }
    let Some(error) = context.failed() else {
        return true;
    };
    shared.pipe.fail(error.clone());
    false
}

/// Partitions that other runs of the group read to their end are theirs: this run does not wait.
fn look(member: &Member, shared: &Shared) {
    let consumer = member.consumer();
    // While messages wait, this run is busy itself, and the brokers need not be asked.
    if !consumer.context().joined() || !shared.pipe.is_empty() {
        return;
    }
    let waited = lock(&shared.reading).left.waited();
    if waited.is_empty() {
        return;
    }
    match consumer.context().reached(consumer, &waited) {
        Ok(told) => {
            let mut reading = lock(&shared.reading);
            reading.left.told(&told);
            if reading.left.is_nothing() {
                shared.pipe.end();
            }
        }
        Err(error) => tracing::debug!(%error, "the group's offsets are not known"),
    }
}

/// True when the error passes by itself.
fn complain(error: &KafkaError, shared: &Shared) -> bool {
    let hint = match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
            "does the topic exist?"
        }
        Some(RDKafkaErrorCode::TopicAuthorizationFailed) => "may this user read the topic?",
        Some(RDKafkaErrorCode::GroupAuthorizationFailed) => "may this user read with this group?",
        Some(RDKafkaErrorCode::SaslAuthenticationFailed | RDKafkaErrorCode::Authentication) => {
            "check `sasl:` and `tls:`"
        }
        // Comes only where the sink says where to go on (`auto.offset.reset` is `error` then).
        Some(RDKafkaErrorCode::AutoOffsetReset) => {
            "the brokers deleted messages before they were read: raise the topic's retention"
        }
        _ if matches!(error, KafkaError::MessageConsumptionFatal(_)) => {
            "start the run again: it goes on where it was safe"
        }
        // librdkafka tells a lost connection as an error, too, and connects again by itself.
        _ => {
            tracing::debug!(%error, "librdkafka reported while consuming");
            return true;
        }
    };
    let topic = &shared.topic;
    let error = Error::because(format!("reading topic `{topic}`"), error);
    shared.pipe.fail(error.hint(hint));
    false
}

/// As many messages as are about as many bytes as a take may have.
fn next_most(fetched: &Fetched, most_bytes: usize) -> usize {
    let count = fetched.messages.len();
    // By the size of the messages that came last; a take is bounded by bytes, not by rows.
    (most_bytes * count / fetched.bytes().max(1)).clamp(1, MOST_MESSAGES)
}
