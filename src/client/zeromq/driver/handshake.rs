//! Before the first message: the consumer says that it is there, has subscribed, and listens for replies'
//! sender.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use zmq::{Context, DONTWAIT, Socket, SocketEvent, SocketType};

use super::{Address, START, bind, connect, failed, socket};
use crate::error::{Error, Problem, Result};

/// Answers a consumer that wants to begin.
pub struct Control(Socket);

/// A SUB socket, and what becomes of its connection.
pub struct Subscriber {
    socket: Socket,
    /// Tells what becomes of the connection.
    monitor: Socket,
    address: Address,
    connected: bool,
    /// When it was lost, while libzmq has not begun to make it anew.
    lost: Option<Instant>,
}

/// Monitors that were made: each of a context has a name of its own.
static MADE: AtomicU64 = AtomicU64::new(0);

/// So long after a connection was lost libzmq has begun to make it anew, or never does.
// A choice; libzmq begins after a tenth of a second.
const RETRIED: Duration = Duration::from_millis(500);

impl Control {
    /// Binds it.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub fn bind(context: &Context, address: &Address) -> Result<Self, Problem> {
        let socket = socket(context, SocketType::REP)?;
        bind(&socket, address)?;
        Ok(Self(socket))
    }

    /// Waits at most so long for somebody to say `start`, and answers. What else is said is answered, too,
    /// and does not count.
    ///
    /// # Errors
    /// The socket has failed.
    pub fn started(&self, time: Duration) -> Result<bool> {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let error = |error| failed("waiting for a consumer", error);
        match self.0.poll(zmq::POLLIN, millis) {
            Ok(0) | Err(zmq::Error::EINTR) => return Ok(false),
            Ok(_) => {}
            Err(other) => return Err(error(other)),
        }
        let said = self.0.recv_multipart(DONTWAIT).map_err(error)?;
        let started = said.first().is_some_and(|said| said == START.as_bytes());
        let answer = if started { START } else { "say `start`" };
        self.0.send(answer, 0).map_err(error)?;
        Ok(started)
    }
}

impl Subscriber {
    /// Begins to connect. Frames of more than `most` bytes are not taken: whoever sends one is cut off, and
    /// connected to anew.
    ///
    /// # Errors
    /// libzmq refuses the address.
    pub fn connect(context: &Context, address: &Address, topic: &str, most: i64) -> Result<Self> {
        let endpoint = address.endpoint();
        let subscriber = socket(context, SocketType::SUB).map_err(Error::run)?;
        let monitor = socket(context, SocketType::PAIR).map_err(Error::run)?;
        let watched = format!("inproc://monitor-{}", MADE.fetch_add(1, Ordering::Relaxed));
        let connected = || {
            // No limit: a reply that a full queue drops would count as lost.
            subscriber.set_rcvhwm(0)?;
            subscriber.set_maxmsgsize(most)?;
            subscriber.set_subscribe(topic.as_bytes())?;
            let events = [
                SocketEvent::HANDSHAKE_SUCCEEDED,
                SocketEvent::DISCONNECTED,
                SocketEvent::CONNECT_RETRIED,
            ];
            let events = events.map(|event| i32::from(event.to_raw()));
            subscriber.monitor(&watched, events.iter().sum())?;
            monitor.connect(&watched)?;
            connect(&subscriber, address)
        };
        connected().map_err(|error| failed(format!("connecting to `{endpoint}`"), error))?;
        Ok(Self {
            socket: subscriber,
            monitor,
            address: address.clone(),
            connected: false,
            lost: None,
        })
    }

    /// True once the other side is there.
    ///
    /// # Errors
    /// The socket has failed.
    pub fn is_connected(&mut self) -> Result<bool> {
        self.mended()?;
        Ok(self.connected)
    }

    /// True where the other side was cut off, for it spoke no ZeroMQ or a frame was too long: libzmq leaves
    /// it at that, and it is connected to anew.
    ///
    /// # Errors
    /// The socket has failed.
    pub fn mended(&mut self) -> Result<bool> {
        let error = |error| failed("watching the socket of replies", error);
        // A connection that was lost and came back subscribes again only while somebody looks at its socket.
        self.socket.get_events().map_err(error)?;
        loop {
            match self.monitor.recv_multipart(DONTWAIT) {
                Ok(frames) => self.hear(&frames),
                Err(zmq::Error::EAGAIN | zmq::Error::EINTR) => break,
                Err(other) => return Err(error(other)),
            }
        }
        if self.lost.is_none_or(|lost| lost.elapsed() < RETRIED) {
            return Ok(false);
        }
        self.lost = None;
        // A second connection to the same place would be none, and the first one is known to it until then.
        let _ = self.socket.disconnect(&self.address.endpoint());
        connect(&self.socket, &self.address).map_err(error)?;
        Ok(true)
    }

    /// An event: its number in the first two bytes.
    fn hear(&mut self, frames: &[Vec<u8>]) {
        let number = frames.first().and_then(|frame| frame.first_chunk());
        match number.map(|number| SocketEvent::from_raw(u16::from_ne_bytes(*number))) {
            Some(SocketEvent::HANDSHAKE_SUCCEEDED) => (self.connected, self.lost) = (true, None),
            Some(SocketEvent::DISCONNECTED) => self.lost = Some(Instant::now()),
            _ => self.lost = None,
        }
    }

    /// The next message's frames, waited for at most so long.
    ///
    /// # Errors
    /// The socket has failed.
    pub fn next(&self, time: Duration) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let millis = i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let error = |error| failed("receiving a message", error);
        // Without a poll first: under load there is nearly always a reply.
        match self.socket.recv_multipart(DONTWAIT) {
            Ok(frames) => return Ok(Some(frames)),
            Err(zmq::Error::EAGAIN | zmq::Error::EINTR) => {}
            Err(other) => return Err(error(other)),
        }
        match self.socket.poll(zmq::POLLIN, millis) {
            Ok(0) | Err(zmq::Error::EINTR) => Ok(None),
            Ok(_) => self
                .socket
                .recv_multipart(DONTWAIT)
                .map(Some)
                .map_err(error),
            Err(other) => Err(error(other)),
        }
    }

    /// Connects to one more.
    ///
    /// # Errors
    /// libzmq refuses the address.
    pub fn also(&self, address: &Address) -> Result<()> {
        let endpoint = address.endpoint();
        let connected = connect(&self.socket, address);
        connected.map_err(|error| failed(format!("connecting to `{endpoint}`"), error))
    }
}
