//! Messages in memory that is used again: what stays equal in them is written once, libzmq sends them
//! from where they are, and gives each back when no peer needs it any more.

use std::ffi::{c_int, c_void};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use zmq::{Context, DONTWAIT, SNDMORE, Socket, SocketType};
use zmq_sys::{zmq_msg_close, zmq_msg_init_data, zmq_msg_send, zmq_msg_t, zmq_setsockopt};

use super::{Address, bind, failed, refused, socket};
use crate::error::{Problem, Result};
use crate::sync::lock;

/// A PUB socket that refuses what does not fit, and that knows who has subscribed.
pub struct Publisher {
    socket: Socket,
    topic: Vec<u8>,
}

/// So many parcels, of which each is here, under way or in somebody's hands: the queue of a channel.
pub struct Ring {
    home: Arc<Home>,
    /// Some that have come home: taken from there all at once, for each visit takes a lock that libzmq's
    /// thread wants, too.
    free: Parcels,
    made: usize,
    most: usize,
    body: Arc<[u8]>,
}

/// Boxes, because libzmq is given the address of each, and a parcel keeps it while libzmq has it.
type Parcels = Vec<Box<Parcel>>;

/// Room for one message: its body, with what differs from message to message around it.
pub struct Parcel {
    bytes: Vec<u8>,
    /// Where the body begins: the head ends there, wherever that begins.
    body: usize,
    start: usize,
    end: usize,
    /// Where digits are written at the last moment, within the message.
    stamp: Option<std::ops::Range<usize>>,
    home: Arc<Home>,
}

#[derive(Default)]
struct Home {
    came: Mutex<Came>,
    enough: Condvar,
}

/// What libzmq has given back.
#[derive(Default)]
struct Came {
    parcels: Parcels,
    /// Somebody waits for so many; 0 where nobody does. To wake whoever waits is a call of the system each
    /// time, which took a third of libzmq's thread at 1 KiB.
    wanted: usize,
}

/// What heads are expected to need; more is made room for.
// A choice: heads of the messages of `pipelines/stream.yaml` are shorter.
const HEAD: usize = 128;

impl Publisher {
    /// Binds a socket that never drops a message by itself: whoever sends is told.
    ///
    /// # Errors
    /// The address cannot be bound.
    pub fn bind(
        context: &Context,
        address: &Address,
        topic: &str,
        most: usize,
    ) -> Result<Self, Problem> {
        let mut socket = socket(context, SocketType::XPUB)?;
        // The ring is the queue: twice its size never comes first.
        let mark = i32::try_from(most.saturating_mul(2)).unwrap_or(i32::MAX);
        let set = socket.set_sndhwm(mark).and_then(|()| no_drop(&mut socket));
        set.map_err(|error| refused("setting up a socket of ZeroMQ", error))?;
        bind(&socket, address)?;
        Ok(Self {
            socket,
            topic: topic.as_bytes().to_vec(),
        })
    }

    /// Hears who has subscribed since it was last asked: true if somebody wants this topic.
    ///
    /// # Errors
    /// The socket has failed.
    pub fn subscribed(&self) -> Result<bool> {
        let mut wanted = false;
        loop {
            match self.socket.recv_bytes(DONTWAIT) {
                // 1 and a prefix of what is wanted.
                Ok(said) => {
                    wanted |= matches!(said.split_first(), Some((1, prefix)) if self.topic.starts_with(prefix))
                }
                Err(zmq::Error::EAGAIN) => return Ok(wanted),
                Err(zmq::Error::EINTR) => {}
                Err(error) => return Err(failed("waiting for a subscriber", error)),
            }
        }
    }

    /// Sends the topic and a parcel, which is given back where the slowest subscriber has no room for it.
    ///
    /// # Errors
    /// The socket has failed.
    pub fn send(&mut self, parcel: Box<Parcel>) -> Result<Option<Box<Parcel>>> {
        loop {
            // The topic is refused first, before the parcel is libzmq's.
            match self.socket.send(&self.topic[..], SNDMORE | DONTWAIT) {
                Ok(()) => break,
                Err(zmq::Error::EAGAIN) => return Ok(Some(parcel)),
                Err(zmq::Error::EINTR) => {}
                Err(error) => return Err(failed("sending a message", error)),
            }
        }
        // Whoever has room for the first frame has it for the second one: messages are counted, not frames.
        self.send_body(parcel)
            .map_err(|error| failed("sending a message", error))?;
        Ok(None)
    }

