//! A topic to read: its columns, known before the run, and all that it takes to begin.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arrow::datatypes::{Field, Schema, SchemaRef};

use super::Kafka;
use super::block::{Decode, Values};
use super::dead::DeadTopic;
use super::flow::Group;
use super::format::MessageFormat;
use super::metadata::Known;
use super::options::{Start, Tombstones, Until};
use crate::client::kafka::{Admin, Connection};
use crate::column::{ColumnType, show_type};
use crate::error::{Error, Problem, Result};
use crate::place::{Placed, Text};
use crate::source::avro_messages::AvroMessages;
use crate::source::retype::said_columns;
use crate::source::{Asked, Begin, Flow, OnBadRow, Stream, Types};

/// How long the first message of a batch waits for others, unless something else is said.
// It was a second, which a slow stream waited for in full; there is no measurement behind 100 ms.
const LINGER: Duration = Duration::from_millis(100);

/// Bytes that may be fetched ahead, unless something else is said.
// 64 MiB for all members together; it was as much for each of them.
const BUFFER: usize = 64 << 20;

/// What Kafka knows of a message, and the name of its column.
type Named<'o> = (Known, &'o Placed<Text>);

/// A column's name and the type that it is to have.
type Typed = (Placed<String>, Placed<ColumnType>);

/// A topic that is not read yet.
pub struct Topic {
    pub(super) connection: Connection,
    pub(super) name: String,
    pub(super) group: String,
    pub(super) start: Start,
    pub(super) until: Until,
    pub(super) consumers: usize,
    /// How long the first message of a batch waits for others.
    pub(super) linger: Duration,
    /// Bytes that may be fetched ahead, by all consumers.
    pub(super) buffer: usize,
    pub(super) dead_topic: Option<String>,
    schema: SchemaRef,
    metadata: Vec<Known>,
    values: Arc<Values>,
    tombstones: Tombstones,
    on_bad_row: OnBadRow,
    /// How many partitions it has: asked for once.
    partitions: OnceLock<i32>,
}

impl Topic {
    /// The topic that the options name.
    ///
    /// # Errors
    /// Its columns are not known.
    pub fn new(options: &Kafka, asked: &Asked<'_>) -> Result<Self, Problem> {
        let (metadata, types) = known(options, asked.types)?;
        let (values, mut fields) = match &options.format {
            MessageFormat::Json => (
                Values::Json,
                said_columns(&types, ("JSON messages", &options.topic.place))?,
            ),
            MessageFormat::Avro(avro) => {
                let subject = format!("{}-value", options.topic.as_str());
                let at = (&options.topic.place, Some(subject));
                let (avro, fields) = AvroMessages::new(avro, at, &types)?;
                (Values::Avro(Box::new(avro)), fields)
            }
        };
        let tombstones = tombstones(options, asked.types, &mut fields)?;
        for (known, name) in &metadata {
            if fields.iter().any(|field| field.name() == name.as_str()) {
                let message = format!("two columns are named `{}`", name.as_str());
                return Err(Problem::new(message).at(&name.place));
            }
            fields.push(known.field(name));
        }
        let dead_topic = match &options.on_bad_row {
            OnBadRow::DeadTopic(topic) => Some(own(topic, options)?),
            _ => None,
        };
        let consumers = options.consumers.as_ref().map_or(1, |count| count.value.0);
        Ok(Self {
            connection: options.connection(),
            name: options.topic.value.0.clone(),
            group: options.group(asked),
            start: options.start,
            until: options.until,
            consumers: usize::try_from(consumers).unwrap_or(1),
            linger: options.linger.as_ref().map_or(LINGER, |linger| linger.0),
            buffer: options
                .buffer
                .as_ref()
                .map_or(BUFFER, |buffer| buffer.0 as usize),
            dead_topic,
            schema: Arc::new(Schema::new(fields)),
            metadata: metadata.into_iter().map(|(known, _)| known).collect(),
            values: Arc::new(values),
            tombstones,
            on_bad_row: options.on_bad_row.clone(),
            partitions: OnceLock::new(),
        })
    }

    /// How its messages become rows.
    pub(super) fn decode(&self, dead: Option<Arc<DeadTopic>>) -> Decode {
        Decode {
            topic: self.name.clone(),
            schema: self.schema.clone(),
            metadata: self.metadata.clone(),
            values: self.values.clone(),
            tombstones: self.tombstones,
            dead,
        }
    }

