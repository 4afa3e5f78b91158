//! Many messages for one partition handed to librdkafka in one call, without a copy.
//!
//! rdkafka has no safe way to `rd_kafka_produce_batch`; this is the least that is needed of it.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::bindings;
use rdkafka::client::Client;
use rdkafka::producer::{BaseProducer, Producer, ProducerContext};

/// Messages that stay where they are until librdkafka has told what became of each.
pub trait Messages: Send + Sync + 'static {
    /// The bytes of message `row`, if it has any.
    fn value(&self, row: usize) -> Option<&[u8]>;
    /// Its key, if it has one.
    fn key(&self, row: usize) -> Option<&[u8]>;
}

/// A producer to one topic, and everything that it still reads.
pub struct BatchProducer<C: ProducerContext<DeliveryOpaque = usize> + 'static> {
    // Dropped before what it reads: librdkafka ends its threads and reads no message after that.
    producer: BaseProducer<C>,
    topic: *mut bindings::rd_kafka_topic_t,
    held: Mutex<HashMap<usize, Held>>,
}

struct Held {
    #[allow(dead_code, reason = "kept alive for librdkafka, which reads it")]
    messages: Arc<dyn Messages>,
    left: usize,
}

// SAFETY: librdkafka's handles may be used from every thread; `topic` is only read.
unsafe impl<C: ProducerContext<DeliveryOpaque = usize> + 'static> Send for BatchProducer<C> {}
// SAFETY: as above.
unsafe impl<C: ProducerContext<DeliveryOpaque = usize> + 'static> Sync for BatchProducer<C> {}

impl<C: ProducerContext<DeliveryOpaque = usize> + 'static> BatchProducer<C> {
    /// A producer to `topic`; none where the name is no topic's.
    pub fn new(producer: BaseProducer<C>, topic: &str) -> Option<Self> {
        let name = CString::new(topic).ok()?;
        let client: &Client<C> = producer.client();
        // SAFETY: the client lives, the name ends with a zero; without a configuration the topic
        // takes that of the client.
        let topic = unsafe {
            bindings::rd_kafka_topic_new(client.native_ptr(), name.as_ptr(), ptr::null_mut())
        };
        (!topic.is_null()).then(|| Self {
            producer,
            topic,
            held: Mutex::default(),
        })
    }

    /// The producer, to poll and to flush.
    pub fn producer(&self) -> &BaseProducer<C> {
        &self.producer
    }

    /// Hands messages `rows` over, all for `partition`; what becomes of each is told with `id`,
    /// which no other messages under way may have. Says which rows librdkafka's queue had no room
    /// for, or why it took none.
    ///
    /// # Errors
    /// librdkafka's error for a row that it will never take.
    pub fn produce(
        &self,
        messages: &Arc<dyn Messages>,
        rows: &[u32],
        partition: i32,
        id: usize,
    ) -> Result<Vec<u32>, rdkafka::types::RDKafkaErrorCode> {
        let message = |row: &u32| native(messages.as_ref(), *row as usize, id);
        let mut batch: Vec<bindings::rd_kafka_message_t> = rows.iter().map(message).collect();
        self.hold(id, messages, batch.len());
        // SAFETY: the topic lives as long as `self`. `batch` holds as many messages as are said.
        // Without flags librdkafka neither copies nor frees what they point to: `held` keeps that
        // until `settled` was told of every one of them, and `producer` is dropped before `held`.
        let taken = unsafe {
            bindings::rd_kafka_produce_batch(
                self.topic,
                partition,
                0,
                batch.as_mut_ptr(),
                i32::try_from(batch.len()).unwrap_or(i32::MAX),
            )
        };
        debug_assert!(taken >= 0 && taken as usize <= batch.len());
        let mut left = Vec::new();
        for (message, row) in batch.iter().zip(rows) {
            match message.err {
                bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => {}
                bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__QUEUE_FULL => left.push(*row),
                other => {
                    self.settled(id, batch.len() - taken as usize);
                    return Err(other.into());
                }
            }
        }
        self.settled(id, left.len());
        Ok(left)
    }

    /// What became of so many messages of `id` is known: they are not read any more.
    pub fn settled(&self, id: usize, messages: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(one) = held.get_mut(&id) {
            debug_assert!(one.left >= messages);
            one.left -= messages;
            if one.left == 0 {
                held.remove(&id);
            }
        }
    }

    fn hold(&self, id: usize, messages: &Arc<dyn Messages>, count: usize) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let one = held.entry(id).or_insert_with(|| Held {
            messages: messages.clone(),
            left: 0,
        });
        debug_assert!(Arc::ptr_eq(&one.messages, messages));
        one.left += count;
    }
}

impl<C: ProducerContext<DeliveryOpaque = usize> + 'static> Drop for BatchProducer<C> {
    fn drop(&mut self) {
        // SAFETY: it was made by `rd_kafka_topic_new` and is destroyed once; the client counts its
        // own references.
        unsafe { bindings::rd_kafka_topic_destroy(self.topic) };
    }
}

fn native(messages: &dyn Messages, row: usize, id: usize) -> bindings::rd_kafka_message_t {
    let parts = |bytes: Option<&[u8]>| match bytes {
        // Empty is not null: librdkafka tells them apart by the pointer.
        Some(bytes) => (bytes.as_ptr().cast_mut().cast::<c_void>(), bytes.len()),
        None => (ptr::null_mut(), 0),
    };
    let (payload, len) = parts(messages.value(row));
    let (key, key_len) = parts(messages.key(row));
    bindings::rd_kafka_message_t {
        err: bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR,
        rkt: ptr::null_mut(),
        partition: 0,
        payload,
        len,
        key,
        key_len,
        offset: 0,
        _private: id as *mut c_void,
    }
}
