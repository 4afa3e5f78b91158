//! `rabbitmq`: the messages of queues as rows, at least once: each is acknowledged once every sink has it
//! safely.
#![cfg_attr(
    not(feature = "rabbitmq"),
    allow(dead_code, reason = "without RabbitMQ, options are only read")
)]

#[cfg(feature = "rabbitmq")]
mod block;
#[cfg(feature = "rabbitmq")]
mod columns;
#[cfg(feature = "rabbitmq")]
mod fetch;
#[cfg(feature = "rabbitmq")]
mod flow;
#[cfg(feature = "rabbitmq")]
mod ledger;
mod metadata;
mod options;
#[cfg(feature = "rabbitmq")]
mod pipe;
#[cfg(feature = "rabbitmq")]
mod queue;
#[cfg(feature = "rabbitmq")]
mod stream_queue;
#[cfg(all(test, feature = "rabbitmq"))]
mod tests;

use schemars::JsonSchema;
use serde::Deserialize;

use super::messages::check_linger;
use super::{Asked, OnBadRow, Opened, Source};
use crate::client::database::Tls;
use crate::error::{Problem, Result};
use crate::place::{Count, Duration, OneOrMany, Placed, Secret, Text};
use metadata::Metadata;
use options::{MessageFormat, Until};

/// Messages of queues of RabbitMQ: a row each. A message is acknowledged once every sink has its row.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RabbitMq {
    /// The broker: `amqp://USER:PASSWORD@HOST:5672/VHOST`, `amqps://` for encryption, best from the environment: `"${env:RABBITMQ_URL}"`.
    url: Placed<Secret>,
    /// The queue, or several.
    queues: Placed<OneOrMany<Text>>,
    /// What messages hold: `json` (default; the columns are those of `types`), `{ avro: … }`, or `debezium`, a change each.
    #[serde(default)]
    format: MessageFormat,
    /// When to stop: `forever` (default), `empty` (once no queue has a message left), or after a number of messages.
    #[serde(default)]
    until: Until,
    /// Messages of each queue that may be under way and not acknowledged, at most 65_535 (default 20_000).
    prefetch: Option<Placed<Count>>,
    /// How long the first message of a batch waits for others (default 100ms): at most so long, or until the batch is full.
    linger: Option<Placed<Duration>>,
    /// Columns to add, named for what they hold: `{ queue: q, routing_key: k, redelivered: r, timestamp: t }`, and of changes `operation`, `database`, `table`, `file`, `pos`, `row`.
    #[serde(default)]
    metadata: Metadata,
    /// What becomes of a message that cannot be read: `stop` (default), `skip`, or `{ dead_letter: PATH }`.
    #[serde(default)]
    on_bad_row: OnBadRow,
    /// An encrypted connection whose certificate is checked by this authority.
    tls: Option<Tls>,
}

impl RabbitMq {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.queues.value.0.iter().map(|name| name.0.as_str())
    }

    fn check(&self) -> Result<(), Problem> {
        if let Some(count) = &self.prefetch
            && !(1..=u64::from(u16::MAX)).contains(&count.value.0)
        {
            let message = "`prefetch` is 1 to 65_535";
            return Err(Problem::new(message).at(&count.place));
        }
        check_linger(self.linger.as_ref())?;
        let names: Vec<&str> = self.names().collect();
        if names.is_empty() {
            return Err(Problem::new("`queues` names none").at(&self.queues.place));
        }
        for (place, name) in names.iter().enumerate() {
            if name.is_empty() || name.len() > 255 {
                let message = "a queue's name has 1 to 255 bytes";
                return Err(Problem::new(message).at(&self.queues.place));
            }
            if names[..place].contains(name) {
                let message = format!("queue `{name}` is named twice");
                return Err(Problem::new(message).at(&self.queues.place));
            }
        }
        self.on_bad_row.of_file()
    }
}

impl Source for RabbitMq {
    #[cfg(feature = "rabbitmq")]
    fn open(&self, asked: &Asked<'_>) -> Result<Opened> {
        self.check()?;
        let queues = queue::Queues::new(self, asked)?;
        Ok(Opened::Stream(std::sync::Arc::new(queues)))
    }

    #[cfg(not(feature = "rabbitmq"))]
    fn open(&self, _asked: &Asked<'_>) -> Result<Opened> {
        self.check()?;
        Err(crate::client::missing("RabbitMQ", "rabbitmq")
            .at(&self.url.place)
            .into())
    }
}
