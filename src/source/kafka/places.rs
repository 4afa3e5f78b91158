//! Where partitions are to be read from: where the sink wants them, where the group is, or where
//! `start` says.

use std::collections::HashMap;
use std::sync::Arc;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::member::Context;
use super::options::Start;
use crate::batch::Resume;
use crate::client::kafka::patience::{PATIENCE, patiently};
use crate::error::{Error, Problem, Result};

/// Knows where partitions of one topic begin.
pub struct Places {
    topic: String,
    start: Start,
    resume: Option<Arc<dyn Resume>>,
    /// The run is only measured: it reads all that is there, and the group is not asked.
    measured: bool,
}

/// Where a partition begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// The first offset to read.
    pub at: i64,
    /// What the group has committed, where that says where to begin.
    pub committed: Option<i64>,
    /// Whether the sink or the group has said so, and not only `start`.
    pub known: bool,
    /// The offset behind the last message that is there.
    pub end: i64,
}

/// What the brokers keep of a partition: from the first offset to before the second.
type Kept = (i64, i64);

impl Places {
    /// Those of a topic.
    pub fn new(topic: &str, start: Start, resume: Option<Arc<dyn Resume>>, measured: bool) -> Self {
        Self {
            topic: topic.to_string(),
            start,
            resume,
            measured,
        }
    }

    /// True where the sink says where to go on, and what was read before is worth nothing.
    pub fn are_the_sink_s(&self) -> bool {
        self.resume.is_some()
    }

    /// Where these partitions begin.
    ///
    /// # Errors
    /// The brokers or the sink do not say, or what the sink wants is not there.
    pub fn find(
        &self,
        consumer: &BaseConsumer<Context>,
        partitions: &[i32],
    ) -> Result<HashMap<i32, Beginning>> {
        if partitions.is_empty() {
            return Ok(HashMap::new());
        }
        let asking = |error| {
            let doing = format!("asking where to read topic `{}`", self.topic);
            Error::because(doing, error)
        };
        let kept = match &self.resume {
            Some(resume) => resume.offsets(partitions)?,
            None => HashMap::new(),
        };
        // The sink's offsets are asked instead of the group's: another sink may have moved those,
        // and then they say nothing of the rows that this one has.
        let committed = match self.measured || self.resume.is_some() {
            true => HashMap::new(),
            false => patiently(|| committed(consumer, &self.topic, partitions)).map_err(asking)?,
        };
        let ends = |which| patiently(|| ends(consumer, &self.topic, partitions, which));
        // Asked after the offsets: an end that is asked before could lie below what a group has
        // committed meanwhile.
        let low = ends(Offset::Beginning).map_err(asking)?;
        let high = ends(Offset::End).map_err(asking)?;
        let found = partitions.iter().map(|partition| {
            let end = |ends: &HashMap<i32, i64>| ends.get(partition).copied().unwrap_or(0);
            let told = |told: &HashMap<i32, i64>| told.get(partition).copied();
            let there = (end(&low), end(&high));
            let beginning = self.choose(*partition, told(&kept), told(&committed), there)?;
            Ok((*partition, beginning))
        });
        found.collect()
    }

    fn choose(
        &self,
        partition: i32,
        kept: Option<i64>,
        committed: Option<i64>,
        (low, high): Kept,
    ) -> Result<Beginning> {
        let beginning = |at, committed: Option<i64>| Beginning {
            at,
            committed,
            known: kept.is_some() || committed.is_some(),
            end: high,
        };
        if let Some(at) = kept {
            return match low <= at && at <= high {
                // Out of the topic is an error for a sink and a warning for a group: the sink
                // promises each message once, a group that was away too long promises nothing.
                true => Ok(beginning(at, None)),
                false => Err(self.not_there(partition, at, (low, high))),
            };
        }
        let start = match (self.measured, self.start) {
            (true, _) | (false, Start::Earliest) => low,
            (false, Start::Latest) => high,
        };
        Ok(match committed {
            Some(at) if low <= at && at <= high => beginning(at, Some(at)),
            Some(at) => {
                tracing::warn!(
                    topic = self.topic,
                    partition,
                    committed = at,
                    begins = low,
                    ends = high,
                    "the group's offset is not in the topic any more: reading begins at {start}"
                );
                beginning(start, None)
            }
            None => beginning(start, None),
        })
    }

