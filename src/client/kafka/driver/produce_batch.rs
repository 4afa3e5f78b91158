//! Many messages for one partition handed to librdkafka in one call, without a copy.
//!
//! rdkafka has no safe way to `rd_kafka_produce_batch`; this is the least that is needed of it.
#![allow(unsafe_code)]

use std::ffi::{CString, c_void};
use std::ptr::{NonNull, null_mut};
use std::sync::Arc;

use rdkafka::bindings;
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, DeliveryResult, Producer, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;
use rdkafka::util::IntoOpaque;

/// Messages that stay where they are until librdkafka has told what became of each.
pub trait Messages: Send + Sync + 'static {
    /// The bytes of message `row`, if it has any.
    fn value(&self, row: usize) -> Option<&[u8]>;
    /// Its key, if it has one.
    fn key(&self, row: usize) -> Option<&[u8]>;
}

/// Who hears of a producer and its messages.
pub trait Listener: Send + Sync + 'static {
    /// The client has met an error.
    fn error(&self, error: KafkaError, reason: &str);
    /// What became of a message that was sent with `id`.
    fn delivery(&self, result: &DeliveryResult<'_>, id: usize);
}

/// A producer to one topic.
pub struct BatchProducer<L: Listener> {
    // Given back before its client ends.
    topic: Topic,
    producer: BaseProducer<Context<L>>,
}

/// Tells the listener, and only then lets go of a message's ticket.
pub struct Context<L>(pub L);

/// What every message under way carries: the bytes that librdkafka reads where they are cannot go
/// before it has told of the message, whatever anybody else does.
pub struct Ticket {
    id: usize,
    #[allow(dead_code, reason = "kept alive for librdkafka, which reads it")]
    messages: Option<Arc<dyn Messages>>,
}

struct Topic(NonNull<bindings::rd_kafka_topic_t>);

// SAFETY: librdkafka's handles may be used from every thread.
unsafe impl Send for Topic {}
// SAFETY: as above.
unsafe impl Sync for Topic {}

impl Ticket {
    /// For messages that librdkafka copies.
    pub fn copied(id: usize) -> Arc<Self> {
        Arc::new(Self { id, messages: None })
    }
}

impl<L: Listener> ClientContext for Context<L> {
    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

impl<L: Listener> ProducerContext for Context<L> {
    type DeliveryOpaque = Arc<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Arc<Ticket>) {
        // `result` shows the bytes that the ticket holds.
        self.0.delivery(result, ticket.id);
    }
}

impl<L: Listener> BatchProducer<L> {
    /// A producer to `topic`; none where the name is no topic's.
    pub fn new(producer: BaseProducer<Context<L>>, topic: &str) -> Option<Self> {
        let name = CString::new(topic).ok()?;
        let client: &Client<Context<L>> = producer.client();
        // SAFETY: the client lives, the name ends with a zero; without a configuration the topic
        // takes that of the client.
        let topic =
            unsafe { bindings::rd_kafka_topic_new(client.native_ptr(), name.as_ptr(), null_mut()) };
        let topic = Topic(NonNull::new(topic)?);
        Some(Self { topic, producer })
    }

    /// The producer, to poll, to flush, and for messages that it copies.
    pub fn producer(&self) -> &BaseProducer<Context<L>> {
        &self.producer
    }

    /// Who hears of it.
    pub fn listener(&self) -> &L {
        &self.producer.context().0
    }

    /// Hands messages `rows` over, all for `partition`; what becomes of each is told with `id`. Says
    /// which rows librdkafka's queue had no room for, or why it took none.
    ///
    /// # Errors
    /// librdkafka's error for a row that it will never take.
    pub fn produce(
        &self,
        messages: &Arc<dyn Messages>,
        rows: &[u32],
        partition: i32,
        id: usize,
    ) -> Result<Vec<u32>, RDKafkaErrorCode> {
        let message = |row: &u32| native(messages.as_ref(), *row as usize);
        let mut batch: Vec<bindings::rd_kafka_message_t> = rows.iter().map(message).collect();
        let ticket = Arc::new(Ticket {
            id,
            messages: Some(messages.clone()),
        });
        for message in &mut batch {
            message._private = ticket.clone().into_ptr();
        }
        // SAFETY: the topic lives as long as `self`. `batch` holds as many messages as are said.
        // Without flags librdkafka neither copies nor frees what they point to: each has a ticket
        // of its own, which `Context` gets back once librdkafka has told of the message, and which
        // holds `messages`. Nobody can change those: they are only lent, for as long as anybody holds
        // them.
        let taken = unsafe {
            bindings::rd_kafka_produce_batch(
                self.topic.0.as_ptr(),
                partition,
                0,
                batch.as_mut_ptr(),
                i32::try_from(batch.len()).unwrap_or(i32::MAX),
            )
        };
        let (mut left, mut refused, mut back) = (Vec::new(), None, 0);
        for (message, row) in batch.iter().zip(rows) {
            match message.err {
                bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => continue,
                bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL => left.push(*row),
                other => refused = refused.or(Some(other)),
            }
            back += 1;
            // SAFETY: librdkafka has not taken this message, and so not its ticket, which comes
            // from `into_ptr` above and of which nobody else knows.
            drop(unsafe { Arc::from_raw(Arc::as_ptr(&ticket)) });
        }
        debug_assert_eq!(usize::try_from(taken), Ok(batch.len() - back));
        refused.map_or(Ok(left), |code| Err(code.into()))
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        // SAFETY: it was made by `rd_kafka_topic_new` and is destroyed once; the client counts its
        // own references.
        unsafe { bindings::rd_kafka_topic_destroy(self.0.as_ptr()) };
    }
}

