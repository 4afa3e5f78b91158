//! Messages of librdkafka in batches, as they lie in what was fetched: nothing is copied, and there
//! is one call for many.
//!
//! A member of a consumer group answers what the group asks of it in `BaseConsumer::poll`. Messages
//! come another way: each partition it is given is forwarded to a queue of its own, from which they
//! are taken together.
#![allow(unsafe_code)]

use std::ffi::CString;
use std::ptr::{NonNull, null_mut};
use std::sync::{Arc, Weak};
use std::time::Duration;

use rdkafka::bindings as native;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::RDKafkaErrorCode;

/// A consumer and the queue that its partitions are forwarded to.
pub struct Member<C: ConsumerContext> {
    // Dropped before the consumer, which it must not outlive.
    queue: Arc<Queue>,
    consumer: BaseConsumer<C>,
}

/// Where partitions are forwarded to, for those who are told of partitions before there is a member.
#[derive(Clone, Default)]
pub struct Target {
    queue: Weak<Queue>,
    /// The address of the client whose queue it is.
    client: usize,
}

/// Messages that were taken together. They lie in memory of their consumer, which they keep.
pub struct Messages<C: ConsumerContext> {
    // Dropped before the member, whose client's memory they lie in.
    messages: Vec<BorrowedMessage>,
    member: Arc<Member<C>>,
}

/// A message that librdkafka has given, until it is given back.
struct BorrowedMessage(NonNull<native::rd_kafka_message_t>);

/// One message.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// Its partition.
    pub partition: i32,
    /// Its place in it.
    pub offset: i64,
    /// It is no message, but this.
    pub error: Option<RDKafkaErrorCode>,
    /// Its key.
    pub key: Option<&'m [u8]>,
    /// Its value.
    pub value: Option<&'m [u8]>,
    /// Milliseconds since 1970, if its producer or its broker said.
    pub timestamp: Option<i64>,
}

struct Queue(NonNull<native::rd_kafka_queue_t>);

// SAFETY: librdkafka's queues may be used from any thread, with locks of their own.
unsafe impl Send for Queue {}
// SAFETY: as above.
unsafe impl Sync for Queue {}
// SAFETY: messages are read-only memory with counted references, which any thread may give back.
unsafe impl Send for BorrowedMessage {}

impl<C: ConsumerContext> Member<C> {
    /// A member that takes its partitions' messages from one queue; none where librdkafka makes none.
    pub fn new(consumer: BaseConsumer<C>) -> Option<Arc<Self>> {
        let client = consumer.client().native_ptr();
        // SAFETY: the client is alive while `consumer` is borrowed, and `Member` drops the queue
        // before it.
        let queue = unsafe { native::rd_kafka_queue_new(client) };
        let queue = Arc::new(Queue(NonNull::new(queue)?));
        Some(Arc::new(Self { queue, consumer }))
    }

    /// The consumer.
    pub fn consumer(&self) -> &BaseConsumer<C> {
        &self.consumer
    }

    /// Where its partitions are to be forwarded to.
    pub fn target(&self) -> Target {
        Target {
            queue: Arc::downgrade(&self.queue),
            client: self.consumer.client().native_ptr().addr(),
        }
    }

    /// The offset behind the last message of a partition, as the last answer to a fetch said; none
    /// before there was one.
    pub fn end(&self, topic: &str, partition: i32) -> Option<i64> {
        let topic = CString::new(topic).ok()?;
        let (mut low, mut high) = (-1, -1);
        // SAFETY: the client is alive while `self` is borrowed, the name ends with a zero, and both
        // numbers are ours.
        let said = unsafe {
            native::rd_kafka_get_watermark_offsets(
                self.consumer.client().native_ptr(),
                topic.as_ptr(),
                partition,
                &raw mut low,
                &raw mut high,
            )
        };
        let known = RDKafkaErrorCode::from(said) == RDKafkaErrorCode::NoError;
        (known && high >= 0).then_some(high)
    }

