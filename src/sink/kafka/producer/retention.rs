//! Messages whose times are older than their topic keeps them.

use arrow::datatypes::{DataType, TimeUnit};

use super::super::Kafka;
use crate::client::kafka::Topic;
use crate::domain::Range;
use crate::format::Shape;
use crate::format::nested::plain_type;

/// Says when the broker would delete messages at once, as their times are older than it keeps.
pub fn warn(kafka: &Kafka, shape: &Shape, topic: &Topic) {
    let (Some(column), Some(retention)) = (&kafka.timestamp, topic.retention) else {
        return;
    };
    let Ok(index) = shape.schema.index_of(column) else {
        return;
    };
    let data_type = plain_type(shape.schema.field(index).data_type());
    let (Some(Range::Integer { min, .. }), DataType::Timestamp(unit, _)) =
        (&shape.domains[index].range, data_type)
    else {
        return;
    };
    let a_second = match unit {
        TimeUnit::Second => 1,
        TimeUnit::Millisecond => 1_000,
        TimeUnit::Microsecond => 1_000_000,
        TimeUnit::Nanosecond => 1_000_000_000,
    };
    let age = i128::from(chrono::Utc::now().timestamp()) - min.div_euclid(a_second);
    if age > i128::from(retention.as_secs()) {
        tracing::warn!(
            topic = kafka.topic.as_str(),
            column = column.as_str(),
            "messages have times older than the topic keeps them ({}): the broker deletes them soon",
            crate::units::show_duration(retention)
        );
    }
}
