//! Queues that are streams are refused. A consumer of one is told nothing before something new comes, so that a
//! run would read no row and not end; and its messages stay though they are acknowledged, so that the next run
//! would have them again.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::Connection;
use lapin::message::Delivery;
use lapin::options::{BasicConsumeOptions, BasicQosOptions};
use lapin::types::{AMQPValue, FieldTable};
use tokio::time::timeout;

use super::flow::Shared;
use crate::client::rabbitmq::Refused;
use crate::error::{Error, Problem};

/// Where a consumer of a stream begins, and where a message of one stands.
const STREAM_OFFSET: &str = "x-stream-offset";

/// A stream that has messages has given one by then.
// A choice; nothing was measured.
const ANSWER: Duration = Duration::from_secs(3);

/// Is a queue a stream, from which nothing has come though it has messages?
///
/// Nothing tells its type but what it does: only a stream begins where it is asked to. Other queues refuse the
/// argument, at the price of a line in the broker's log, so that only silent ones are asked.
pub(super) async fn check(
    shared: &Shared,
    connection: &Connection,
    number: usize,
) -> Result<(), Refused> {
    match timeout(ANSWER, first(connection, &shared.queues[number])).await {
        Ok(Ok(Some(first))) => check_delivery(shared, number, &first),
        // Refused, or silent: no stream. Its messages may wait for another consumer.
        _ => Ok(()),
    }
}

/// The first message of a stream, by a channel that is closed again.
async fn first(connection: &Connection, queue: &str) -> lapin::Result<Option<Delivery>> {
    let channel = connection.create_channel().await?;
    channel.basic_qos(1, BasicQosOptions::default()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert(STREAM_OFFSET.into(), AMQPValue::LongString("first".into()));
    let options = BasicConsumeOptions::default();
    let asked = channel.basic_consume(queue.into(), "".into(), options, arguments);
    let first = asked.await?.next().await.transpose();
    let _ = channel.close(200, "done".into()).await;
    first
}

/// Has a stream given this message?
pub(super) fn check_delivery(
    shared: &Shared,
    number: usize,
    delivery: &Delivery,
) -> Result<(), Refused> {
    let headers = delivery.properties.headers().as_ref();
    if headers.is_none_or(|headers| !headers.contains_key(STREAM_OFFSET)) {
        return Ok(());
    }
    let queue = &shared.queues[number];
    let what = format!(
        "queue `{queue}` at RabbitMQ at {} is a stream, whose messages stay when they are acknowledged",
        shared.broker.name()
    );
    let hint = "bind a classic or a quorum queue to what fills it, and read that";
    Err(Refused {
        error: Error::user(Problem::new(what).hint(hint)),
        passes: false,
    })
}