    /// At most `most` messages, fewer when no more come within `wait`.
    pub fn take(self: &Arc<Self>, most: usize, wait: Duration) -> Messages<C> {
        let mut messages = vec![null_mut(); most];
        let wait = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue lives as long as `self`, and there is room for `most` pointers.
        let taken = unsafe {
            native::rd_kafka_consume_batch_queue(
                self.queue.0.as_ptr(),
                wait,
                messages.as_mut_ptr(),
                most,
            )
        };
        let taken = usize::try_from(taken).unwrap_or(0);
        debug_assert!(
            taken <= most,
            "librdkafka gave more than there was room for"
        );
        messages.truncate(taken);
        let given = messages
            .into_iter()
            .filter_map(NonNull::new)
            .map(BorrowedMessage);
        Messages {
            messages: given.collect(),
            member: self.clone(),
        }
    }
}

impl Target {
    /// Sends what comes of a partition to the queue, before the partition is assigned; false when
    /// the queue is gone or is another client's.
    pub fn forward<C: ConsumerContext>(
        &self,
        consumer: &BaseConsumer<C>,
        topic: &str,
        partition: i32,
    ) -> bool {
        let client = consumer.client().native_ptr();
        let Ok(topic) = CString::new(topic) else {
            return false;
        };
        // Before the queue is held: another client may end meanwhile, and its queue must not outlive it.
        if self.client != client.addr() {
            return false;
        }
        let Some(queue) = self.queue.upgrade() else {
            return false;
        };
        // SAFETY: the client is alive while `consumer` is borrowed, and is the one that the queue
        // belongs to: a queue that still is there was made for the client that still is. Both queues
        // are held over the call, and librdkafka counts what it keeps.
        unsafe {
            let own = native::rd_kafka_queue_get_partition(client, topic.as_ptr(), partition);
            if own.is_null() {
                return false;
            }
            native::rd_kafka_queue_forward(own, queue.0.as_ptr());
            native::rd_kafka_queue_destroy(own);
        }
        true
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: nobody else holds it, and its client still lives: see `Member` and `forward`.
        unsafe { native::rd_kafka_queue_destroy(self.0.as_ptr()) }
    }
}

impl<C: ConsumerContext> Messages<C> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// True without any.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Every message.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Message<'_>> {
        self.messages.iter().map(BorrowedMessage::read)
    }

    /// Keeps the first `at` and gives the others away.
    #[must_use]
    pub fn split_off(&mut self, at: usize) -> Self {
        Self {
            messages: self.messages.split_off(at.min(self.messages.len())),
            member: self.member.clone(),
        }
    }

    /// Gives those back that are not to be kept.
    pub fn retain(&mut self, mut keep: impl FnMut(Message<'_>) -> bool) {
        self.messages.retain(|message| keep(message.read()));
    }
}

impl Drop for BorrowedMessage {
    fn drop(&mut self) {
        // SAFETY: it is ours alone and given back once, while its client lives: see `Messages`.
        unsafe { native::rd_kafka_message_destroy(self.0.as_ptr()) }
    }
}

impl BorrowedMessage {
    /// What librdkafka says of the message, for as long as it is not given back.
    fn read(&self) -> Message<'_> {
        let mut kind = native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: the pointer comes from `rd_kafka_consume_batch_queue` and is not given back while
        // `self` is borrowed; value and key are as long as librdkafka says.
        unsafe {
            let timestamp = native::rd_kafka_message_timestamp(self.0.as_ptr(), &raw mut kind);
            let message = self.0.as_ref();
            let bytes = |start: *mut std::ffi::c_void, length: usize| match start.is_null() {
                true => None,
                false => Some(std::slice::from_raw_parts(start.cast::<u8>(), length)),
            };
            let error = RDKafkaErrorCode::from(message.err);
            Message {
                partition: message.partition,
                offset: message.offset,
                error: (error != RDKafkaErrorCode::NoError).then_some(error),
                key: bytes(message.key, message.key_len),
                value: bytes(message.payload, message.len),
                timestamp: (timestamp >= 0).then_some(timestamp),
            }
        }
    }
}
