//! What is wrong with the options, what follows from them, and how messages will be sent, in words.

use std::time::Duration;

use super::Zeromq;
use super::message::Message;
use crate::client::missing;
use crate::client::zeromq::Address;
use crate::error::{Problem, Problems};
use crate::format::Shape;
use crate::place::{Place, Placed, Text};
use crate::units::show_bytes;

/// More channels than ports of a machine make no sense, and each takes a thread's time.
// A choice; a mistake in the number would take ports that others need.
const MOST_CHANNELS: u64 = 1024;

/// Messages that wait for their peers.
// That of the producers whose stream `pipelines/stream.yaml` follows.
const MARK: u64 = 10_000;

/// Bytes that wait for their peers: ten thousand messages of 1 MiB would be ten gigabytes.
const MARK_BYTES: u64 = 64 << 20;

/// The largest `{data}`.
const MOST_DATA: u64 = 1 << 30;

/// Sockets that messages and replies go through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sockets {
    /// A channel each.
    pub channels: Vec<Address>,
    /// Where a consumer says `start`.
    pub start: Option<Address>,
    /// Where replies come from.
    pub replies: Option<Address>,
}

/// All that is wrong, for a table of this shape.
pub fn problems(zeromq: &Zeromq, shape: &Shape) -> Vec<Problem> {
    let mut problems = Problems::default();
    if !cfg!(feature = "zeromq") {
        problems.push(missing("ZeroMQ", "zeromq").at(&zeromq.bind.place));
    }
    problems.extend(options(zeromq));
    if let Err(wrong) = sockets(zeromq) {
        problems.extend(wrong);
    }
    if let Err(wrong) = Message::of(zeromq, shape) {
        problems.extend(wrong);
    }
    problems.into_vec()
}

/// The sockets.
///
/// # Errors
/// Addresses that are none, ports that are taken twice or are none.
pub fn sockets(zeromq: &Zeromq) -> Result<Sockets, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut read = |text: &Placed<Text>| {
        let address = Address::parse(text).map_err(|fault| Problem::new(fault).at(&text.place));
        problems.note(address)
    };
    let bind = read(&zeromq.bind);
    let start = zeromq.start.as_ref().and_then(&mut read);
    let replies = zeromq.replies.as_ref().and_then(&mut read);
    let channels = bind.map(|bind| channels(zeromq, &bind));
    let channels = channels
        .and_then(|channels| problems.note(channels))
        .unwrap_or_default();
    let first = channels.first().map_or(0, Address::port);
    let clash = |option: &str, place: &Place, address: &Address| {
        let taken = |channel: &Address| channel.port() == address.port();
        channels.iter().any(taken).then(|| {
            let (port, last) = (address.port(), channels.last().map_or(first, Address::port));
            let message = format!(
                "port {port} of `{option}` is that of channel {}",
                port - first
            );
            let hint = format!(
                "messages have the ports {first} to {last}: take another one, or fewer channels"
            );
            Problem::new(message).at(place).hint(hint)
        })
    };
    if let (Some(address), Some(text)) = (&start, &zeromq.start) {
        problems.extend(clash("start", &text.place, address));
    }
    if let (Some(address), Some(text)) = (&replies, &zeromq.replies) {
        if address.is_everywhere() {
            let problem =
                Problem::new("replies come from one host, and `*` is none").at(&text.place);
            problems.push(problem.hint("name the consumer's host: `tcp://127.0.0.1:5570`"));
        }
        problems.extend(clash("replies", &text.place, address));
    }
    problems.into_result().map_err(|error| error.problems)?;
    Ok(Sockets {
        channels,
        start,
        replies,
    })
}