    fn not_there(&self, partition: i32, at: i64, (low, high): Kept) -> Error {
        let topic = &self.topic;
        let what =
            format!("the sink goes on at offset {at} of partition {partition} of topic `{topic}`");
        Error::run(match at < low {
            true => Problem::new(format!("{what}, whose first message is at {low}"))
                .hint("the brokers have deleted messages that the sink never had: load a new table, or remove its offsets to go on without them"),
            false => Problem::new(format!("{what}, which ends at {high}"))
                .hint("the topic was made again since: load a new table, or remove its offsets to read the topic from its beginning"),
        })
    }
}

/// The first offset of partitions, or the one behind the last.
fn ends(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    partitions: &[i32],
    which: Offset,
) -> KafkaResult<HashMap<i32, i64>> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        // Kafka's question for the offset of a time takes these two as times.
        list.add_partition_offset(topic, *partition, which)?;
    }
    let told = consumer.offsets_for_times(list, PATIENCE)?;
    for one in told.elements() {
        one.error()?;
    }
    Ok(offsets(&told))
}

/// The group's offsets of some partitions.
fn committed(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    partitions: &[i32],
) -> KafkaResult<HashMap<i32, i64>> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, *partition);
    }
    let told = consumer.committed_offsets(list, PATIENCE)?;
    Ok(offsets(&told))
}

fn offsets(list: &TopicPartitionList) -> HashMap<i32, i64> {
    let elements = list.elements();
    let offset = elements.iter().filter_map(|one| match one.offset() {
        Offset::Offset(offset) => Some((one.partition(), offset)),
        _ => None,
    });
    offset.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(start: Start, measured: bool) -> Places {
        Places::new("t", start, None, measured)
    }

    fn at(places: &Places, kept: Option<i64>, committed: Option<i64>) -> i64 {
        places.choose(3, kept, committed, (10, 20)).unwrap().at
    }

    #[test]
    fn the_sink_says_first_then_the_group_then_the_start() {
        let earliest = places(Start::Earliest, false);
        assert_eq!(at(&earliest, Some(12), Some(15)), 12);
        assert_eq!(at(&earliest, None, Some(15)), 15);
        assert_eq!(at(&earliest, None, None), 10);
        assert_eq!(at(&places(Start::Latest, false), None, None), 20);
        // The group's offset is out of the topic: as a group without one.
        assert_eq!(at(&earliest, None, Some(9)), 10);
        assert_eq!(at(&earliest, None, Some(21)), 10);
        // What is measured is all that is there.
        assert_eq!(at(&places(Start::Latest, true), None, None), 10);
    }

    #[test]
    fn offsets_that_the_topic_does_not_have_are_errors() {
        let earliest = places(Start::Earliest, false);
        let said = |at| {
            let error = earliest.choose(3, Some(at), None, (10, 20)).unwrap_err();
            error.to_string()
        };
        assert_eq!(
            [said(9), said(21)],
            [
                "error: the sink goes on at offset 9 of partition 3 of topic `t`, whose first message is at 10\n  hint: the brokers have deleted messages that the sink never had: load a new table, or remove its offsets to go on without them",
                "error: the sink goes on at offset 21 of partition 3 of topic `t`, which ends at 20\n  hint: the topic was made again since: load a new table, or remove its offsets to read the topic from its beginning",
            ]
        );
        let end = |at| earliest.choose(3, Some(at), None, (10, 20)).unwrap().at;
        assert_eq!([end(10), end(20)], [10, 20]);
    }
}