    /// Messages without a value are passed over.
    pub(super) fn skips_tombstones(&self) -> bool {
        self.tombstones == Tombstones::Skip
    }

    /// How many partitions it has; the topic for dead letters is there, too.
    ///
    /// # Errors
    /// The brokers cannot be reached, or do not have one of them.
    pub(super) fn partitions(&self) -> Result<i32> {
        if let Some(partitions) = self.partitions.get() {
            return Ok(*partitions);
        }
        let admin = Admin::new(&self.connection)?;
        let found = self.of(&admin, &self.name, "a source creates no topics")?;
        if let Some(dead) = &self.dead_topic {
            self.of(&admin, dead, "a source creates none for its dead letters")?;
        }
        Ok(*self.partitions.get_or_init(|| found))
    }

    fn of(&self, admin: &Admin, name: &str, hint: &str) -> Result<i32> {
        let brokers = &self.connection.brokers;
        let missing = || Error::run(format!("Kafka at `{brokers}` has no topic `{name}`"));
        let found = admin.partitions(name)?;
        found.ok_or_else(|| missing().hint(hint))
    }
}

/// What Kafka knows of messages as columns, and the types of the others.
fn known<'o>(options: &'o Kafka, types: &Types) -> Result<(Vec<Named<'o>>, Vec<Typed>), Problem> {
    let mut metadata = options.metadata.columns();
    let mut others = Vec::new();
    for (name, wanted) in types {
        let own = metadata
            .iter_mut()
            .find(|(_, own)| own.as_str() == name.value);
        let Some((known, _)) = own else {
            others.push((name.clone(), wanted.clone()));
            continue;
        };
        if wanted.required {
            let message = format!("column `{}` is not of the message's value", name.value);
            let hint = "say `nullable: false` only of columns of the value";
            return Err(Problem::new(message).at(&wanted.place).hint(hint));
        }
        let Some(found) = known.of_type(&wanted.data_type) else {
            let (name, own) = (&name.value, known.field(""));
            let message = format!(
                "column `{name}` is {}, and cannot be read as {}",
                show_type(own.data_type()),
                show_type(&wanted.data_type)
            );
            let problem = Problem::new(message).at(&wanted.place);
            return Err(match known {
                Known::Key => {
                    problem.hint("a message's key is `binary`, or `utf8` if it is said here")
                }
                _ => problem,
            });
        };
        *known = found;
    }
    Ok((metadata, others))
}

/// What becomes of messages without a value: rows, where every column may be null or is to be.
///
/// # Errors
/// They are to be rows, and a column is said to have no nulls.
fn tombstones(options: &Kafka, types: &Types, fields: &mut [Field]) -> Result<Tombstones, Problem> {
    let nullable = fields.iter().all(Field::is_nullable);
    let required = types.iter().find(|(_, wanted)| wanted.required);
    match (&options.tombstones, required) {
        (Some(said), Some((name, _))) if said.value == Tombstones::Rows => {
            let message = format!(
                "the rows of tombstones are null, and column `{}` has `nullable: false`",
                name.value
            );
            let hint = "say `tombstones: skip`, or leave `nullable: false` out";
            Err(Problem::new(message).at(&said.place).hint(hint))
        }
        (Some(said), _) => {
            if said.value == Tombstones::Rows {
                fields.iter_mut().for_each(|field| field.set_nullable(true));
            }
            Ok(said.value)
        }
        (None, _) if nullable => Ok(Tombstones::Rows),
        (None, _) => Ok(Tombstones::Refuse),
    }
}

/// The topic for dead letters, which are no messages to read again.
fn own(dead: &Placed<Text>, options: &Kafka) -> Result<String, Problem> {
    match dead.as_str() == options.topic.as_str() {
        false => Ok(dead.value.0.clone()),
        true => Err(
            Problem::new("dead letters cannot go to the topic that is read")
                .at(&dead.place)
                .hint("name another topic: each of them would come again as a message"),
        ),
    }
}

impl Stream for Topic {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn on_bad_row(&self) -> OnBadRow {
        self.on_bad_row.clone()
    }

    fn describe(&self) -> String {
        format!(
            "kafka topic {} at {}, group {}",
            self.name, self.connection.brokers, self.group
        )
    }

    fn connect(&self) -> Result<()> {
        self.partitions().map(|_| ())
    }

    fn start(&self, begin: &Begin) -> Result<Box<dyn Flow>> {
        Ok(Box::new(Group::join(self, begin)?))
    }
}
