//! A look at a topic by Kafka's own protocol: an answer comes within a few milliseconds, and a client
//! of librdkafka takes thirty to begin.

use std::time::Duration;

use kafka_protocol::messages::describe_configs_request::DescribeConfigsResource;
use kafka_protocol::messages::{ApiKey, DescribeConfigsRequest, DescribeConfigsResponse};
use kafka_protocol::protocol::StrBytes;

use super::super::Connection;
use super::Topic;
use super::admin::{MAX_MESSAGE_BYTES, RETENTION};
use super::wire::{Wire, bootstrap};

/// Who does not answer by then is left to librdkafka, as is everything that goes wrong: it has the
/// patience, and it knows why.
const PATIENCE: Duration = Duration::from_millis(500);

/// What a resource is to the protocol when it is a topic.
const TOPIC: i8 = 2;

/// The topic, if nothing but a network is between it and this client. It is never created by asking.
pub fn topic(connection: &Connection, name: &str) -> Option<Topic> {
    if connection.needs_librdkafka() {
        return None;
    }
    let addresses = bootstrap(&connection.brokers);
    let mut wire = Wire::any(addresses.iter(), PATIENCE).ok()?;
    let partitions = partitions(&mut wire, name).ok()??;
    let mut topic = Topic {
        partitions,
        ..Topic::default()
    };
    // The defaults where this client may not ask.
    for (key, value) in configuration(&mut wire, name).unwrap_or_default() {
        topic.limit(&key, &value);
    }
    Some(topic)
}

fn partitions(wire: &mut Wire, name: &str) -> Result<Option<i32>, String> {
    let response = wire.metadata(name)?;
    let mut topics = response.topics.iter();
    let found = topics.find(|topic| topic.error_code == 0 && !topic.partitions.is_empty());
    Ok(found.and_then(|topic| i32::try_from(topic.partitions.len()).ok()))
}

fn configuration(wire: &mut Wire, name: &str) -> Result<Vec<(String, String)>, String> {
    let keys = [MAX_MESSAGE_BYTES, RETENTION].map(StrBytes::from_static_str);
    let resource = DescribeConfigsResource::default()
        .with_resource_type(TOPIC)
        .with_resource_name(StrBytes::from_string(name.to_string()))
        .with_configuration_keys(Some(keys.to_vec()));
    let request = DescribeConfigsRequest::default().with_resources(vec![resource]);
    let version = wire.versions().describe_configs;
    let response: DescribeConfigsResponse =
        wire.call(ApiKey::DescribeConfigs, &request, version)?;
    let entries = response.results.into_iter().flat_map(|topic| topic.configs);
    let pair = entries.filter_map(|entry| Some((entry.name.to_string(), entry.value?.to_string())));
    Ok(pair.collect())
}
