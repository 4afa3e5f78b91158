//! What is wrong with the columns a topic needs, and how messages will be sent, in words.

use arrow::datatypes::DataType;

use super::Kafka;
use super::options::{HeaderOption, PartitionerOption};
use crate::error::Problem;
use crate::format::Shape;
use crate::format::message::{Key, MessageFormat};
use crate::format::nested::plain_type;
use crate::type_names::show_type;

/// What the columns for times, partitions and headers cannot be.
pub fn column_problems(kafka: &Kafka, shape: &Shape) -> Vec<Problem> {
    let mut problems = Vec::new();
    let type_of = |name: &str| {
        let field = shape.schema.field_with_name(name).ok()?;
        Some(plain_type(field.data_type()).clone())
    };
    if let Some(time) = &kafka.timestamp
        && let Some(data_type) = type_of(time)
        && !matches!(data_type, DataType::Timestamp(..))
    {
        let message = format!(
            "the time of a message is a timestamp, column `{}` is {}",
            time.as_str(),
            show_type(&data_type)
        );
        problems.push(Problem::new(message).at(&time.place));
    }
    let option = kafka.partitioner.as_ref();
    if let Some(PartitionerOption::Column(column)) = option.map(|option| &option.value)
        && let Some(data_type) = type_of(column)
        && !data_type.is_integer()
    {
        let message = format!(
            "the number of a partition is an integer, column `{}` is {}",
            column.as_str(),
            show_type(&data_type)
        );
        problems.push(Problem::new(message).at(&column.place));
    }
    for (_, header) in &kafka.headers.0 {
        if let HeaderOption::Column(column) = header {
            problems.extend(Key::text(column.clone()).check(shape));
        }
    }
    let by_key = option.filter(|option| {
        matches!(
            option.value,
            PartitionerOption::Murmur2 | PartitionerOption::Crc32
        )
    });
    if let Some(option) = by_key.filter(|_| kafka.key.is_none()) {
        problems.push(
            Problem::new("this partitioner needs a `key`")
                .at(&option.place)
                .hint("without a key messages are dealt in turn: `sticky` or `round_robin`"),
        );
    }
    problems
}

/// Where messages go and how.
pub fn describe(kafka: &Kafka, _shape: &Shape) -> Vec<String> {
    let producer = match kafka.is_native() {
        true => "native",
        false => "librdkafka",
    };
    let partitioner = match (
        kafka.partitioner.as_ref().map(|option| &option.value),
        &kafka.key,
    ) {
        (Some(PartitionerOption::Column(column)), _) => format!("column `{}`", column.as_str()),
        (Some(PartitionerOption::Crc32), _) => "crc32 of the key".into(),
        (Some(PartitionerOption::RoundRobin), _) => "round robin".into(),
        (Some(PartitionerOption::Sticky), _) | (_, None) => "sticky".into(),
        (_, Some(_)) => "murmur2 of the key".into(),
    };
    vec![
        format!(
            "topic `{}` at {}",
            kafka.topic.as_str(),
            kafka.brokers.as_str()
        ),
        format!(
            "{} messages, partitions: {partitioner}, compression {}, acks {}, idempotence {}, producer {producer}",
            kafka.format().kind(),
            kafka.compression.name().0,
            kafka.acks.number(),
            kafka.idempotence(),
        ),
    ]
}
