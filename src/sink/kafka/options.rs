//! What can be said of a topic, its messages and their delivery.

use schemars::{JsonSchema, json_schema};
use serde::Deserialize;

use crate::error::Problem;
use crate::place::{Count, NamedItems, Node, Placed, Text, Value, by_node, decode};

/// What becomes of a message on its way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Codec {
    /// As it is.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// Snappy.
    Snappy,
    /// LZ4 frames.
    Lz4,
    /// Zstandard.
    Zstd,
}

/// Who must have a message before it counts as delivered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Acks {
    /// All replicas that are in sync.
    #[default]
    #[serde(rename = "all", alias = "-1")]
    All,
    /// The partition's leader.
    #[serde(rename = "1")]
    Leader,
    /// Nobody: sent is delivered.
    #[serde(rename = "0")]
    None,
}

/// Which client sends the messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProducerChoice {
    /// The native one where it can, librdkafka for TLS, SASL and its own properties.
    #[default]
    Auto,
    /// librdkafka.
    Librdkafka,
    /// rowgen's own: record batches made on every core.
    Native,
}

/// Which partition a message goes to.
#[derive(Debug, Clone)]
pub enum PartitionerOption {
    /// By the key, as Java clients do (default with a key).
    Murmur2,
    /// By the key, as librdkafka does.
    Crc32,
    /// Row by row in turn.
    RoundRobin,
    /// Batch by batch in turn (default without a key).
    Sticky,
    /// A column holds its number.
    Column(Placed<Text>),
}

/// What a header holds.
#[derive(Debug, Clone)]
pub enum HeaderOption {
    /// The same text in every message.
    Fixed(String),
    /// The text of a column; no header where it is null.
    Column(Placed<Text>),
    /// One UUID for the whole run, which follows from its seed and date.
    RunUuid,
    /// One UUID for the whole run, which no other run has.
    NewUuid,
}

/// What is asked of a topic that does not exist yet.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTopic {
    /// How many partitions; a topic that exists must have as many.
    pub partitions: Placed<Count>,
    /// How many brokers hold each (default 1).
    pub replication: Option<Placed<Count>>,
    /// The topic's own configuration, such as `retention.ms`.
    #[serde(default)]
    pub config: NamedItems<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfColumn {
    column: Placed<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRun {
    uuid: Placed<String>,
}

impl Acks {
    /// As the protocol says it.
    pub fn number(self) -> i16 {
        match self {
            Self::All => -1,
            Self::Leader => 1,
            Self::None => 0,
        }
    }
}

impl Codec {
    /// Its name in librdkafka, and its number in a record batch.
    pub fn name(self) -> (&'static str, i16) {
        match self {
            Self::None => ("none", 0),
            // The numbers of the protocol: the lowest three bits of a record batch's attributes.
            Self::Gzip => ("gzip", 1),
            Self::Snappy => ("snappy", 2),
            Self::Lz4 => ("lz4", 3),
            Self::Zstd => ("zstd", 4),
        }
    }
}

fn unknown(node: &Node, what: &str, known: &str) -> Problem {
    Problem::new(format!("expected {what}, found {}", node.describe()))
        .at(&node.place)
        .hint(format!("it is {known}"))
}

fn partitioner(node: &Node) -> Result<PartitionerOption, Problem> {
    let known = "`murmur2`, `crc32`, `round_robin`, `sticky` or `{ column: … }`";
    match &node.value {
        Value::Scalar { text, .. } => match text.as_str() {
            "murmur2" => Ok(PartitionerOption::Murmur2),
            "crc32" => Ok(PartitionerOption::Crc32),
            "round_robin" => Ok(PartitionerOption::RoundRobin),
            "sticky" => Ok(PartitionerOption::Sticky),
            _ => Err(unknown(node, "a partitioner", known)),
        },
        Value::Map(_) => decode::<OfColumn>(node).map(|of| PartitionerOption::Column(of.column)),
        _ => Err(unknown(node, "a partitioner", known)),
    }
}

fn header(node: &Node) -> Result<HeaderOption, Problem> {
    let known = "a text, `{ column: … }`, `{ uuid: run }` or `{ uuid: new }`";
    match &node.value {
        Value::Scalar { text, .. } => Ok(HeaderOption::Fixed(text.clone())),
        Value::Map(entries) if entries.iter().any(|(key, _)| key.name == "uuid") => {
            let of = decode::<OfRun>(node)?;
            match of.uuid.value.as_str() {
                "run" => Ok(HeaderOption::RunUuid),
                "new" => Ok(HeaderOption::NewUuid),
                other => Err(Problem::new(format!("there is no uuid of `{other}`"))
                    .at(&of.uuid.place)
                    .hint("it is one for the whole run: `{ uuid: run }` follows from seed and date, `{ uuid: new }` is another in each run")),
            }
        }
        Value::Map(_) => decode::<OfColumn>(node).map(|of| HeaderOption::Column(of.column)),
        _ => Err(unknown(node, "a header", known)),
    }
}

by_node!(
    inline,
    PartitionerOption,
    partitioner,
    |_| json_schema!({ "anyOf": [
        { "enum": ["murmur2", "crc32", "round_robin", "sticky"] },
        { "type": "object", "properties": { "column": { "type": "string" } }, "required": ["column"], "additionalProperties": false }
    ]})
);
by_node!(inline, HeaderOption, header, |_| json_schema!({ "anyOf": [
    { "type": ["string", "number", "boolean"] },
    { "type": "object", "properties": { "column": { "type": "string" } }, "required": ["column"], "additionalProperties": false },
    { "type": "object", "properties": { "uuid": { "enum": ["run", "new"] } }, "required": ["uuid"], "additionalProperties": false }
]}));
