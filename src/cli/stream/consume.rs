//! `rowgen stream --consume`: the other end, so that a link is measured with one program on both.

use std::time::Duration;

use super::super::{print, say, signals};
use super::StreamOptions;
use crate::client::zeromq::{Address, Consumed, Consumer};
use crate::error::Result;
use crate::units::show_count;

/// How much longer a consumer stays than messages are sent.
// The old consumers stay ten seconds longer than `-t`: what is on its way then is answered, too.
const LONGER: Duration = Duration::from_secs(10);

/// How long it waits for the producer, unless something is said.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn run(options: &StreamOptions) -> Result<u8> {
    let producer = |port| Address::new(&options.producer_ip, port);
    let first = options.producer_data_port;
    let consumer = Consumer {
        data: (first..=first + (options.channels - 1))
            .map(producer)
            .collect(),
        control: producer(options.control_port),
        replies: Address::new(&options.bind, options.viz_port),
        processing: options.processing()?,
        workers: usize::from(options.workers),
        time: options.time()?.saturating_add(LONGER),
        patience: options.patience()?.unwrap_or(PATIENCE),
    };
    let stop = signals::stop()?;
    say(&format!(
        "saying `start` to {}",
        consumer.control.endpoint()
    ));
    let done = consumer.run(&|| stop.signal().is_some());
    let signal = stop
        .signal()
        .and_then(|signal| u8::try_from(128 + signal).ok());
    let done = match (done, signal) {
        (Ok(done), _) => done,
        // A signal during the wait for a producer: the error that none has come is told, and the
        // exit code is the signal's.
        (Err(error), Some(code)) => {
            say(&error.to_string());
            return Ok(code);
        }
        (Err(error), None) => return Err(error),
    };
    let told = tell(&done)?;
    Ok(signal.unwrap_or(told))
}

fn tell(done: &Consumed) -> Result<u8> {
    let seconds = done.elapsed.as_secs_f64();
    let rate = match seconds > 0.0 {
        // n messages have n − 1 gaps between the first and the last one.
        true => done.messages.saturating_sub(1) as f64 / seconds,
        // One message has no time between two; its rate would be infinite.
        false => 0.0,
    };
    print(&format!(
        "=== Consumer Results ===\nMessages received: {}\nUnreadable: {}\nReplies sent: {}\nLeft without a reply: {}\nRate: {rate:.2} Hz\nThroughput: {:.4} Gbit/s\n",
        show_count(done.messages),
        done.unreadable,
        show_count(done.replies),
        show_count(done.left),
        done.bytes as f64 * 8.0 / seconds.max(1e-9) / 1e9,
    ))
}
