//! The lane's writer: hands messages to a producer in order, no faster than the pace allows.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use super::delivery::DeliveryTracker;
use super::encoder::{EncodedMessages, SentRows};
use super::librdkafka::Librdkafka;
use super::native::Native;
use crate::error::{Error, Result};
use crate::pace::Pace;
use crate::sink::lane::{Marks, Writer};
use crate::sink::{FileReport, RunHandle};

/// How often a held message looks whether the run ends.
const STEP: Duration = Duration::from_millis(50);

/// Whoever sends.
pub enum Producer {
    /// rowgen's own.
    Native(Native),
    /// librdkafka.
    Librdkafka(Librdkafka),
}

/// Messages on their way to a producer, held back until they are due.
pub struct Messenger {
    /// Whoever sends.
    pub producer: Producer,
    /// No faster than this.
    pub pace: Option<Arc<Pace>>,
    /// The run, which may end before its rows do.
    pub run: Arc<dyn RunHandle>,
    /// What becomes of the messages.
    pub delivery: Arc<DeliveryTracker>,
    /// The first row of the table that comes.
    pub first_row: u64,
}

impl Writer<SentRows> for Messenger {
    // Sending waits for room and for the pace, so a thread of its own does it and no worker.
    fn waits(&self) -> bool {
        true
    }

    fn write(&mut self, number: u64, sent: SentRows, _marks: &Marks) -> Result<ControlFlow<()>> {
        match sent.messages {
            EncodedMessages::Encoded(batches) => {
                for (index, batch) in batches {
                    if self.hold(sent.place.row(index)).is_break() {
                        return Ok(ControlFlow::Continue(()));
                    }
                    let Producer::Native(native) = &mut self.producer else {
                        return Err(mismatched());
                    };
                    native.send(number, batch)?;
                }
            }
            EncodedMessages::Messages(groups) => {
                for (messages, group) in groups {
                    if self.hold(sent.place.row(group.first_row)).is_break() {
                        return Ok(ControlFlow::Continue(()));
                    }
                    let Producer::Librdkafka(producer) = &mut self.producer else {
                        return Err(mismatched());
                    };
                    producer.send(number, &messages, &group)?;
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

fn mismatched() -> Error {
    Error::run("the encoder and the producer are not of one kind")
}

impl Messenger {
    /// Waits until row `row` of the table is due. `Break` when the run ends before: what is not sent
    /// of the batch then is not durable either.
    fn hold(&self, row: u64) -> ControlFlow<()> {
        let Some(pace) = &self.pace else {
            return ControlFlow::Continue(());
        };
        let row = row.saturating_sub(self.first_row);
        while let Some(wait) = pace.wait(row) {
            if self.delivery.is_over() {
                break;
            }
            if self.run.stopping() {
                return ControlFlow::Break(());
            }
            pace.clock().sleep(wait.min(STEP));
        }
        ControlFlow::Continue(())
    }
}
