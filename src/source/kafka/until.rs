//! `until`: which messages belong to the run, and whether all of them have come.

use std::collections::HashMap;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaResult;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::member::Context;
use super::offsets::{PATIENCE, patiently};
use super::options::{Start, Until};

/// What is left of a run.
pub enum Left {
    /// Whatever comes.
    All,
    /// So many messages.
    Count(u64),
    /// The partitions that have more, by number: where the run's part of each ends.
    Until(HashMap<i32, i64>),
}

impl Left {
    /// Finds out what there is.
    ///
    /// # Errors
    /// The brokers do not say.
    pub fn new(
        until: Until,
        start: Start,
        consumer: &BaseConsumer<Context>,
        topic: &str,
        partitions: i32,
    ) -> KafkaResult<Self> {
        match until {
            Until::Forever => return Ok(Self::All),
            Until::Count(count) => return Ok(Self::Count(count)),
            Until::End => {}
        }
        let committed = patiently(|| committed(consumer, topic, 0..partitions))?;
        let mut left = HashMap::new();
        for partition in 0..partitions {
            let (low, high) = patiently(|| consumer.fetch_watermarks(topic, partition, PATIENCE))?;
            let begin = match (committed.get(&partition), start) {
                (Some(offset), _) => *offset,
                (None, Start::Earliest) => low,
                (None, Start::Latest) => high,
            };
            if begin < high && low < high {
                left.insert(partition, high);
            }
        }
        Ok(Self::Until(left))
    }

    /// True when nothing more belongs to the run.
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::All => false,
            Self::Count(count) => *count == 0,
            Self::Until(left) => left.is_empty(),
        }
    }

    /// Whether a message belongs to the run.
    pub fn takes(&self, partition: i32, offset: i64) -> bool {
        match self {
            Self::All => true,
            Self::Count(count) => *count > 0,
            Self::Until(left) => left.get(&partition).is_some_and(|end| offset < *end),
        }
    }

    /// A message of the run was taken.
    pub fn took(&mut self) {
        if let Self::Count(count) = self {
            *count = count.saturating_sub(1);
        }
    }

    /// A partition was read up to before this offset: how much of that belongs to the run.
    pub fn reached(&mut self, partition: i32, offset: i64) -> Option<i64> {
        match self {
            Self::All => Some(offset),
            Self::Count(count) => (*count > 0).then_some(offset),
            Self::Until(left) => {
                let end = *left.get(&partition)?;
                if offset >= end {
                    left.remove(&partition);
                }
                Some(offset.min(end))
            }
        }
    }

    /// What other members of the group, in other runs, have told is read, too.
    ///
    /// # Errors
    /// The brokers do not say.
    pub fn look(&mut self, consumer: &BaseConsumer<Context>, topic: &str) -> KafkaResult<()> {
        if let Self::Until(left) = self
            && !left.is_empty()
        {
            let told = committed(consumer, topic, left.keys().copied())?;
            left.retain(|partition, end| told.get(partition).is_none_or(|told| told < end));
        }
        Ok(())
    }
}

/// The group's offsets of some partitions.
fn committed(
    consumer: &BaseConsumer<Context>,
    topic: &str,
    partitions: impl Iterator<Item = i32>,
) -> KafkaResult<HashMap<i32, i64>> {
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition(topic, partition);
    }
    let told = consumer.committed_offsets(list, PATIENCE)?;
    let offset =
        |one: &rdkafka::topic_partition_list::TopicPartitionListElem<'_>| match one.offset() {
            Offset::Offset(offset) => Some((one.partition(), offset)),
            _ => None,
        };
    Ok(told.elements().iter().filter_map(offset).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_covers_what_belongs_to_it_and_no_more() {
        let mut left = Left::Until([(0, 10), (1, 4)].into());
        // The last offset is no message: the end of the partition is behind it.
        assert_eq!(left.reached(0, 9), Some(9));
        assert_eq!(left.reached(0, 10), Some(10));
        assert_eq!(left.reached(0, 10), None);
        // More has come since the run began.
        assert_eq!(left.reached(1, 7), Some(4));
        assert!(left.is_nothing());
        assert_eq!(left.reached(1, 8), None);
        let mut left = Left::Count(1);
        assert_eq!(left.reached(0, 5), Some(5));
        left.took();
        assert_eq!(left.reached(0, 6), None);
        assert_eq!(Left::All.reached(0, 6), Some(6));
    }
}
