//! `zeromq`: rows as messages of a PUB socket, each sent when it is due and timed by its reply.

mod check;
mod message;
// What sends needs the feature; what a pipeline says of its messages is read and checked without it.
#[cfg_attr(not(feature = "zeromq"), path = "no_driver.rs")]
mod driver;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Delivery, Found, Sink, SinkPlace, Takes, Target};
use crate::error::{Problem, Result};
use crate::format::Shape;
use crate::place::{Bytes, Count, Duration, FilePath, Placed, Text};

/// Messages of a PUB socket of ZeroMQ, a row each, in two frames: a topic and the message. With `replies`
/// every message is timed from its intended send to its reply.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct Zeromq {
    /// Where consumers connect: `tcp://*:5555`; channel i has the port i further on.
    pub bind: Placed<Text>,
    /// How many sockets messages are dealt to in turn (default 1).
    pub channels: Option<Placed<Count>>,
    /// The first frame of each message, which consumers subscribe to.
    pub topic: Placed<Text>,
    /// The second frame: text with `{columns}`, at most one `{send_time_us}` (microseconds since 1970 at the send; `{send_time_us:020}` has 20 digits) and one `{data}`.
    pub message: Placed<Text>,
    /// So many bytes, each `x`, stand for `{data}`.
    pub data: Option<Placed<Bytes>>,
    /// Where a consumer must say `start` first, by a REQ socket: `tcp://*:5580` (default: nobody need say it).
    pub start: Option<Placed<Text>>,
    /// Where replies come from, a PUB socket of the consumer: `tcp://127.0.0.1:5570`. A reply is JSON with `seq_n` (the row's number, from 0), `msg_id`, and `t2` and `t3`, when the message came and was done in microseconds since 1970.
    pub replies: Option<Placed<Text>>,
    /// The topic of replies (default `response`).
    pub reply_topic: Option<Placed<Text>>,
    /// How long a consumer is waited for before the first message (default 60s).
    pub start_timeout: Option<Placed<Duration>>,
    /// How long replies are waited for after the last message (default 30s).
    pub reply_timeout: Option<Placed<Duration>>,
    /// How long what is not sent yet is waited for after the last message (default 5s).
    pub linger: Option<Placed<Duration>>,
    /// Messages that wait in all channels together (default: 10_000, and at most 64MiB of them).
    pub high_water_mark: Option<Placed<Count>>,
    /// A CSV file with the four times of each message that was answered; once the run is over it replaces one that is there. Each slice has one of its own.
    pub results: Option<Placed<FilePath>>,
    /// The run is only measured: messages are made and thrown away.
    #[serde(skip)]
    #[cfg_attr(
        not(feature = "zeromq"),
        expect(dead_code, reason = "without ZeroMQ nothing is sent at all")
    )]
    measured: bool,
}

impl Sink for Zeromq {
    fn check(&self, shape: &Shape) -> Vec<Problem> {
        check::problems(self, shape)
    }

    fn takes(&self) -> Takes {
        Takes {
            best_rows: Some(1024),
            holds_rows: true,
            by_number: true,
            delivery: Delivery::AtMostOnce,
            placing: &[
                "bind",
                "channels",
                "start",
                "replies",
                "reply_topic",
                "start_timeout",
                "reply_timeout",
                "linger",
                "high_water_mark",
                "results",
            ],
            place: match &self.results {
                Some(path) => SinkPlace::Path(path.clone()),
                None => SinkPlace::Named,
            },
            ..Takes::default()
        }
    }

    fn describe(&self, _shape: &Shape) -> Vec<String> {
        check::describe(self)
    }

    /// Nobody is waited for, and nothing sent.
    fn measured(&self) -> Option<(std::sync::Arc<dyn Sink>, &'static str)> {
        let measured = Self {
            measured: true,
            results: None,
            ..self.clone()
        };
        Some((std::sync::Arc::new(measured), "made and thrown away"))
    }

    fn connect(&self, target: &Target) -> Result<Found> {
        driver::connect(self, target)
    }
}