fn channels(zeromq: &Zeromq, bind: &Address) -> Result<Vec<Address>, Problem> {
    let asked = zeromq.channels.as_ref();
    let count = asked.map_or(1, |count| count.value.0);
    let place = asked.map_or(&zeromq.bind.place, |count| &count.place);
    if !(1..=MOST_CHANNELS).contains(&count) {
        return Err(Problem::new(format!("`channels` is 1 to {MOST_CHANNELS}")).at(place));
    }
    let address = |channel: u64| bind.plus(u16::try_from(channel).ok()?);
    let all: Option<Vec<Address>> = (0..count).map(address).collect();
    all.ok_or_else(|| {
        let last = u64::from(bind.port()) + count - 1;
        let message = format!(
            "{count} channels from port {} on need port {last}, and the last one is 65535",
            bind.port()
        );
        Problem::new(message)
            .at(place)
            .hint("bind a lower port, or take fewer channels")
    })
}

fn options(zeromq: &Zeromq) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut refuse = |wrong: bool, what: &str, place: &Place| {
        if wrong {
            problems.push(Problem::new(what).at(place));
        }
    };
    if let Some(data) = &zeromq.data {
        let wrong = !(1..=MOST_DATA).contains(&data.value.0);
        refuse(wrong, "`data` is 1B to 1GiB", &data.place);
    }
    if let Some(mark) = &zeromq.high_water_mark {
        refuse(
            mark.value.0 == 0,
            "`high_water_mark` is at least 1",
            &mark.place,
        );
    }
    if let Some(timeout) = &zeromq.start_timeout {
        refuse(
            timeout.value.0.is_zero(),
            "`start_timeout` is longer than 0s",
            &timeout.place,
        );
    }
    if let (Some(results), None) = (&zeromq.results, &zeromq.replies) {
        let problem = Problem::new("`results` are made of replies, and there are none");
        problems.push(
            problem
                .at(&results.place)
                .hint("say where `replies` come from"),
        );
    }
    problems
}

impl Zeromq {
    /// Messages that may wait in one channel, where each has so many bytes.
    pub fn mark(&self, message: usize, channels: usize) -> usize {
        match &self.high_water_mark {
            None => Self::usual_mark(message, channels),
            Some(asked) => each(asked.value.0, channels),
        }
    }

    /// The same, unless somebody says how many.
    pub fn usual_mark(message: usize, channels: usize) -> usize {
        each(MARK.min(MARK_BYTES / (message as u64).max(1)), channels)
    }

    /// How long a consumer is waited for.
    pub fn start_patience(&self) -> Duration {
        // A choice, as the five seconds of `linger` are.
        seconds(self.start_timeout.as_ref(), 60)
    }

    /// How long replies are waited for.
    pub fn reply_patience(&self) -> Duration {
        // As long as those producers waited.
        seconds(self.reply_timeout.as_ref(), 30)
    }

    /// How long messages are waited for that are not sent yet.
    pub fn linger(&self) -> Duration {
        seconds(self.linger.as_ref(), 5)
    }
}

/// What of so many messages each of the channels has.
fn each(messages: u64, channels: usize) -> usize {
    let each = messages / (channels as u64).max(1);
    usize::try_from(each).unwrap_or(usize::MAX).max(1)
}

fn seconds(asked: Option<&Placed<crate::place::Duration>>, usual: u64) -> Duration {
    asked.map_or(Duration::from_secs(usual), |asked| asked.value.0)
}

/// Where messages go and how.
pub fn describe(zeromq: &Zeromq) -> Vec<String> {
    let count = zeromq.channels.as_ref().map_or(1, |count| count.value.0);
    let data = zeromq.data.as_ref().map_or(0, |data| data.value.0);
    let mut lines = vec![format!(
        "topic `{}` at {}, {count} channel{}, {} of data a message, high-water mark {} a channel",
        zeromq.topic.as_str(),
        zeromq.bind.as_str(),
        if count == 1 { "" } else { "s" },
        show_bytes(data),
        zeromq.mark(
            usize::try_from(data).unwrap_or(usize::MAX),
            usize::try_from(count).unwrap_or(1)
        ),
    )];
    if let Some(start) = &zeromq.start {
        lines.push(format!(
            "begins when a consumer says `start` at {}",
            start.as_str()
        ));
    }
    if let Some(replies) = &zeromq.replies {
        lines.push(format!("replies come from {}", replies.as_str()));
    }
    lines
}
