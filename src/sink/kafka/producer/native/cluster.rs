//! Which broker leads which partition of a topic, and the connections to those brokers.

use std::collections::{BTreeSet, HashMap};

use kafka_protocol::ResponseError;
use kafka_protocol::messages::describe_producers_request::TopicRequest;
use kafka_protocol::messages::{
    ApiKey, DescribeProducersRequest, DescribeProducersResponse, InitProducerIdRequest,
    InitProducerIdResponse, TopicName,
};
use kafka_protocol::protocol::StrBytes;

use super::record_batch::Stamp;
use crate::client::kafka::wire::{PATIENCE, Wire, bootstrap};

/// Connections to one broker: it works on one request of a connection at a time, so that one alone
/// would leave its other cores idle.
const LANES: i32 = 2;

/// One of the connections to a broker; a partition always takes the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BrokerLink {
    broker: i32,
    lane: i32,
}

/// What is known of the brokers that hold a topic.
#[derive(Debug)]
pub struct Cluster {
    bootstrap: Vec<String>,
    topic: String,
    /// Addresses by broker.
    brokers: HashMap<i32, String>,
    /// Leaders by partition.
    leaders: HashMap<i32, i32>,
}

impl Cluster {
    /// Nothing is known yet but whom to ask.
    pub fn new(brokers: &str, topic: &str) -> Self {
        Self {
            bootstrap: bootstrap(brokers),
            topic: topic.to_string(),
            brokers: HashMap::new(),
            leaders: HashMap::new(),
        }
    }

    /// Asks anyone who answers for the leaders.
    ///
    /// # Errors
    /// Nobody answers, or the topic is gone.
    pub fn refresh(&mut self) -> Result<(), String> {
        let response = self.anyone()?.metadata(&self.topic)?;
        let address = |host: &str, port: i32| match host.contains(':') {
            // An address of IPv6 has colons of its own.
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let brokers = response.brokers.iter();
        self.brokers = brokers
            .map(|broker| (broker.node_id.0, address(&broker.host, broker.port)))
            .collect();
        self.leaders.clear();
        for topic in &response.topics {
            if let Some(error) = ResponseError::try_from_code(topic.error_code) {
                return Err(format!("topic `{}`: {error}", self.topic));
            }
            let partitions = topic.partitions.iter();
            let led = partitions.filter(|partition| partition.leader_id.0 >= 0);
            self.leaders
                .extend(led.map(|partition| (partition.partition_index, partition.leader_id.0)));
        }
        Ok(())
    }

    /// The connection for a partition, as far as its leader is known.
    pub fn link(&self, partition: i32) -> Option<BrokerLink> {
        let broker = *self.leaders.get(&partition)?;
        // By the partition's number, never by what is free: the parts of a partition must keep
        // their order, and two connections have none between them.
        let lane = partition % LANES;
        Some(BrokerLink { broker, lane })
    }

    /// The connections for these partitions, as far as their leaders are known.
    pub fn links(&self, partitions: impl IntoIterator<Item = i32>) -> BTreeSet<BrokerLink> {
        let partitions = partitions.into_iter();
        partitions
            .filter_map(|partition| self.link(partition))
            .collect()
    }

    /// The partitions whose leader is known.
    pub fn led(&self) -> impl Iterator<Item = i32> {
        self.leaders.keys().copied()
    }

    /// The leader of this partition may have changed.
    pub fn forget(&mut self, partition: i32) {
        self.leaders.remove(&partition);
    }

    /// A connection.
    ///
    /// # Errors
    /// It does not answer, or is not known.
    pub fn connect(&self, link: BrokerLink) -> Result<Wire, String> {
        let broker = link.broker;
        match self.brokers.get(&broker) {
            Some(address) => {
                Wire::connect(address, PATIENCE).map_err(|error| format!("{address}: {error}"))
            }
            None => Err(format!("broker {broker} is not known")),
        }
    }

    /// A name for an idempotent producer.
    ///
    /// # Errors
    /// Nobody gives one.
    pub fn producer(&self) -> Result<Stamp, String> {
        let mut wire = self.anyone()?;
        let version = wire.versions().init_producer_id;
        if version < 0 {
            return Err("the broker knows no idempotent producers".into());
        }
        let request = InitProducerIdRequest::default()
            .with_transactional_id(None)
            .with_transaction_timeout_ms(60_000);
        let response: InitProducerIdResponse =
            wire.call(ApiKey::InitProducerId, &request, version)?;
        match ResponseError::try_from_code(response.error_code) {
            Some(error) => Err(error.to_string()),
            None => Ok(Stamp {
                producer_id: response.producer_id.0,
                epoch: response.producer_epoch,
                sequence: 0,
            }),
        }
    }

    /// The number of the last record that a partition has of a producer, if it has any.
    ///
    /// # Errors
    /// The partition's leader does not tell.
    pub fn last_sequence(&self, partition: i32, producer_id: i64) -> Result<Option<i32>, String> {
        let link = self.link(partition).ok_or("the partition has no leader")?;
        let topic = TopicRequest::default()
            .with_name(TopicName(StrBytes::from_string(self.topic.clone())))
            .with_partition_indexes(vec![partition]);
        let request = DescribeProducersRequest::default().with_topics(vec![topic]);
        let mut wire = self.connect(link)?;
        let response: DescribeProducersResponse =
            wire.call(ApiKey::DescribeProducers, &request, 0)?;
        let mut partitions = response
            .topics
            .into_iter()
            .flat_map(|topic| topic.partitions);
        let found = partitions.next().ok_or("the broker does not tell")?;
        if let Some(error) = ResponseError::try_from_code(found.error_code) {
            return Err(error.to_string());
        }
        let mut producers = found.active_producers.iter();
        let own = producers.find(|producer| producer.producer_id.0 == producer_id);
        Ok(own
            .map(|producer| producer.last_sequence)
            .filter(|last| *last >= 0))
    }

    /// A connection to whoever answers first.
    fn anyone(&self) -> Result<Wire, String> {
        Wire::any(self.brokers.values().chain(&self.bootstrap), PATIENCE)
    }
}
