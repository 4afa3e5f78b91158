//! rowgen's own producer: record batches made on every core, sent by one thread that keeps their
//! order, sends again what a broker could not take, and lets the broker drop what comes twice.

mod answers;
mod cluster;
mod compress;
mod in_flight;
mod pending;
mod record_batch;
mod records;
mod sender;

use std::any::Any;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use super::delivery::DeliveryTracker;
use super::messages::MessageBatch;
use super::times::now;
use crate::error::{Error, Result};
use crate::sync::spawn;
pub use compress::Compressor;
use in_flight::InFlightBatch;
use record_batch::RecordBatch;
use sender::{SenderEvent, SenderState};

/// How the producer behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `host:port`, several with commas between.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// Who must have a message: -1, 1 or 0.
    pub acks: i16,
    /// The broker drops what comes twice.
    pub idempotence: bool,
    /// Requests under way to one broker.
    pub max_in_flight: usize,
    /// A message that is not acknowledged by then is lost.
    pub timeout: Duration,
}

/// A producer at work on a thread of its own.
pub struct Native {
    events: Sender<SenderEvent>,
    delivery: Arc<DeliveryTracker>,
    thread: Option<JoinHandle<()>>,
    order: u64,
}

/// Record batches of one batch of rows, and the first row of each for the pace.
pub type EncodedRecordBatches = Vec<(usize, RecordBatch)>;

/// Adds what a worker makes of messages.
///
/// # Errors
/// The compressor failed.
pub fn encode(
    messages: &MessageBatch,
    compressor: &mut Compressor,
    out: &mut EncodedRecordBatches,
) -> Result<()> {
    let now = now();
    for group in &messages.groups {
        let batch = record_batch::encode(messages, group, now, compressor)?;
        out.push((group.first_row, batch));
    }
    Ok(())
}

impl Native {
    /// Finds the brokers and starts the thread.
    ///
    /// # Errors
    /// Nobody answers, or the system gives no thread.
    pub fn start(settings: Settings, delivery: Arc<DeliveryTracker>) -> Result<Self> {
        let (events, inbox) = channel();
        let mut run = SenderState::new(settings, delivery.clone(), inbox, events.clone());
        run.begin().map_err(|cause| {
            Error::because(
                format!("could not begin to send to topic `{}`", run.topic()),
                cause,
            )
        })?;
        let broken = delivery.clone();
        let panicked = move |panic: &(dyn Any + Send)| broken.panicked(panic);
        let thread = spawn("send to Kafka", move || run.run(), panicked)
            .map_err(|error| Error::because("starting a thread", error))?;
        Ok(Self {
            events,
            delivery,
            thread: Some(thread),
            order: 0,
        })
    }

    /// Hands a record batch of batch `number` over; waits while too much is under way.
    ///
    /// # Errors
    /// Something failed for good.
    pub fn send(&mut self, number: u64, batch: RecordBatch) -> Result<()> {
        self.delivery
            .begin(number, u64::from(batch.rows), batch.bytes.len())?;
        let part = InFlightBatch::new(self.order, number, batch);
        self.order += 1;
        // The thread only ends before its inbox when the delivery is over, which `finish` tells.
        let _ = self.events.send(SenderEvent::Part(part));
        Ok(())
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        self.delivery.end();
        let _ = self.events.send(SenderEvent::End);
        // Where something is missing the thread may wait for a server that is dead: it ends alone.
        let complete = self.delivery.is_complete();
        if let Some(thread) = self.thread.take().filter(|_| complete) {
            // A panic of the thread was told to the delivery.
            let _ = thread.join();
        }
    }
}