    #[allow(unsafe_code)]
    fn send_body(&mut self, mut parcel: Box<Parcel>) -> Result<(), zmq::Error> {
        let length = parcel.end - parcel.start;
        let data = parcel.bytes[parcel.start..].as_mut_ptr().cast::<c_void>();
        let hint = Box::into_raw(parcel);
        let mut message = zmq_msg_t { __: [0; 64] };
        // SAFETY: `data` has `length` bytes within the parcel's own buffer, which neither moves nor is
        // touched before `give_back`; nobody else has `hint`.
        let made = unsafe {
            zmq_msg_init_data(&raw mut message, data, length, Some(give_back), hint.cast())
        };
        if made != 0 {
            // SAFETY: libzmq has not taken it.
            drop(unsafe { Box::from_raw(hint) });
            return Err(zmq::Error::ENOMEM);
        }
        loop {
            // SAFETY: the message was made above and is sent once; the socket is this thread's.
            if unsafe { zmq_msg_send(&raw mut message, self.socket.as_mut_ptr(), 0) } >= 0 {
                return Ok(());
            }
            // SAFETY: it reads a number of this thread.
            let error = zmq::Error::from_raw(unsafe { zmq_sys::zmq_errno() });
            if error != zmq::Error::EINTR {
                // SAFETY: it was not sent: closing it gives the parcel back.
                unsafe { zmq_msg_close(&raw mut message) };
                return Err(error);
            }
        }
    }
}

#[allow(unsafe_code)]
fn no_drop(socket: &mut Socket) -> Result<(), zmq::Error> {
    let on: c_int = 1;
    let option = zmq_sys::ZMQ_XPUB_NODROP as c_int;
    // SAFETY: the option is an int, and libzmq copies it before the call returns.
    let set = unsafe {
        zmq_setsockopt(
            socket.as_mut_ptr(),
            option,
            (&raw const on).cast(),
            size_of::<c_int>(),
        )
    };
    match set {
        0 => Ok(()),
        // SAFETY: it reads a number of this thread.
        _ => Err(zmq::Error::from_raw(unsafe { zmq_sys::zmq_errno() })),
    }
}

/// Called by libzmq, on a thread of its own, when nobody needs the parcel any more.
///
/// # Safety
/// `hint` is the box that `send_body` has given away, and is given back once.
#[allow(unsafe_code)]
unsafe extern "C" fn give_back(_data: *mut c_void, hint: *mut c_void) {
    // SAFETY: it is the box that `send_body` has given away; libzmq calls this once for each.
    let parcel = unsafe { Box::from_raw(hint.cast::<Parcel>()) };
    let home = parcel.home.clone();
    let mut came = lock(&home.came);
    came.parcels.push(parcel);
    if came.wanted > 0 && came.parcels.len() >= came.wanted {
        came.wanted = 0;
        home.enough.notify_one();
    }
}

impl Ring {
    /// A ring of at most `most` messages with such a body, of which so many are made now: the first
    /// messages of a run take no longer than the others.
    pub fn new(most: usize, now: usize, body: Arc<[u8]>) -> Self {
        let mut ring = Self {
            home: Arc::default(),
            free: Vec::new(),
            made: 0,
            most: most.max(1),
            body,
        };
        ring.free = (0..now).map_while(|_| ring.make()).collect();
        ring
    }

    /// A parcel that is free; nothing while all are under way.
    pub fn take(&mut self) -> Option<Box<Parcel>> {
        if self.free.is_empty() {
            std::mem::swap(&mut self.free, &mut lock(&self.home.came).parcels);
        }
        let parcel = self.free.pop();
        parcel.or_else(|| self.make())
    }

    /// Waits so long for half of the ring to come back, as libzmq's own queues do: the other half keeps
    /// the line busy, and to wait for each parcel alone would be a switch of threads for each.
    pub fn wait(&self, time: Duration) {
        let mut came = lock(&self.home.came);
        came.wanted = self.most.div_ceil(2);
        let waits = |came: &mut Came| came.wanted > 0;
        if let Ok((mut came, _)) = self.home.enough.wait_timeout_while(came, time, waits) {
            came.wanted = 0;
        }
    }

