//! Sockets of libzmq. The library's own, because what old peers meet is then what they have met before:
//! its queues, its reconnects, its subscriptions; `zmq` binds it. The pure ones in Rust that were weighed
//! either cannot bound the queue of a PUB or change too fast. What `zmq` has no safe call for (refusing
//! what does not fit, messages in memory that is used again) stands in `prepared.rs`.

mod consumer;
mod handshake;
mod prepared;
mod reply;

use std::time::{SystemTime, UNIX_EPOCH};

use zmq::{Context, Socket, SocketType};

use super::Address;
use crate::error::{Error, Problem};

pub use consumer::{Consumed, Consumer};
pub use handshake::{Control, Subscriber};
pub use prepared::{Parcel, Publisher, Ring};
pub use reply::{Incoming, Reply};
pub use zmq::Context as Sockets;

/// What the consumer says and hears before the first message.
pub const START: &str = "start";

/// Bytes of a frame that is taken where nothing but words and subscriptions come: whoever sends more is cut
/// off before there is memory for it, and may come again.
const MOST_WORDS: i64 = 4 << 10;

/// The same of a reply, which is JSON of a hundred bytes or two.
pub const MOST_REPLY: i64 = 16 << 20;

/// Microseconds since 1970, by the system's clock.
pub fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let micros = since.ok().map(|since| since.as_micros());
    micros
        .and_then(|micros| u64::try_from(micros).ok())
        .unwrap_or_default()
}

/// What libzmq says, with what was being done.
fn failed(doing: impl Into<String>, error: zmq::Error) -> Error {
    Error::run(refused(doing, error))
}

/// The same, where whoever asked knows the place in the file.
fn refused(doing: impl Into<String>, error: zmq::Error) -> Problem {
    Problem::new(doing).cause(error.message())
}

fn socket(context: &Context, kind: SocketType) -> Result<Socket, Problem> {
    let made = context.socket(kind).and_then(|socket| {
        // What is not sent when a run is over is not wanted any more.
        socket.set_linger(0)?;
        socket.set_maxmsgsize(MOST_WORDS)?;
        Ok(socket)
    });
    made.map_err(|error| refused("making a socket of ZeroMQ", error))
}

/// Connects to an address, of the sixth version of the protocol, too, which libzmq has to be told of.
fn connect(socket: &Socket, address: &Address) -> Result<(), zmq::Error> {
    socket.set_ipv6(address.is_six())?;
    socket.connect(&address.endpoint())
}

fn bind(socket: &Socket, address: &Address) -> Result<(), Problem> {
    let endpoint = address.endpoint();
    let bound = socket.set_ipv6(address.is_six());
    bound
        .and_then(|()| socket.bind(&endpoint))
        .map_err(|error| {
            let problem = refused(format!("cannot bind `{endpoint}`"), error);
            match error {
                zmq::Error::EADDRINUSE => {
                    problem.hint("another program has this port: end it, or take another port")
                }
                zmq::Error::ENODEV | zmq::Error::EADDRNOTAVAIL => {
                    problem.hint("the host is `*`, or an address of this machine")
                }
                _ => problem,
            }
        })
}
