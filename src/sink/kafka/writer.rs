//! The lane's writer: hands messages to a producer in order, no faster than the pace allows.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::delivery::{Delivery, wait_until};
use super::encoder::Sent;
use super::librdkafka::Librdkafka;
use super::native::Native;
use crate::error::{Error, Result};
use crate::format::{Body, Chunk};
use crate::sink::FileReport;
use crate::sink::lane::{Marks, Writer};

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
    /// What becomes of them.
    pub delivery: Arc<Delivery>,
    /// Rows a second.
    pub rate: Option<f64>,
    /// When the first row came.
    pub began: Option<Instant>,
    /// Rows in a batch.
    pub batch_rows: u64,
}

impl Writer for Messenger {
    fn write(&mut self, number: u64, chunk: Chunk, _marks: &Marks) -> Result<ControlFlow<()>> {
        let Body::Own(sent) = chunk.body else {
            return Err(Error::run("messages were expected"));
        };
        let Ok(sent) = sent.downcast::<Sent>() else {
            return Err(Error::run("messages were expected"));
        };
        let first = number * self.batch_rows;
        match *sent {
            Sent::Encoded(batches) => {
                for (row, batch) in batches {
                    self.hold(first + row as u64);
                    if let Producer::Native(native) = &mut self.producer {
                        native.send(number, batch)?;
                    }
                }
            }
            Sent::Messages(messages) => {
                for group in &messages.groups {
                    self.hold(first + group.first_row as u64);
                    if let Producer::Librdkafka(producer) = &mut self.producer {
                        producer.send(number, &messages, group)?;
                    }
                }
            }
        }
        self.delivery.complete(number);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        self.delivery.finish()?;
        Ok(Vec::new())
    }
}

impl Messenger {
    /// Waits until row `row`, counted from this run's first, is due.
    fn hold(&mut self, row: u64) {
        let Some(rate) = self.rate else {
            return;
        };
        let began = *self.began.get_or_insert_with(Instant::now);
        wait_until(
            began + Duration::from_secs_f64(row as f64 / rate),
            &self.delivery,
        );
    }
}
