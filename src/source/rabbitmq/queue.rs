//! Queues to read: their columns, known before the run, and all that it takes to begin.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::{Field, Schema, SchemaRef};
use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use tokio::time::timeout;

use super::RabbitMq;
use super::block::{Decode, Values};
use super::columns::Schemas;
use super::flow::Consumer;
use super::metadata::{ENVELOPE, Known};
use super::options::{MessageFormat, Read, Until};
use crate::client::rabbitmq::Broker;
use crate::client::runtime::{apart, block_on};
use crate::error::{Problem, Result};
use crate::source::avro_messages::AvroMessages;
use crate::source::retype::said_columns;
use crate::source::{Asked, Begin, Flow, OnBadRow, Stream, Types};

/// How long the first message of a batch waits for others, unless something else is said.
const LINGER: Duration = Duration::from_millis(100);

/// Messages of a queue that may be under way, unless something else is said: about 64 MiB of what Debezium sends.
// Debezium's messages have about 3.2 KB.
const PREFETCH: u16 = 20_000;

/// A broker that is there has answered by then.
const ANSWER: Duration = Duration::from_secs(10);

/// Queues that are not read yet.
pub struct Queues {
    pub(super) broker: Broker,
    pub(super) names: Vec<String>,
    /// What the broker's pages call this client.
    pub(super) client: String,
    pub(super) prefetch: u16,
    pub(super) linger: Duration,
    pub(super) until: Until,
    schema: SchemaRef,
    metadata: Vec<Known>,
    values: Values,
    on_bad_row: OnBadRow,
}

impl Queues {
    /// The queues that the options name.
    ///
    /// # Errors
    /// Their columns are not known, or the address is none.
    pub fn new(options: &RabbitMq, asked: &Asked<'_>) -> Result<Self, Problem> {
        let (values, metadata, fields) = columns(options, asked.types)?;
        let prefetch = options.prefetch.as_ref();
        let prefetch = prefetch.and_then(|count| u16::try_from(count.value.0).ok());
        Ok(Self {
            broker: Broker::new(&options.url, options.tls.as_ref())?,
            names: options.names().map(String::from).collect(),
            client: format!("rowgen {} {}", asked.pipeline, asked.table),
            prefetch: prefetch.unwrap_or(PREFETCH),
            linger: options.linger.as_ref().map_or(LINGER, |linger| linger.0),
            until: options.until,
            schema: Arc::new(Schema::new(fields)),
            metadata,
            values,
            on_bad_row: options.on_bad_row.clone(),
        })
    }

    /// How their messages become rows.
    pub(super) fn decode(&self) -> Decode {
        Decode {
            queues: self.names.clone(),
            schema: self.schema.clone(),
            metadata: self.metadata.clone(),
            values: self.values.clone(),
            schemas: Schemas::default(),
        }
    }

    async fn look(&self) -> Result<()> {
        let connection = self.broker.connect(&self.client).await;
        let connection = connection.map_err(|refused| refused.error)?;
        let found = timeout(ANSWER, self.look_by(&connection)).await;
        let _ = timeout(ANSWER, connection.close(200, "done".into())).await;
        found.unwrap_or_else(|_| Err(self.broker.silent("looking at the queues").error))
    }

    async fn look_by(&self, connection: &lapin::Connection) -> Result<()> {
        for queue in &self.names {
            let said = |error: lapin::Error| {
                let doing = format!("looking at queue `{queue}`");
                self.broker.refused(&doing, &error).error
            };
            // A channel for each queue: the broker closes a channel with its answer that a queue is
            // not there.
            let channel = connection.create_channel().await.map_err(said)?;
            let passive = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let found =
                channel.queue_declare(queue.as_str().into(), passive, FieldTable::default());
            found.await.map_err(said)?;
            let _ = channel.close(200, "done".into()).await;
        }
        Ok(())
    }
}

type Columns = (Values, Vec<Known>, Vec<Field>);

/// The columns: those of the values, and those that are added.
fn columns(options: &RabbitMq, types: &Types) -> Result<Columns, Problem> {
    let said = options.metadata.columns();
    let (values, mut metadata, mut fields) = match &options.format {
        MessageFormat::Debezium(debezium) if debezium.read == Read::Envelopes => {
            if let Some((name, _)) = types.first() {
                let message = "envelopes have columns of their own, with types of their own";
                let hint = "say `format: { debezium: { read: rows } }` for the columns of a table";
                return Err(Problem::new(message).at(&name.place).hint(hint));
            }
            let own = ENVELOPE.iter().map(|(known, name)| known.field(name));
            let metadata = ENVELOPE.iter().map(|(known, _)| *known).collect();
            (Values::Envelopes, metadata, own.collect::<Vec<_>>())
        }
        MessageFormat::Debezium(_) => (
            Values::Rows,
            Vec::new(),
            said_columns(types, ("messages", &options.queues.place))?,
        ),
        MessageFormat::Avro(avro) => {
            let (avro, fields) = AvroMessages::new(avro, (&options.queues.place, None), types)?;
            (Values::Avro(Arc::new(avro)), Vec::new(), fields)
        }
        MessageFormat::Json => (
            Values::Json,
            Vec::new(),
            said_columns(types, ("messages", &options.queues.place))?,
        ),
    };
    for (known, name) in said {
        if known.is_of_change() && !values.are_changes() {
            let message = "only changes have this, and messages are rows";
            let hint = "say `format: debezium`, or leave it out";
            return Err(Problem::new(message).at(&name.place).hint(hint));
        }
        if fields.iter().any(|field| field.name() == name.as_str()) {
            let message = format!("two columns are named `{}`", name.as_str());
            return Err(Problem::new(message).at(&name.place));
        }
        fields.push(known.field(name.as_str()));
        metadata.push(known);
    }
    Ok((values, metadata, fields))
}

impl Stream for Queues {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn on_bad_row(&self) -> OnBadRow {
        self.on_bad_row.clone()
    }

    fn describe(&self) -> String {
        let queues = match self.names.as_slice() {
            [one] => format!("queue {one}"),
            several => format!("queues {}", several.join(", ")),
        };
        format!("rabbitmq {queues} at {}", self.broker.name())
    }

    fn connect(&self) -> Result<()> {
        apart("looking at the broker", || block_on(self.look())?)
    }

    fn start(&self, begin: &Begin) -> Result<Box<dyn Flow>> {
        Ok(Box::new(Consumer::start(self, begin)?))
    }
}