/// A message without its ticket.
fn native(messages: &dyn Messages, row: usize) -> bindings::rd_kafka_message_t {
    let parts = |bytes: Option<&[u8]>| match bytes {
        // Empty is not null: librdkafka tells them apart by the pointer.
        Some(bytes) => (bytes.as_ptr().cast_mut().cast::<c_void>(), bytes.len()),
        None => (null_mut(), 0),
    };
    let (payload, len) = parts(messages.value(row));
    let (key, key_len) = parts(messages.key(row));
    bindings::rd_kafka_message_t {
        err: bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
        rkt: null_mut(),
        partition: 0,
        payload,
        len,
        key,
        key_len,
        offset: 0,
        _private: null_mut(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use rdkafka::config::ClientConfig;
    use rdkafka::message::Message;

    use super::*;

    /// The value of each message, once it was told of.
    #[derive(Default)]
    struct Heard(Mutex<Vec<(usize, Vec<u8>)>>);

    impl Listener for Heard {
        fn error(&self, _: KafkaError, _: &str) {}

        fn delivery(&self, result: &DeliveryResult<'_>, id: usize) {
            let message = match result {
                Ok(message) | Err((_, message)) => message,
            };
            let value = message.payload().unwrap_or_default().to_vec();
            self.0.lock().unwrap().push((id, value));
        }
    }

    struct Texts(Vec<String>);

    impl Messages for Texts {
        fn value(&self, row: usize) -> Option<&[u8]> {
            Some(self.0[row].as_bytes())
        }
        fn key(&self, _: usize) -> Option<&[u8]> {
            None
        }
    }

    /// Nobody listens there: every message is told of when its time is over. The queue has room for
    /// four.
    fn producer() -> BatchProducer<Heard> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", "127.0.0.1:1")
            .set("message.timeout.ms", "200")
            .set("queue.buffering.max.messages", "4")
            .create_with_context(Context(Heard::default()))
            .unwrap();
        BatchProducer::new(producer, "t").unwrap()
    }

    fn texts(of: &str) -> Arc<dyn Messages> {
        Arc::new(Texts((0..3).map(|row| format!("{of}{row}")).collect()))
    }

    /// Formerly held by their `id`, so that of two that came with the same one only the first were.
    #[test]
    fn messages_are_there_until_each_was_told_of() {
        let producer = producer();
        let (first, second) = (texts("a"), texts("b"));
        let held = [Arc::downgrade(&first), Arc::downgrade(&second)];
        assert_eq!(producer.produce(&first, &[0, 1, 2], 0, 7), Ok(vec![]));
        assert_eq!(producer.produce(&second, &[0, 1, 2], 0, 7), Ok(vec![1, 2]));
        drop((first, second));
        assert_eq!(held.each_ref().map(|held| held.strong_count()), [1, 1]);
        let heard = || producer.listener().0.lock().unwrap().clone();
        for _ in 0..1000 {
            if heard().len() == 4 {
                break;
            }
            producer.producer().poll(Duration::from_millis(10));
        }
        let mut all = heard();
        all.sort();
        let expected = ["a0", "a1", "a2", "b0"].map(|text| (7, text.as_bytes().to_vec()));
        assert_eq!(all, expected);
        assert_eq!(held.map(|held| held.strong_count()), [0, 0]);
    }

    #[test]
    fn what_is_under_way_when_a_producer_ends_is_told_of_and_let_go() {
        let producer = producer();
        let messages = texts("a");
        let held = Arc::downgrade(&messages);
        assert_eq!(producer.produce(&messages, &[0, 2], 0, 1), Ok(vec![]));
        drop(messages);
        drop(producer);
        assert_eq!(held.strong_count(), 0);
    }
}
