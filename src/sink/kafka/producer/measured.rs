//! Messages of a run that is only measured: they are made, counted, and thrown away.

use std::ops::ControlFlow;

use super::encoder::{EncodedMessages, SentRows};
use crate::error::Result;
use crate::sink::FileReport;
use crate::sink::lane::{Marks, Writer};

/// Where such messages go.
pub struct DiscardedMessages;

impl Writer<SentRows> for DiscardedMessages {
    fn write(&mut self, number: u64, sent: SentRows, marks: &Marks) -> Result<ControlFlow<()>> {
        match sent.messages {
            EncodedMessages::Encoded(batches) => {
                for (_, batch) in batches {
                    marks.add(u64::from(batch.rows), batch.payload as u64);
                }
            }
            EncodedMessages::Messages(groups) => {
                for (messages, group) in groups {
                    let payload = messages.payload(group.rows.clone());
                    marks.add(group.rows.len() as u64, payload as u64);
                }
            }
        }
        marks.durable(number + 1);
        Ok(ControlFlow::Continue(()))
    }

    fn finish(&mut self, _marks: &Marks) -> Result<Vec<FileReport>> {
        Ok(Vec::new())
    }
}
