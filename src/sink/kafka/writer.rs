//! The lane's writer: hands messages to a producer in order, no faster than the pace allows.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::delivery::Delivery;
use super::encoder::Sent;
use super::librdkafka::Librdkafka;
use super::native::Native;
use crate::error::{Error, Result};
use crate::format::{Body, Chunk};
use crate::sink::lane::{Marks, Writer};
use crate::sink::{FileReport, Run};

/// How often a held message looks whether the run ends.
const STEP: Duration = Duration::from_millis(50);

/// Whoever sends.
pub enum Producer {
    /// rowgen's own.
    Native(Native),
    /// librdkafka.
    Librdkafka(Librdkafka),
}

/// Messages on their way to a producer.
pub struct Messenger {
    /// Whoever sends.
    pub producer: Producer,
    /// No faster than this.
    pub pace: Pace,
    /// Rows in a batch.
    pub batch_rows: u64,
}

/// Holds messages back until they are due.
pub struct Pace {
    /// Rows a second.
    pub rate: Option<f64>,
    /// When the first row came.
    pub began: Option<Instant>,
    /// The run, which may end before its rows do.
    pub run: Arc<dyn Run>,
    /// What becomes of the messages.
    pub delivery: Arc<Delivery>,
}

impl Writer for Messenger {
    fn waits(&self) -> bool {
        true
    }

    fn write(&mut self, number: u64, chunk: Chunk, _marks: &Marks) -> Result<ControlFlow<()>> {
        let Body::Own(sent) = chunk.body else {
            return Err(unexpected());
        };
        let sent = *sent.downcast::<Sent>().map_err(|_| unexpected())?;
        let first = number * self.batch_rows;
        match (&mut self.producer, sent) {
            (Producer::Native(native), Sent::Encoded(batches)) => {
                for (row, batch) in batches {
                    if self.pace.hold(first + row as u64).is_break() {
                        return Ok(ControlFlow::Continue(()));
                    }
                    native.send(number, batch)?;
                }
            }
            (Producer::Librdkafka(producer), Sent::Messages(groups)) => {
                for (messages, group) in groups {
                    if self.pace.hold(first + group.first_row as u64).is_break() {
                        return Ok(ControlFlow::Continue(()));
                    }
                    producer.send(number, &messages, &group)?;
                }
            }
            _ => return Err(unexpected()),
        }
        self.pace.delivery.complete(number);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        self.pace.delivery.finish()?;
        Ok(Vec::new())
    }
}

fn unexpected() -> Error {
    Error::run("messages were expected")
}

impl Pace {
    /// Waits until row `row`, counted from this run's first, is due. `Break` when the run ends
    /// before: what is not sent of the batch then is not durable either.
    fn hold(&mut self, row: u64) -> ControlFlow<()> {
        let Some(rate) = self.rate else {
            return ControlFlow::Continue(());
        };
        let began = *self.began.get_or_insert_with(Instant::now);
        let due = began + Duration::from_secs_f64(row as f64 / rate);
        loop {
            let wait = due.saturating_duration_since(Instant::now());
            if wait.is_zero() || self.delivery.is_over() {
                return ControlFlow::Continue(());
            }
            if self.run.stopping() {
                return ControlFlow::Break(());
            }
            std::thread::sleep(wait.min(STEP));
        }
    }
}