    /// Puts a parcel back that was not sent.
    pub fn put(&mut self, parcel: Box<Parcel>) {
        self.free.push(parcel);
    }

    /// How many are under way.
    pub fn away(&self) -> usize {
        self.made - self.free.len() - lock(&self.home.came).parcels.len()
    }

    fn make(&mut self) -> Option<Box<Parcel>> {
        (self.made < self.most).then(|| {
            self.made += 1;
            Box::new(Parcel::new(HEAD, &self.body, HEAD, self.home.clone()))
        })
    }
}

impl Parcel {
    fn new(before: usize, body: &[u8], after: usize, home: Arc<Home>) -> Self {
        let mut bytes = Vec::with_capacity(before + body.len() + after);
        bytes.resize(before, 0);
        bytes.extend_from_slice(body);
        bytes.resize(before + body.len() + after, 0);
        Self {
            bytes,
            body: before,
            start: before,
            end: before + body.len(),
            stamp: None,
            home,
        }
    }

    /// Writes what stands before the body, of `length` bytes, and after it: the body stays as it is.
    /// `digits` are left for the stamp between the two parts of the head.
    pub fn fill(&mut self, head: [&[u8]; 2], digits: usize, body: &[u8], tail: &[u8]) {
        let [before, after] = head;
        let length = before.len() + digits + after.len();
        if length > self.body || tail.len() > self.bytes.len() - self.body - body.len() {
            // Twice what is needed: numbers of messages grow.
            *self = Self::new(2 * length, body, 2 * tail.len(), self.home.clone());
        }
        let (start, end) = (self.body - length, self.body + body.len());
        let stamp = start + before.len();
        self.bytes[start..stamp].copy_from_slice(before);
        self.bytes[stamp + digits..self.body].copy_from_slice(after);
        self.bytes[end..end + tail.len()].copy_from_slice(tail);
        self.stamp = (digits > 0).then_some(stamp..stamp + digits);
        (self.start, self.end) = (start, end + tail.len());
    }

    /// Writes a number where digits were left for it, with zeros before it.
    pub fn stamp(&mut self, mut number: u64) {
        if let Some(stamp) = self.stamp.clone() {
            for digit in self.bytes[stamp].iter_mut().rev() {
                *digit = b'0' + (number % 10) as u8;
                number /= 10;
            }
        }
    }

    /// The message.
    pub fn message(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parcel_is_the_message_however_long_its_head_is() {
        let mut ring = Ring::new(2, 1, b"xxxx".as_slice().into());
        assert_eq!((ring.made, ring.away()), (1, 0));
        let mut parcel = ring.take().unwrap();
        for head in ["n=1|t=", &"n".repeat(300), "n=10|t=", ""] {
            for tail in ["", "!", &"z".repeat(200)] {
                parcel.fill([head.as_bytes(), b"|d="], 6, b"xxxx", tail.as_bytes());
                parcel.stamp(1234);
                let message = String::from_utf8(parcel.message().to_vec()).unwrap();
                assert_eq!(message, format!("{head}001234|d=xxxx{tail}"));
            }
        }
        parcel.fill([b"a", b"b"], 0, b"xxxx", b"");
        parcel.stamp(7);
        assert_eq!(parcel.message(), b"abxxxx");
        assert_eq!(
            (ring.take().is_some(), ring.take().is_none(), ring.away()),
            (true, true, 2)
        );
        ring.put(parcel);
        assert_eq!(ring.away(), 1);
        assert!(ring.take().is_some());
    }

    #[test]
    fn nobody_who_listens_is_nobody_who_waits() {
        let context = Context::new();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut publisher =
            Publisher::bind(&context, &Address::new("127.0.0.1", port), "t", 1).unwrap();
        let mut ring = Ring::new(1, 0, b"x".as_slice().into());
        for _ in 0..1000 {
            let parcel = ring.take().unwrap();
            assert!(publisher.send(parcel).unwrap().is_none());
        }
        assert_eq!(ring.away(), 0);
        assert!(!publisher.subscribed().unwrap());
    }
}
