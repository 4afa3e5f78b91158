//! The messages that a topic must hold, made again without being sent.

use super::encoder::{MessageRecipe, PartitionSource};
use super::messages::HeaderValue;
use super::open;
use super::partition::Partitioner;
use crate::batch::Batch;
use crate::client::kafka::Topic;
use crate::error::Result;
use crate::format::Shape;
use crate::format::message::MessageFormat;
use crate::sink::Target;
use crate::sink::kafka::options::HeaderOption;
use crate::sink::kafka::{Kafka, OnBadRow};

/// What becomes of rows on their way into a topic.
pub struct ExpectedTopic {
    recipe: MessageRecipe,
    /// Headers that are others in each run.
    new_headers: Vec<String>,
    /// Values and keys begin with the number of a schema, which each registry gives itself.
    pub numbered: (bool, bool),
}

/// A message that must be there.
pub struct ExpectedMessage<'m> {
    /// Its row in the table.
    pub row: u64,
    /// Where it must be; nothing where it is dealt as it comes.
    pub partition: Option<i32>,
    /// Its key.
    pub key: Option<&'m [u8]>,
    /// What it holds.
    pub value: Option<&'m [u8]>,
    /// Its headers.
    pub headers: Vec<(&'m str, &'m [u8])>,
    /// Its time, in milliseconds since 1970, where its row says it.
    pub time: Option<i64>,
}

impl ExpectedTopic {
    /// For a topic of so many partitions. No schema is registered.
    ///
    /// # Errors
    /// What `check` reports.
    pub fn new(kafka: &Kafka, target: &Target, partitions: i32) -> Result<Self> {
        let kafka = Kafka {
            // Nothing is kept or registered: verify only makes what must be there.
            measured: true,
            on_bad_row: match &kafka.on_bad_row {
                // What the run kept stays as it is: the same rows would be kept once more.
                OnBadRow::DeadLetter(_) => OnBadRow::Skip,
                other => other.clone(),
            },
            ..kafka.clone()
        };
        let topic = Topic {
            partitions,
            ..Topic::default()
        };
        let new = |option: &HeaderOption| matches!(option, HeaderOption::NewUuid);
        let headers = kafka.headers.0.iter().filter(|(_, option)| new(option));
        let written = target.shape.written();
        let numbered = |format: &dyn MessageFormat, shape: &Shape| {
            format
                .registration(shape)
                .is_ok_and(|registration| registration.is_some())
        };
        let key = kafka.key.as_ref();
        Ok(Self {
            new_headers: headers.map(|(name, _)| name.value.clone()).collect(),
            numbered: (
                numbered(&*kafka.format(), &written),
                key.is_some_and(|key| numbered(key, &target.shape)),
            ),
            recipe: open::recipe(&kafka, target, &topic)?,
        })
    }

    /// True where a message's partition follows from its row.
    pub fn has_partitions(&self) -> bool {
        match self.recipe.partitions {
            PartitionSource::Column(_) | PartitionSource::Rule(Partitioner::RoundRobin) => true,
            // It follows from the batches of that run, which verify need not make in the same size.
            PartitionSource::Rule(Partitioner::Sticky) => false,
            PartitionSource::Rule(_) => self.recipe.keys.is_some(),
        }
    }

    /// True for a header that is another one in each run.
    pub fn is_new(&self, header: &str) -> bool {
        self.new_headers.iter().any(|name| name == header)
    }

    /// Every message of a batch.
    ///
    /// # Errors
    /// A row that cannot be a message.
    pub fn each(&self, batch: &Batch, tell: &mut dyn FnMut(&ExpectedMessage<'_>)) -> Result<()> {
        let mut refused = self.recipe.bad_rows.of(batch);
        for part in self.recipe.parts(batch, &mut refused)? {
            let partition = part.run.as_ref().map(|run| run.partition);
            let made = |rows: &super::rows::BatchRows| self.recipe.made(rows);
            let (rows, messages) = self.recipe.accepted(part.rows, &mut refused, made)?;
            for at in 0..messages.values.len() {
                let header = |header: &super::messages::MessageHeader| match &header.value {
                    HeaderValue::Fixed(value) => Some(value.clone()),
                    HeaderValue::Rows(values) => values.get(at).map(<[u8]>::to_vec),
                };
                let headers = messages
                    .headers
                    .iter()
                    .filter(|header| !self.is_new(&header.name));
                let headers: Vec<(&str, Option<Vec<u8>>)> = headers
                    .map(|one| (one.name.as_str(), header(one)))
                    .collect();
                tell(&ExpectedMessage {
                    row: rows.row(at),
                    partition,
                    key: messages.keys.as_ref().and_then(|keys| keys.get(at)),
                    value: messages.values.get(at),
                    headers: headers
                        .iter()
                        .filter_map(|(name, value)| Some((*name, value.as_deref()?)))
                        .collect(),
                    time: messages.times.as_ref().and_then(|times| times.get(at)),
                });
            }
        }
        Ok(())
    }
}
