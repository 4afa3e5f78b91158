//! The lane's writer: hands messages to a producer in order, no faster than the pace allows.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::delivery::Delivery;
use super::encoder::{Ready, Sent};
use super::librdkafka::Librdkafka;
use super::native::Native;
use crate::error::{Error, Result};
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
    /// The first row of the table that comes.
    pub first_row: u64,
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

impl Writer<Sent> for Messenger {
    fn waits(&self) -> bool {
        true
    }

    fn write(&mut self, number: u64, sent: Sent, _marks: &Marks) -> Result<ControlFlow<()>> {
        // Counted from this run's first row.
        let row = |index: usize| sent.place.row(index).saturating_sub(self.first_row);
        match (&mut self.producer, sent.messages) {
            (Producer::Native(native), Ready::Encoded(batches)) => {
                for (index, batch) in batches {
                    if self.pace.hold(row(index as usize)).is_break() {
                        return Ok(ControlFlow::Continue(()));
                    }
                    native.send(number, batch)?;
                }
            }
            (Producer::Librdkafka(producer), Ready::Messages(groups)) => {
                for (messages, group) in groups {
                    if self.pace.hold(row(group.first_row)).is_break() {
                        return Ok(ControlFlow::Continue(()));
                    }
                    producer.send(number, &messages, &group)?;
                }
            }
            _ => {
                return Err(Error::run(
                    "the encoder and the producer are not of one kind",
                ));
            }
        }
        self.pace.delivery.complete(number);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        self.pace.delivery.finish()?;
        Ok(Vec::new())
    }
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
