//! What tests ask of RabbitMQ: queues, messages in them, and how many are there.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use rowgen::client::runtime::block_on;

use crate::environment;

/// A broker that a test talks to.
pub struct Broker {
    connection: Connection,
    channel: Channel,
}

impl Broker {
    /// The one that all tests share.
    pub fn shared() -> Self {
        Self::at(&environment("RABBITMQ_URL"))
    }

    /// The one there; it may be about to start.
    pub fn at(url: &str) -> Self {
        let connected = block_on(async {
            for _ in 0..100 {
                let connecting = Connection::connect(url, ConnectionProperties::default());
                if let Ok(connection) = connecting.await {
                    let channel = connection.create_channel().await?;
                    let options = ConfirmSelectOptions::default();
                    channel.confirm_select(options).await?;
                    return Ok((connection, channel));
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            panic!("nobody answers at {url}")
        });
        let connected: lapin::Result<_> = connected.unwrap();
        let (connection, channel) = connected.unwrap();
        Self {
            connection,
            channel,
        }
    }

    /// A durable queue.
    pub fn declare(&self, queue: &str) {
        self.declare_as(queue, "classic");
    }

    /// A durable queue of this type.
    pub fn declare_as(&self, queue: &str, kind: &str) {
        let options = QueueDeclareOptions {
            durable: true,
            ..QueueDeclareOptions::default()
        };
        let mut arguments = FieldTable::default();
        let kind = AMQPValue::LongString(kind.into());
        arguments.insert("x-queue-type".into(), kind);
        let declared = async {
            let asked = self.channel.queue_declare(queue.into(), options, arguments);
            asked.await
        };
        block_on(declared).unwrap().unwrap();
    }

    /// It is gone, with all that it has.
    pub fn delete(&self, queue: &str) {
        let options = lapin::options::QueueDeleteOptions::default();
        let deleted = async { self.channel.queue_delete(queue.into(), options).await };
        block_on(deleted).unwrap().unwrap();
    }

    /// Puts messages that stay into a queue, in order.
    pub fn publish<'m>(&self, queue: &str, messages: impl IntoIterator<Item = &'m [u8]>) {
        let published = async {
            let mut last = None;
            for message in messages {
                let properties = BasicProperties::default().with_delivery_mode(2);
                let options = BasicPublishOptions::default();
                let sent = self.channel.basic_publish(
                    "".into(),
                    queue.into(),
                    options,
                    message,
                    properties,
                );
                last = Some(sent.await?);
            }
            match last {
                Some(last) => last.await.map(drop),
                None => Ok(()),
            }
        };
        block_on(published).unwrap().unwrap();
    }

    /// How many messages a queue has that nobody is given.
    pub fn ready(&self, queue: &str) -> u32 {
        let asked = async {
            let channel = self.connection.create_channel().await?;
            let passive = QueueDeclareOptions {
                passive: true,
                ..QueueDeclareOptions::default()
            };
            let asked = channel.queue_declare(queue.into(), passive, FieldTable::default());
            let found = asked.await?.message_count();
            channel.close(200, "".into()).await?;
            Ok(found)
        };
        let found: lapin::Result<u32> = block_on(asked).unwrap();
        found.unwrap()
    }
}
