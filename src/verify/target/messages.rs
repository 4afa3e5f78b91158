//! Messages of a topic and what they must be.

use super::super::behind::Behind;
use super::super::compare::Order;
use super::super::scan::Workers;
use super::super::side::Side;
use super::super::topic::{ExpectedMessages, FoundMessages, Topic};
use super::{Asked, Sides, Target};
use crate::error::Result;

/// What a slice of a topic does not say.
const ORDER_OF_SLICES: &str = "the order of messages of different slices is not judged: a verify without `--slice` judges the order of all";

impl Target<'_> {
    /// Compares messages, or puts faults into them.
    ///
    /// # Errors
    /// They cannot be read, or made again.
    pub(super) fn open_topic(
        &self,
        (kafka, copy): (
            &crate::sink::kafka::Kafka,
            Option<&crate::source::kafka::Kafka>,
        ),
        workers: &Workers<'_>,
        asked: &mut Asked<'_, '_>,
    ) -> Result<()> {
        let topic = Topic::new(self.job, self.sink, (kafka, copy), self.run_id)?;
        let fields = topic.fields();
        let (expected, found) = (ExpectedMessages(&topic), FoundMessages(&topic));
        if let Asked::Compare(outcome, _) = asked {
            outcome.source = topic.describe();
            outcome.columns = fields.len();
            outcome.notes.extend(topic.note());
            outcome
                .notes
                .extend(self.share.map(|_| ORDER_OF_SLICES.to_string()));
            if self.options.count_only {
                outcome.counts = self.counted(expected.rows(), found.rows());
                return Ok(());
            }
        }
        let order = Order {
            partition: &|piece| topic.partition(piece),
            column: topic.partition_column(),
        };
        let self_test = matches!(asked, Asked::SelfTest(..));
        let keyed = topic.keyed(kafka);
        let sides = Sides {
            expected: &expected,
            found: &found,
            fields: &fields,
            keyed: keyed.clone(),
            // Messages of several partitions have no common order.
            place: None,
            // In a self-test the pieces of both sides are those of the table, of which `partition`
            // knows nothing; and its doubled rows stand at the end of a piece.
            order: (!self_test).then_some(order),
            behind: Some(Behind::of_messages(&keyed)).filter(|_| self.is_endless()),
            blaming: None,
        };
        self.run(sides, workers, asked)
    }
}
